package monitor

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/protocol"
)

// eight is a model of six numbers and two categories with a class as its answer.
type eight struct {
	m                 *Monitor
	x                 []*Exchange
	requests, answers []*protocol.Batch
}

func newEight(tb testing.TB, o Options) *eight {
	tb.Helper()
	rng := rand.New(rand.NewPCG(1, 0))
	var table strings.Builder
	table.WriteString("n0,n1,n2,n3,n4,n5,c0,c1,class\n")
	row := func() []string {
		var out []string
		for k := range 6 {
			out = append(out, fmt.Sprintf("%.4g", float64(k)+rng.NormFloat64()))
		}
		return append(out, carrier(rng), fmt.Sprint("z", rng.IntN(20)), fmt.Sprint(late(rng)))
	}
	for range 20_000 {
		table.WriteString(strings.Join(row(), ",") + "\n")
	}
	p, err := BuildProfile(strings.NewReader(table.String()), ProfileOptions{Outputs: []string{"class"}})
	if err != nil {
		tb.Fatal(err)
	}
	o.Model = "bench"
	if o.Protocol == nil {
		o.Protocol = fakeProtocol{}
	}
	e := &eight{m: New(o)}
	tb.Cleanup(e.m.Close)
	if err := e.m.SetProfile("1", p); err != nil {
		tb.Fatal(err)
	}
	names := strings.Split("n0,n1,n2,n3,n4,n5,c0,c1,class", ",")
	for range 512 {
		cells := row()
		in, out := &protocol.Batch{Rows: 1}, &protocol.Batch{Rows: 1}
		var inputs []string
		for k, c := range cells {
			b := in
			if k == 8 {
				b = out
			}
			b.Columns = append(b.Columns, protocol.Column{Name: names[k], Cells: []protocol.Cell{fakeCell(c)}})
			datatype, value := "FP64", c
			if k == 6 || k == 7 {
				datatype, value = "BYTES", `"`+c+`"`
			}
			if k < 8 {
				inputs = append(inputs, fmt.Sprintf(`{"name":%q,"shape":[1],"datatype":%q,"data":[%s]}`, names[k], datatype, value))
			}
		}
		e.requests, e.answers = append(e.requests, in), append(e.answers, out)
		e.x = append(e.x, &Exchange{
			Version: "1", Latency: time.Millisecond, Status: 200,
			Request:  body(`{"inputs":[` + strings.Join(inputs, ",") + `]}`),
			Response: body(`{"model_name":"bench","outputs":[{"name":"class","shape":[1],"datatype":"INT64","data":[` + cells[8] + `]}]}`),
		})
	}
	return e
}

func (e *eight) observe(i int) {
	i &= 511
	e.m.observe(e.x[i], decoded{in: e.requests[i], out: e.answers[i]})
}

// From a decoded row of eight features and one answer to every sketch and detector.
func BenchmarkObserve(b *testing.B) {
	e := newEight(b, Options{})
	for i := range 2000 {
		e.observe(i)
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		e.observe(i)
	}
}

// The same with both bodies decoded from the Open Inference Protocol first.
func BenchmarkDecodeAndObserve(b *testing.B) {
	oip, err := protocol.New("oip", protocol.Options{})
	if err != nil {
		b.Fatal(err)
	}
	e := newEight(b, Options{Protocol: oip})
	var r reader
	for i := range 2000 {
		e.m.handle(&r, e.x[i&511])
	}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		e.m.handle(&r, e.x[i&511])
	}
	if d := e.m.drops.snapshot(); len(d) > 2 {
		b.Fatalf("dropped %v", d)
	}
}

func BenchmarkOffer(b *testing.B) {
	e := newEight(b, Options{Queue: 1})
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		e.m.Offer(e.x[i&511])
	}
}

func TestObservingDoesNotAllocate(t *testing.T) {
	e := newEight(t, Options{FalseAlarmEvery: 1e12})
	for i := range 1 << 18 { // until every level of the detectors' histories has its memory
		e.observe(i)
	}
	i := 0
	if n := testing.AllocsPerRun(2000, func() { e.observe(i); i++ }); n != 0 {
		t.Errorf("%v allocations an observation", n)
	}
}
