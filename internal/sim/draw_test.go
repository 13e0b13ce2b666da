package sim

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weir-gateway/weir/monitor/sequential"
	"github.com/weir-gateway/weir/monitor/sketch"
)

type draw func(*rand.Rand) float64

func normal(r *rand.Rand) float64 { return r.NormFloat64() }

// tied is mostly a handful of values: a third zeros, small counts, a few larger.
func tied(r *rand.Rand) float64 {
	if r.IntN(3) == 0 {
		return 0
	}
	return math.Floor(r.ExpFloat64() * 4)
}

// grid is the reference as a profile keeps it: exact at no more than 257 points.
func grid(t *testing.T, rng *rand.Rand, rows int, f draw) *sketch.Grid {
	t.Helper()
	sorted := make([]float64, rows)
	for i := range sorted {
		sorted[i] = f(rng)
	}
	slices.Sort(sorted)
	points := slices.Compact(slices.Clone(sorted))
	if len(points) > sketch.MaxGridPoints {
		points = points[:0]
		for i := range sketch.MaxGridPoints {
			points = append(points, sorted[i*(rows-1)/(sketch.MaxGridPoints-1)])
		}
		points = slices.Compact(points)
	}
	at, between := make([]uint64, len(points)), make([]uint64, len(points)-1)
	k := 0
	for _, x := range sorted {
		for k+1 < len(points) && x >= points[k+1] {
			k++
		}
		if x == points[k] {
			at[k]++
		} else {
			between[k]++
		}
	}
	g, err := sketch.NewGrid(points, at, between)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func rank(g *sketch.Grid, x float64, rng *rand.Rand) float64 { return g.Rank(g.Cell(x), rng.Float64()) }

// stream is a detector with its source: it draws an observation, changed or not,
// and reports an alarm.
type stream func(changed bool) bool

func numeric(t *testing.T, rng *rand.Rand, rows int, before, after draw, threshold float64) stream {
	t.Helper()
	g := grid(t, rng, rows, before)
	d := sequential.NewDistribution(uint64(rows), threshold)
	return func(changed bool) bool {
		f := before
		if changed {
			f = after
		}
		_, ring := d.Update(rank(g, f(rng), rng))
		return ring
	}
}

func rate(rng *rand.Rand, rows int, before, after float64, both bool, threshold float64) stream {
	hits := uint64(0)
	for range rows {
		if rng.Float64() < before {
			hits++
		}
	}
	d := sequential.NewRate(hits, uint64(rows), both, threshold)
	return func(changed bool) bool {
		p := before
		if changed {
			p = after
		}
		_, ring := d.Update(rng.Float64() < p)
		return ring
	}
}

func pick(rng *rand.Rand, shares []float64) int {
	u := rng.Float64()
	for i, p := range shares {
		if u -= p; u < 0 {
			return i
		}
	}
	return len(shares) - 1
}

func groups(rng *rand.Rand, rows int, before, after []float64, threshold float64) stream {
	counts := make([]uint64, len(before))
	for range rows {
		counts[pick(rng, before)]++
	}
	d := sequential.NewCategories(counts, threshold)
	return func(changed bool) bool {
		p := before
		if changed {
			p = after
		}
		_, ring := d.Update(pick(rng, p))
		return ring
	}
}

// length counts the observations until an alarm; at most limit.
func (s stream) length(limit int) float64 {
	for i := 1; i <= limit; i++ {
		if s(false) {
			return float64(i)
		}
	}
	return float64(limit)
}

// delay is how long after a change, which comes after warm observations, the alarm
// is; false where it rang before.
func (s stream) delay(warm, limit int) (float64, bool) {
	for range warm {
		if s(false) {
			return 0, false
		}
	}
	for i := 1; i <= limit; i++ {
		if s(true) {
			return float64(i), true
		}
	}
	return float64(limit), true
}
