package protocol

import (
	"fmt"
	"strings"
	"testing"
)

// render writes a batch as a person would: a header line and a line a row.
func render(b *Batch) string {
	var out strings.Builder
	for i, c := range b.Columns {
		if i > 0 {
			out.WriteString(" ")
		}
		out.WriteString(c.Name)
		if len(c.Cells) != b.Rows {
			fmt.Fprintf(&out, "(%d cells in %d rows)", len(c.Cells), b.Rows)
		}
	}
	for row := range b.Rows {
		out.WriteString(" |")
		for _, c := range b.Columns {
			out.WriteString(" " + renderCell(c.Cells[row]))
		}
	}
	for _, s := range b.Skipped {
		fmt.Fprintf(&out, " skipped %s: %s", s.Name, s.Reason)
	}
	return out.String()
}

func renderCell(c Cell) string {
	switch c.Kind {
	case Missing:
		return "-"
	case Number:
		return fmt.Sprint(c.Number)
	case Text:
		return fmt.Sprintf("%q", c.Text)
	}
	return "!"
}

func decode(t *testing.T, p Protocol, request bool, body string) string {
	t.Helper()
	var b Batch
	return decodeInto(&b, p, request, Body{Bytes: []byte(body), JSONLength: -1})
}

func decodeInto(b *Batch, p Protocol, request bool, body Body) string {
	f := p.DecodeResponse
	if request {
		f = p.DecodeRequest
	}
	if err := f(b, body); err != nil {
		if b.Rows != 0 || len(b.Columns) != 0 || len(b.Skipped) != 0 {
			return "not empty after " + err.Error()
		}
		return strings.TrimPrefix(err.Error(), "protocol: ")
	}
	return render(b)
}

func protocolNamed(t testing.TB, name string, features map[string][]string) Protocol {
	t.Helper()
	p, err := New(name, Options{Features: features})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

type bodyCase struct{ body, want string }

func check(t *testing.T, p Protocol, request bool, cases []bodyCase) {
	t.Helper()
	for _, c := range cases {
		if got := decode(t, p, request, c.body); got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.body, got, c.want)
		}
	}
}
