package protocol

import (
	"errors"
	"strings"
	"testing"
)

// cycle decodes bodies again and again into the same batches.
func cycle(t *testing.T, p Protocol, b *Batch, bodies ...string) func() {
	t.Helper()
	prepared := make([]Body, len(bodies))
	for i, s := range bodies {
		prepared[i] = Body{Bytes: []byte(s), ContentType: "application/json", JSONLength: -1}
	}
	return func() {
		for _, body := range prepared {
			if err := p.DecodeRequest(b, body); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	for name, bodies := range map[string][]string{
		"oip": {
			matrixBody, strings.ReplaceAll(matrixBody, "12.5", "0.1"),
			columnBody, strings.ReplaceAll(columnBody, "UA", `\u0041A`),
		},
		"tfserving": {`{"instances":[[1,2],[3,4]]}`, `{"inputs":{"a":[1,2],"b":["x","\n"]}}`, `{"instances":[{"x":[1,2],"y":{"z":1}}]}`},
		"mlflow":    {`{"dataframe_split":{"columns":["a","b"],"data":[[1,"x"]]}}`, `{"dataframe_records":[{"a":1},{"b":2}]}`},
		"json":      {`{"a":1,"b":{"c":[1,2,"x"]}}`, `{"b":{"c":[1]},"a":1}`},
	} {
		p := protocolNamed(t, name, map[string][]string{"x": {"first"}})
		for _, body := range bodies {
			var b Batch
			run := cycle(t, p, &b, body)
			run()
			if n := testing.AllocsPerRun(100, run); n != 0 {
				t.Errorf("%s: %v allocations for %s", name, n, body)
			}
		}
		// Layouts that take turns: the names are kept, the columns are renamed.
		var b Batch
		run := cycle(t, p, &b, bodies...)
		run()
		if n := testing.AllocsPerRun(100, run); n != 0 {
			t.Errorf("%s: %v allocations when layouts take turns", name, n)
		}
	}
}

func TestResetLetsGoOfTheBody(t *testing.T) {
	var b Batch
	run := cycle(t, protocolNamed(t, "json", nil), &b, `[{"a":"x","b":1},{"a":"y"}]`)
	run()
	columns := b.Columns
	b.Reset()
	if b.Rows != 0 || len(b.Columns) != 0 || len(b.Skipped) != 0 {
		t.Errorf("after Reset: %+v", b)
	}
	for _, c := range columns {
		for row, cell := range c.Cells {
			if cell.Text != nil {
				t.Errorf("column %s row %d still holds %q", c.Name, row, cell.Text)
			}
		}
	}
}

func TestABatchWhoseColumnsWereReplacedStillWorks(t *testing.T) {
	var b Batch
	run := cycle(t, protocolNamed(t, "json", nil), &b, `{"a":1,"b":2}`)
	run()
	b.Columns = nil
	run()
	if got, want := render(&b), `a b | 1 2`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAFailedDecodeLeavesNothingOfTheBodyBefore(t *testing.T) {
	p := protocolNamed(t, "oip", nil)
	var b Batch
	cycle(t, p, &b, columnBody)()
	err := p.DecodeRequest(&b, Body{Bytes: []byte(columnBody[:len(columnBody)-3]), JSONLength: -1})
	var e *Error
	if !errors.As(err, &e) || e.Kind != Truncated {
		t.Fatalf("got %v, want a truncated body", err)
	}
	if b.Rows != 0 || len(b.Columns) != 0 {
		t.Errorf("left behind: %s", render(&b))
	}
}

func TestSkippedIsBoundedAndOneANameButNotSilent(t *testing.T) {
	var body strings.Builder
	for i := range 40 {
		body.WriteString(`,"f` + itoa(i/2) + `` + strings.Repeat("x", i%2) + `":[[1]]`)
	}
	var b Batch
	cycle(t, protocolNamed(t, "json", nil), &b, `[{"a":1`+body.String()+`},{"f0":[[2]]}]`)()
	if len(b.Skipped) != 16 {
		t.Errorf("%d skipped fields are named, want 16", len(b.Skipped))
	}
	seen := map[string]bool{}
	for _, s := range b.Skipped {
		if seen[s.Name] || s.Reason != SkipRank {
			t.Errorf("skipped %+v", s)
		}
		seen[s.Name] = true
	}
}
