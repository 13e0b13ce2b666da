package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"testing"
	"unicode/utf8"
)

// fuzzDecode checks, for any two bodies read one after the other into one batch,
// that what was read is well formed and that the first left no trace in the second.
func fuzzDecode(f *testing.F, name string, request bool, contentType string) {
	p := protocolNamed(f, name, map[string][]string{"predict": {"a", "b"}, "x": {"a"}})
	binary := name == "oip"
	f.Fuzz(func(t *testing.T, first, second []byte, jsonLength int16) {
		var reused, fresh Batch
		read := p.DecodeResponse
		if request {
			read = p.DecodeRequest
		}
		body := func(b []byte) Body {
			if !binary {
				jsonLength = -1
			}
			return Body{Bytes: b, ContentType: contentType, JSONLength: int(jsonLength)}
		}
		err := read(&reused, body(first))
		wellFormed(t, &reused, err, body(first), contentType == "text/csv")
		err = read(&reused, body(second))
		wellFormed(t, &reused, err, body(second), contentType == "text/csv")
		again := read(&fresh, body(second))
		if (err == nil) != (again == nil) || err != nil && err.Error() != again.Error() {
			t.Fatalf("after %q: %v, afresh: %v", first, err, again)
		}
		if got, want := render(&reused), render(&fresh); got != want {
			t.Fatalf("after %q: %s, afresh: %s", first, got, want)
		}
	})
}

func wellFormed(t *testing.T, b *Batch, err error, body Body, csv bool) {
	t.Helper()
	if err != nil {
		var e *Error
		if !errors.As(err, &e) || e.Kind == "" || e.Detail == "" || b.Rows+len(b.Columns)+len(b.Skipped) != 0 {
			t.Fatalf("error %v with %d rows", err, b.Rows)
		}
		return
	}
	limits := Limits{}.withDefaults()
	if b.Rows > limits.Rows || len(b.Columns) > limits.Columns || b.Rows*len(b.Columns) > limits.Cells {
		t.Fatalf("%d rows × %d columns", b.Rows, len(b.Columns))
	}
	names := map[string]bool{}
	for _, c := range b.Columns {
		if names[c.Name] || !utf8.ValidString(c.Name) || len(c.Cells) != b.Rows {
			t.Fatalf("column %q (twice: %v) has %d cells in %d rows", c.Name, names[c.Name], len(c.Cells), b.Rows)
		}
		names[c.Name] = true
		for _, cell := range c.Cells {
			wellFormedCell(t, cell)
		}
	}
	text := body.Bytes
	if n := body.JSONLength; n >= 0 && n <= len(text) {
		text = text[:n]
	}
	if !csv && !json.Valid(text) && !bytes.Contains(text, []byte("NaN")) && !bytes.Contains(text, []byte("Infinity")) {
		t.Fatalf("read %q, which is not JSON", text)
	}
}

func wellFormedCell(t *testing.T, c Cell) {
	t.Helper()
	if math.IsNaN(c.Number) || math.IsInf(c.Number, 0) || c.Kind != Number && c.Number != 0 {
		t.Fatalf("cell %+v", c)
	}
	if c.Kind > Invalid || c.Kind != Text && c.Text != nil || !utf8.Valid(c.Text) {
		t.Fatalf("cell %+v", c)
	}
}

func FuzzOIPRequest(f *testing.F)        { fuzzDecode(f, "oip", true, "") }
func FuzzOIPResponse(f *testing.F)       { fuzzDecode(f, "oip", false, "") }
func FuzzTFServingRequest(f *testing.F)  { fuzzDecode(f, "tfserving", true, "") }
func FuzzTFServingResponse(f *testing.F) { fuzzDecode(f, "tfserving", false, "") }
func FuzzMLflowRequest(f *testing.F)     { fuzzDecode(f, "mlflow", true, "") }
func FuzzMLflowCSV(f *testing.F)         { fuzzDecode(f, "mlflow", true, "text/csv") }
func FuzzMLflowResponse(f *testing.F)    { fuzzDecode(f, "mlflow", false, "") }
func FuzzPlainJSON(f *testing.F)         { fuzzDecode(f, "json", true, "") }
