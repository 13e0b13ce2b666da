package monitor

import (
	"math"
	"testing"

	"github.com/weir-gateway/weir/protocol"
)

func FuzzDescribe(f *testing.F) {
	f.Add(`[{"comment":"Größe","vector":[1,2,3,4]},{"vector":[1],"vector[9]":2}]`)
	f.Add(`{"comment":["a",null,3],"vector":[[1,2,3,4],[1,2,3,4],[1e308,1e308,1e308,1e308]]}`)
	f.Add(`[{}]`)
	f.Add(`[{"comment.length":{"x":1},"vector[-1]":1,"vector[00]":2,"vector":"x"}]`)
	p := plainJSON(f)
	f.Fuzz(func(t *testing.T, text string) {
		m := newIdle(Options{Protocol: p, Text: []string{"comment"}, Embeddings: map[string]int{"vector": 4}})
		v, err := newVersion(m, "1", m.o.Now())
		if err != nil {
			t.Fatal(err)
		}
		var b protocol.Batch
		if p.DecodeRequest(&b, body(text)) != nil {
			return
		}
		for range 2 { // the second time by the layout of the first
			out := v.in.apply(&b, &m.pass.cells[0])
			names := map[string]bool{}
			for _, c := range out.Columns {
				if names[c.Name] || len(c.Cells) != b.Rows {
					t.Fatalf("column %q of %d rows has %d cells, or is there twice", c.Name, b.Rows, len(c.Cells))
				}
				names[c.Name] = true
				for _, cell := range c.Cells {
					if math.IsNaN(cell.Number) || math.IsInf(cell.Number, 0) {
						t.Fatalf("%s is %v", c.Name, cell.Number)
					}
				}
			}
		}
	})
}
