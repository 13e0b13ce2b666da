package monitor

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/weir-gateway/weir/protocol"
)

// What a text of about 250 characters, and what an embedding of 384 numbers costs: to
// describe what was decoded, to describe and observe it, and all from the body on.
func BenchmarkDescribe(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 0))
	v := newVectors(rng)
	embedding := newEmbedding("c", roleInput, simDims).Derivation
	embedding.Center = v.center(rng)
	for _, c := range []struct {
		name string
		d    Derivation
		row  func() string
	}{
		{"text", Derivation{Column: "c", Role: roleInput, Kind: derivedText}, func() string {
			text, _ := json.Marshal(remark(rng, english(), 50))
			return fmt.Sprintf(`[{"c":%s}]`, text)
		}},
		{"embedding", embedding, func() string {
			list, _ := json.Marshal(v.draw(rng))
			return fmt.Sprintf(`[{"c":%s}]`, list)
		}},
	} {
		p := plainJSON(b)
		m := newIdle(Options{Protocol: p, FalseAlarmEvery: 1e12})
		column := newDerivedColumn(c.d)
		builder := newDerivedBuilder(column, 1)
		decoder := newDescriber([]*derivedColumn{column}, nil, roleInput)
		var exchanges []*Exchange
		var batches []*protocol.Batch
		for range 512 {
			x := &Exchange{Version: "1", Status: 200, Request: body(c.row()), Response: body(`[0]`)}
			batch := &protocol.Batch{}
			if err := p.DecodeRequest(batch, x.Request); err != nil {
				b.Fatal(err)
			}
			exchanges, batches = append(exchanges, x), append(batches, batch)
			for i, out := range decoder.apply(batch, &m.pass.cells[0]).Columns {
				builder.parts[i].number(out.Cells[0].Number)
			}
		}
		profile := &Profile{Format: profileFormat, Rows: 512, Derived: []Derivation{c.d}, Features: builder.features()}
		if err := m.SetProfile("1", profile); err != nil {
			b.Fatal(err)
		}
		b.Run(c.name+"/describe", func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				decoder.apply(batches[i&511], &m.pass.cells[0])
			}
		})
		b.Run(c.name+"/observe", func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				m.observe(exchanges[i&511], decoded{in: batches[i&511]})
			}
		})
		b.Run(c.name+"/decode_and_observe", func(b *testing.B) {
			var r reader
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				m.handle(&r, exchanges[i&511])
			}
		})
	}
}
