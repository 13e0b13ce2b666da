package sequential

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

func TestAPersistentChangeRingsAtDoublingDistances(t *testing.T) {
	d := NewRate(10, 10_000, true, 1e6)
	var at []int
	for i := 1; i <= 20_000; i++ {
		if _, ring := d.Update(true); ring {
			at = append(at, i)
		}
	}
	if len(at) < 4 || len(at) > 6 {
		t.Fatalf("rang at %v, want the first alarm and reminders after 1000, 2000, 4000, …", at)
	}
	for i := 1; i < len(at); i++ {
		if gap, want := at[i]-at[i-1], quietFirst<<(i-1); gap < want || gap > want+100 {
			t.Errorf("alarms at %v: gap %d is %d, want about %d", at, i, gap, want)
		}
	}
}

func TestALongCalmEndsTheDoubling(t *testing.T) {
	d := NewRate(10, 100_000, true, 1e6)
	rings := func(n int, hit bool) (count int) {
		for range n {
			if _, ring := d.Update(hit); ring {
				count++
			}
		}
		return count
	}
	if got := rings(50, true); got != 1 {
		t.Fatalf("%d alarms, want 1", got)
	}
	if got := rings(3000, false); got != 0 {
		t.Fatalf("%d alarms after the change went away", got)
	}
	rings(50, true)
	if d.rearm.repeats != 2 {
		t.Errorf("repeats = %d after a short calm, want 2", d.rearm.repeats)
	}
	rings(calmFactor*2*quietFirst+1000, false)
	rings(50, true)
	if d.rearm.repeats != 1 {
		t.Errorf("repeats = %d after a long calm, want 1", d.rearm.repeats)
	}
}

func TestStateSurvivesARestart(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	type detector interface {
		State() State
		Restore(State) error
	}
	a := []detector{NewDistribution(1000, 1e9), NewRate(20, 1000, true, 1e9), NewCategories([]uint64{500, 300, 200}, 1e9)}
	b := []detector{NewDistribution(1000, 1e9), NewRate(20, 1000, true, 1e9), NewCategories([]uint64{500, 300, 200}, 1e9)}
	feed := func(d detector, u float64) {
		switch d := d.(type) {
		case *Distribution:
			d.Update(u)
		case *Rate:
			d.Update(u < 0.02)
		case *Categories:
			d.Update(int(3 * u))
		}
	}
	for range 1234 {
		u := rng.Float64()
		for _, d := range a {
			feed(d, u)
		}
	}
	for i := range a {
		data, err := json.Marshal(a[i].State())
		if err != nil {
			t.Fatal(err)
		}
		var s State
		if err := json.Unmarshal(data, &s); err != nil {
			t.Fatal(err)
		}
		if err := b[i].Restore(s); err != nil {
			t.Fatal(err)
		}
		for range 100 {
			u := rng.Float64()
			feed(a[i], u)
			feed(b[i], u)
		}
		if !reflect.DeepEqual(a[i].State(), b[i].State()) {
			t.Errorf("%T goes on differently after a restart", a[i])
		}
	}
}

func TestAStateOfAnotherDetectorIsRefused(t *testing.T) {
	d := NewRate(20, 1000, true, 1000)
	for range 100 {
		d.Update(false)
	}
	before := d.State()
	broken := []State{{}, NewDistribution(1000, 1).State(), NewCategories([]uint64{1, 2}, 1).State()}
	nan := d.State()
	nan.M[0] = math.NaN()
	partial := d.State()
	partial.Partial = historyBlock
	blocks := d.State()
	blocks.Blocks = [][]float32{make([]float32, historyFan+1)}
	for i, s := range append(broken, nan, partial, blocks) {
		if err := d.Restore(s); !errors.Is(err, ErrState) {
			t.Errorf("state %d: error %v, want ErrState", i, err)
		}
	}
	if !reflect.DeepEqual(before, d.State()) {
		t.Error("a refused state changed the detector")
	}
}

func TestExtremeReferencesGiveDetectorsThatStayFinite(t *testing.T) {
	for _, c := range []struct{ hits, rows uint64 }{{0, 0}, {0, 1}, {1, 1}, {5, 5}, {0, 1 << 50}, {1 << 50, 1 << 50}, {9, 3}} {
		d := NewRate(c.hits, c.rows, true, 100)
		for i := range 5000 {
			f, ring := d.Update(i%2 == 0)
			if ring && (math.IsNaN(f.Size) || math.IsNaN(f.Low) || math.IsNaN(f.High) || math.IsNaN(f.EvidenceLog10)) {
				t.Errorf("%+v: %+v", c, f)
			}
		}
		if e := d.EvidenceLog10(); math.IsNaN(e) || math.IsInf(e, 0) {
			t.Errorf("%+v: evidence %v", c, e)
		}
	}
	for _, rows := range []uint64{0, 1, 10} {
		d := NewDistribution(rows, 100)
		for range 5000 {
			if f, ring := d.Update(1); ring && math.IsNaN(f.Size) {
				t.Errorf("%d rows: %+v", rows, f)
			}
		}
	}
	NewCategories(nil, 100)
	if _, ring := NewCategories([]uint64{0, 0}, 100).Update(1); ring {
		t.Error("a detector without a reference rang")
	}
}

// E[L] under the probability that is bet against is what the guarantee rests on.
func TestBetsAreFairAtTheBound(t *testing.T) {
	for _, c := range []counted{{0, 100}, {3, 1000}, {500, 1000}, {990, 1000}, {1000, 1000}} {
		low, high := c.bounds()
		r := NewRate(uint64(c.hits), uint64(c.rows), true, 1)
		for i := range r.a.hit {
			p := high
			if i == 2 {
				p = low
			}
			for k := range ratios {
				for _, q := range []float64{p, share(c)} {
					if e := q*r.a.hit[i][k] + (1-q)*r.a.miss[i][k]; e > 1+1e-9 {
						t.Errorf("%+v: E[L] = %v at share %v", c, e, q)
					}
				}
			}
		}
	}
}

func TestSkippedMissesAreWhatSingleOnesAre(t *testing.T) {
	lazy, eager := NewRate(5, 1000, false, 1e12), NewRate(5, 1000, false, 1e12)
	eager.lazy = false
	for i := range 5000 {
		hit := i%700 == 0 || i%33 == 1 && i < 300
		lazy.Update(hit)
		eager.Update(hit)
		if i%1000 != 999 {
			continue
		}
		if a, b := lazy.EvidenceLog10(), eager.EvidenceLog10(); math.Abs(a-b) > 1e-9 {
			t.Fatalf("after %d: evidence %v, one by one %v", i, a, b)
		}
	}
}

func TestUpdatesDoNotAllocate(t *testing.T) {
	d, r, c := NewDistribution(1000, 1e12), NewRate(20, 1000, true, 1e12), NewCategories([]uint64{500, 300, 200}, 1e12)
	rng := rand.New(rand.NewPCG(1, 2))
	update := func() {
		u := rng.Float64()
		d.Update(u)
		r.Update(u < 0.02)
		c.Update(int(3 * u))
	}
	for range 1 << 18 { // until every level of the histories has its memory
		update()
	}
	if n := testing.AllocsPerRun(1000, update); n != 0 {
		t.Errorf("%v allocations an update", n)
	}
}

func BenchmarkDistributionUpdate(b *testing.B) {
	d := NewDistribution(10_000, 1e12)
	rng := rand.New(rand.NewPCG(1, 3))
	u := make([]float64, 1024)
	for i := range u {
		u[i] = rng.Float64()
	}
	b.ReportAllocs()
	for i := range b.N {
		d.Update(u[i&1023])
	}
}

func BenchmarkRateUpdate(b *testing.B) {
	d := NewRate(200, 10_000, true, 1e12)
	b.ReportAllocs()
	for i := range b.N {
		d.Update(i%50 == 0)
	}
}

func BenchmarkRateMiss(b *testing.B) {
	d := NewRate(0, 10_000, false, 1e12)
	b.ReportAllocs()
	for range b.N {
		d.Update(false)
	}
}

func BenchmarkCategoriesUpdate(b *testing.B) {
	d := NewCategories([]uint64{500, 400, 300, 200, 100, 90, 80, 70, 60, 50, 40}, 1e12)
	b.ReportAllocs()
	for i := range b.N {
		d.Update(i % 11)
	}
}
