package monitor

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/protocol"
)

// wide is a model of many features, a fifth of them categories of 20 values, with
// a field of 20 slices.
type wide struct {
	m        *Monitor
	clock    *clock
	request  protocol.Batch
	answer   protocol.Batch
	numbers  []float64
	words    [][]byte
	x        [2]Exchange
	n        int
	features int
}

// wideProfile is one feature of each kind, under many names.
func wideProfile(tb testing.TB, features int) *Profile {
	tb.Helper()
	rng := rand.New(rand.NewPCG(1, 0))
	var table strings.Builder
	table.WriteString("number,word,class\n")
	for range 20_000 {
		fmt.Fprintf(&table, "%.4g,w%d,%d\n", rng.NormFloat64(), rng.IntN(20), rng.IntN(2))
	}
	p, err := BuildProfile(strings.NewReader(table.String()), ProfileOptions{Outputs: []string{"class"}})
	if err != nil {
		tb.Fatal(err)
	}
	one := *p
	one.Features = nil
	for i := range features {
		f := p.Features[0]
		if i%5 == 4 {
			f = p.Features[1]
		}
		f.Name = fmt.Sprint("f", i)
		one.Features = append(one.Features, f)
	}
	one.Features = append(one.Features, p.Features[2])
	return &one
}

func newWide(tb testing.TB, features int, o Options) *wide {
	tb.Helper()
	w := &wide{clock: newClock(), features: features}
	o.Model, o.Protocol, o.Now = "wide", fakeProtocol{}, w.clock.Now
	w.m = newIdle(o)
	p := wideProfile(tb, features)
	for _, version := range []string{"1", "2"} {
		if err := w.m.SetProfile(version, p); err != nil {
			tb.Fatal(err)
		}
	}
	rng := rand.New(rand.NewPCG(2, 0))
	for range 4096 {
		w.numbers = append(w.numbers, rng.NormFloat64())
	}
	for i := range 20 {
		w.words = append(w.words, fmt.Append(nil, "w", i))
	}
	for i := range features {
		w.request.Columns = append(w.request.Columns, protocol.Column{Name: fmt.Sprint("f", i), Cells: make([]protocol.Cell, 1)})
	}
	w.request.Columns = append(w.request.Columns, protocol.Column{Name: "site", Cells: make([]protocol.Cell, 1)})
	w.answer.Columns = []protocol.Column{{Name: "class", Cells: make([]protocol.Cell, 1)}}
	w.request.Rows, w.answer.Rows = 1, 1
	for i := range w.x {
		w.x[i] = Exchange{Version: fmt.Sprint(i + 1), Latency: time.Millisecond, Status: 200}
	}
	return w
}

// observe makes the next row, now for the one version and now for the other.
func (w *wide) observe() {
	at := w.n * 7919
	for i := range w.features {
		cell := &w.request.Columns[i].Cells[0]
		if i%5 == 4 {
			*cell = protocol.Cell{Kind: protocol.Text, Text: w.words[(at+i*i)%len(w.words)]}
		} else {
			*cell = protocol.Cell{Kind: protocol.Number, Number: w.numbers[(at+i*31)&4095]}
		}
	}
	w.request.Columns[w.features].Cells[0] = protocol.Cell{Kind: protocol.Text, Text: w.words[w.n/2%20]}
	w.answer.Columns[0].Cells[0] = protocol.Cell{Kind: protocol.Number, Number: float64(w.n / 2 & 1)}
	w.m.observe(&w.x[w.n%2], decoded{in: &w.request, out: &w.answer})
	w.n++
}

// fill lets a whole window go by with n observations.
func (w *wide) fill(n int) {
	for range n {
		w.clock.advance(w.m.o.Window / time.Duration(n))
		w.observe()
	}
}

// heap is what lives on the heap now.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

// What a monitor of 1,000 features, 20 slices and two versions holds and takes.
func BenchmarkWide(b *testing.B) {
	for _, c := range []struct {
		name   string
		slices []string
	}{{"whole", nil}, {"20_slices", []string{"site"}}} {
		b.Run(c.name, func(b *testing.B) {
			w := newWide(b, 1000, Options{Slices: c.slices, FalseAlarmEvery: 1e9})
			before := heap()
			w.fill(8000)
			held, dropped := heap()-before, w.m.drops.snapshot()
			if len(dropped) > 2 {
				b.Fatalf("not watched: %v", dropped)
			}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				w.observe()
			}
			b.ReportMetric(float64(held)/(1<<20), "MiB")
			b.ReportMetric(float64(w.m.memory().Bytes)/(1<<20), "MiB_taken")
		})
	}
}

// Before sketches were of own making, coarse in slices, and made when values come, a
// feature took 14.7 KiB a slice, and one of the whole 24.
func TestMemoryAFeatureAndSliceIsBounded(t *testing.T) {
	const features = 80
	hold := func(slices ...string) int64 {
		w := newWide(t, features, Options{Slices: slices, FalseAlarmEvery: 1e9})
		before := heap()
		w.fill(8000)
		held := heap() - before
		runtime.KeepAlive(w)
		return held
	}
	whole := hold()
	sliced := hold("site")
	perFeature, perSlice := whole/(2*features), (sliced-whole)/(2*20*features)
	t.Logf("%d bytes a feature, %d a feature and slice", perFeature, perSlice)
	if perFeature > 15<<10 || perSlice > 3<<10+512 {
		t.Errorf("%d bytes a feature, %d a feature and slice; want at most 15 KiB and 3.5 KiB", perFeature, perSlice)
	}
}
