package sketch

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestLatencyBucketsAreNarrowAndCoverMicrosecondsToMinutes(t *testing.T) {
	for i := 1; i < LatencyBuckets-2; i++ {
		low, high := LatencyBound(i-1), LatencyBound(i)
		if ratio := float64(high) / float64(low); ratio <= 1 || ratio > 1.05 {
			t.Fatalf("bucket %d is from %v to %v", i, low, high)
		}
		if got := LatencyBucket(low); got != i {
			t.Fatalf("%v is in bucket %d, want %d", low, got, i)
		}
		if got := LatencyBucket(high - 1); got != i {
			t.Fatalf("%v is in bucket %d, want %d", high-1, got, i)
		}
	}
	if LatencyBucket(time.Microsecond) == 0 || LatencyBucket(1000*time.Second) == LatencyBuckets-1 {
		t.Error("1 µs or 1000 s is not in a regular bucket")
	}
	if LatencyBucket(-1) != 0 || LatencyBucket(1<<63-1) != LatencyBuckets-1 {
		t.Error("extremes are not in the outer buckets")
	}
}

func TestLatencyQuantilesMergesAndTails(t *testing.T) {
	var a, b, both Latency
	var wait sync.WaitGroup
	for _, half := range []*Latency{&a, &b} {
		wait.Go(func() {
			for i := range 5000 {
				d := time.Duration(i) * time.Millisecond / 10
				half.Observe(d)
				both.Observe(d)
			}
		})
	}
	wait.Wait()
	var ca, cb, want LatencyCounts
	a.Snapshot(&ca)
	b.Snapshot(&cb)
	both.Snapshot(&want)
	ca.Merge(&cb)
	if ca != want {
		t.Error("two merged histograms differ from one that saw everything")
	}
	if q := want.Quantile(0.99); math.Abs(q.Seconds()/0.495-1) > 0.05 {
		t.Errorf("p99 = %v, want about 495 ms", q)
	}
	i := LatencyBucket(250 * time.Millisecond)
	exact := 2 * (5000 - int(LatencyBound(i)/(time.Millisecond/10)) - 1)
	if got := int(want.CountAbove(i)); got < exact-2 || got > exact+2 {
		t.Errorf("%d above %v, want %d", got, LatencyBound(i), exact)
	}
	ca.Subtract(&cb)
	if ca.Total != cb.Total || ca.Quantile(0.5) != cb.Quantile(0.5) {
		t.Error("subtracting does not undo merging")
	}
	if (&LatencyCounts{}).Quantile(0.5) != 0 {
		t.Error("an empty histogram has a median")
	}
}

func TestQuantilesAreWithinOnePercent(t *testing.T) {
	const seed = 3
	rng := rand.New(rand.NewPCG(seed, 0))
	for name, draw := range map[string]func() float64{
		"normal":    rng.NormFloat64,
		"lognormal": func() float64 { return math.Exp(3 * rng.NormFloat64()) },
		"integers":  func() float64 { return float64(rng.IntN(200) - 50) },
	} {
		q, values := NewQuantiles(), make([]float64, 20_000)
		for i := range values {
			values[i] = draw()
			q.Add(values[i])
		}
		slices.Sort(values)
		for _, p := range []float64{0.01, 0.25, 0.5, 0.75, 0.99, 1} {
			want := values[int(p*float64(len(values)-1))]
			if got, _ := q.Quantile(p); math.Abs(got-want) > 0.011*math.Abs(want)+1e-3 && !(name == "integers" && math.Abs(got-want) <= 1) {
				t.Errorf("%s, seed %d: quantile %g = %g, exact %g", name, seed, p, got, want)
			}
		}
	}
}

func TestQuantilesSurviveExtremes(t *testing.T) {
	q := NewQuantiles()
	if _, ok := q.Quantile(0.5); ok {
		t.Error("an empty sketch has a median")
	}
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.MaxFloat64, -math.MaxFloat64, 5e-324, 0, 1} {
		q.Add(x)
	}
	for _, p := range []float64{-1, 0, 0.5, 1, 2} {
		if v, ok := q.Quantile(p); !ok || math.IsNaN(v) || math.IsInf(v, 0) {
			t.Errorf("quantile %g = %v, %v", p, v, ok)
		}
	}
	if q.Count() != 5 {
		t.Errorf("count = %d, want the 5 finite values", q.Count())
	}
}

// ranksOf draws the ranks of values in a grid and returns their mean absolute
// deviation from uniform, by tenths.
func ranksOf(t *testing.T, g *Grid, values []float64, rng *rand.Rand) float64 {
	t.Helper()
	var tenths [10]float64
	for _, x := range values {
		u := g.Rank(g.Cell(x), rng.Float64())
		if u < 0 || u > 1 {
			t.Fatalf("rank of %g is %g", x, u)
		}
		tenths[min(int(10*u), 9)] += 1 / float64(len(values))
	}
	worst := 0.0
	for _, p := range tenths {
		worst = max(worst, math.Abs(p-0.1))
	}
	return worst
}

func TestSketchedDistributionsGiveUniformRanksToTheirOwnValues(t *testing.T) {
	const seed = 5
	rng := rand.New(rand.NewPCG(seed, 0))
	for name, draw := range map[string]func() float64{
		"normal":        rng.NormFloat64,
		"constant":      func() float64 { return 1 },
		"zeros":         func() float64 { return 0 },
		"powers of two": func() float64 { return math.Ldexp(1, rng.IntN(8)) },
		"zero-inflated": func() float64 { return max(0, math.Round(20*rng.NormFloat64())) },
		"wide":          func() float64 { return math.Exp(20 * rng.NormFloat64()) },
		"signs":         func() float64 { return float64(rng.IntN(3) - 1) },
	} {
		q, values := NewQuantiles(), make([]float64, 50_000)
		for i := range values {
			values[i] = draw()
			q.Add(values[i])
		}
		points, at, between := q.Distribution()
		g, err := NewGrid(points, at, between)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if g.Total() != uint64(len(values)) {
			t.Errorf("%s: %d of %d values in the grid", name, g.Total(), len(values))
		}
		if worst := ranksOf(t, g, values, rng); worst > 0.006 {
			t.Errorf("%s, seed %d: a tenth of the ranks is off by %.4f", name, seed, worst)
		}
		counts := make([]uint64, g.Bins())
		for _, x := range values {
			counts[g.Bin(g.Cell(x))]++
		}
		for i, n := range counts {
			if d := math.Abs(float64(n) - float64(g.Counts()[i])); d > 50 {
				t.Errorf("%s: bin %d has %d of its own values, the grid says %d", name, i, n, g.Counts()[i])
			}
		}
	}
}

func TestGridPlacesValuesExactly(t *testing.T) {
	g, err := NewGrid([]float64{-1, 0, 2.5}, []uint64{1, 4, 1}, []uint64{2, 2})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		x         float64
		cell      int
		low, high float64
	}{
		{math.Inf(-1), 0, 0, 0},
		{-2, 0, 0, 0},
		{-1, 1, 0, 0.1},
		{-0.5, 2, 0.1, 0.3},
		{0, 3, 0.3, 0.7},
		{1, 4, 0.7, 0.9},
		{2.5, 5, 0.9, 1},
		{3, 6, 1, 1},
		{math.Inf(1), 6, 1, 1},
	} {
		cell := g.Cell(c.x)
		if cell != c.cell || math.Abs(g.Rank(cell, 0)-c.low) > 1e-12 || math.Abs(g.Rank(cell, 1)-c.high) > 1e-12 {
			t.Errorf("%g: cell %d, ranks %g to %g; want %+v", c.x, cell, g.Rank(cell, 0), g.Rank(cell, 1), c)
		}
	}
}

func TestTheRangesOfAGridsBinsAreThoseOfItsValues(t *testing.T) {
	var points []float64
	var at, between []uint64
	for i := range 100 {
		points, at, between = append(points, float64(i)), append(at, 3), append(between, 7)
	}
	for _, g := range []*Grid{must(NewGrid(points, at, between[1:])), must(NewGrid([]float64{2, 5}, []uint64{1, 1}, []uint64{0}))} {
		for x := -1.0; x < 101; x += 0.25 {
			bin := g.Bin(g.Cell(x))
			if above, upTo := g.Range(bin); !(x > above && x <= upTo) {
				t.Errorf("%v is in bin %d, whose range is (%v, %v]", x, bin, above, upTo)
			}
		}
	}
}

func must(g *Grid, err error) *Grid {
	if err != nil {
		panic(err)
	}
	return g
}

func TestGridsRefuseWhatIsNoDistribution(t *testing.T) {
	long := make([]float64, MaxGridPoints+1)
	for i := range long {
		long[i] = float64(i)
	}
	for _, c := range []struct {
		points      []float64
		at, between []uint64
		words       string
	}{
		{nil, nil, nil, "0 points"},
		{long, make([]uint64, len(long)), make([]uint64, len(long)-1), "258 points"},
		{[]float64{1, 1}, []uint64{1, 1}, []uint64{0}, "does not rise"},
		{[]float64{math.NaN()}, []uint64{1}, nil, "not finite"},
		{[]float64{1}, []uint64{0}, nil, "every count is 0"},
		{[]float64{1, 2}, []uint64{1}, []uint64{0}, "counts at them"},
	} {
		if _, err := NewGrid(c.points, c.at, c.between); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("error %v, want one with %q", err, c.words)
		}
	}
}

func TestFewDistinctValuesHaveABinEach(t *testing.T) {
	g, err := NewGrid([]float64{1, 2, 3}, []uint64{5, 90, 5}, []uint64{0, 0})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(g.Counts()) != "[5 90 5]" {
		t.Errorf("bins %v", g.Counts())
	}
}

func TestDictionariesAreBounded(t *testing.T) {
	d := NewDictionary([]string{"a", "b", "a"}, 2)
	if i := d.Index([]byte("b")); i != 2 || !d.Known(i) {
		t.Errorf("b is %d", i)
	}
	if i := d.Index([]byte("new")); i != 3 || d.Known(i) || d.Name(i) != "new" {
		t.Errorf("new is %d", i)
	}
	long := strings.Repeat("é", 200)
	if i := d.Index([]byte(long)); i != 4 || len(d.Name(i)) > 130 {
		t.Errorf("a long text is %d %q", i, d.Name(i))
	}
	if i, j := d.Index([]byte(long)), d.Index([]byte("full")); i != 4 || j != Rest {
		t.Errorf("again %d, without room %d", i, j)
	}
	if d.Len() != 5 || d.Cap() != 5 || d.Known(Rest) {
		t.Errorf("%d of %d", d.Len(), d.Cap())
	}
}

func TestUpdatesDoNotAllocate(t *testing.T) {
	var l Latency
	q, d := NewQuantiles(), NewDictionary([]string{"JFK"}, 0)
	for i := range 1000 {
		q.Add(float64(i))
	}
	if n := testing.AllocsPerRun(1000, func() {
		l.Observe(time.Millisecond)
		q.Add(17)
		d.Index([]byte("JFK"))
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkLatencyObserve(b *testing.B) {
	var l Latency
	b.ReportAllocs()
	for i := range b.N {
		l.Observe(time.Duration(i&0xfffff) * 100)
	}
}

func BenchmarkQuantilesAdd(b *testing.B) {
	q := NewQuantiles()
	rng := rand.New(rand.NewPCG(1, 0))
	x := make([]float64, 1024)
	for i := range x {
		x[i] = 30 * rng.NormFloat64()
	}
	b.ReportAllocs()
	for i := range b.N {
		q.Add(x[i&1023])
	}
}

func BenchmarkGridCell(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 0))
	points, at, between := make([]float64, 257), make([]uint64, 257), make([]uint64, 256)
	for i := range points {
		points[i], at[i] = float64(i), 1
	}
	g, err := NewGrid(points, at, between)
	if err != nil {
		b.Fatal(err)
	}
	x := make([]float64, 1024)
	for i := range x {
		x[i] = 257 * rng.Float64()
	}
	b.ReportAllocs()
	sum := 0
	for i := range b.N {
		sum += g.Cell(x[i&1023])
	}
	_ = sum
}

func BenchmarkDictionaryIndex(b *testing.B) {
	d := NewDictionary([]string{"JFK", "LGA", "EWR"}, 0)
	keys := [][]byte{[]byte("LGA"), []byte("JFK"), []byte("EWR")}
	b.ReportAllocs()
	for i := range b.N {
		d.Index(keys[i%3])
	}
}
