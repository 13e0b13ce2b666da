package sketch

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// Several gateways see parts of one stream. These tests deal a stream out to a random
// number of parts, merge them in a random order and bracketing, and compare with the
// one that saw it all.

// deal gives each of n values to one of up to nine parts.
func deal(rng *rand.Rand, n int) [][]int {
	parts := make([][]int, 1+rng.IntN(9))
	for i := range n {
		k := rng.IntN(len(parts))
		if i%3 == 0 {
			k = 0 // unevenly
		}
		parts[k] = append(parts[k], i)
	}
	return parts
}

// fold merges two random parts until one is left.
func fold[T any](rng *rand.Rand, parts []T, merge func(into, from T) T) T {
	for len(parts) > 1 {
		rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		last := len(parts) - 1
		parts[0] = merge(parts[0], parts[last])
		parts = parts[:last]
	}
	return parts[0]
}

// content is everything that a sketch knows, whatever its memory looks like.
func content(q *Quantiles) string {
	out := fmt.Sprint(q.by.buckets, q.zeros, q.low, q.high, q.fraction)
	for _, side := range []*buckets{&q.negative, &q.positive} {
		out += "|"
		side.each(func(i int, n uint64) bool {
			out += fmt.Sprint(" ", i, ":", n)
			return true
		})
	}
	return out
}

func TestMergedQuantilesAreThoseOfOneStream(t *testing.T) {
	rng := rand.New(rand.NewPCG(31, 0))
	for name, by := range resolutions() {
		for stream, values := range streams(rng) {
			one := newQuantiles(by)
			for _, x := range values {
				one.Add(x)
			}
			for round := range 20 {
				var parts []*Quantiles
				for _, indices := range deal(rng, len(values)) {
					q := newQuantiles(by)
					for _, i := range indices {
						q.Add(values[i])
					}
					parts = append(parts, q)
				}
				got := fold(rng, parts, func(a, b *Quantiles) *Quantiles {
					before := content(b)
					a.Merge(b)
					if content(b) != before {
						t.Fatalf("%s, %s: merging changed what was merged", name, stream)
					}
					return a
				})
				if content(got) != content(one) {
					t.Fatalf("%s, %s, round %d: merged %.200s; want %.200s", name, stream, round, content(got), content(one))
				}
			}
		}
	}
}

func TestSketchesOfTwoResolutionsMergeWithinBoth(t *testing.T) {
	rng := rand.New(rand.NewPCG(32, 0))
	into, from, one := NewQuantiles(), NewCoarseQuantiles(), NewQuantiles()
	for i := range 20_000 {
		x := math.Exp(rng.NormFloat64()) * float64(1-2*(i&1))
		one.Add(x)
		if rng.IntN(2) == 0 {
			into.Add(x)
		} else {
			from.Add(x)
		}
	}
	into.Merge(from)
	if into.Count() != one.Count() || into.low != one.low || into.high != one.high {
		t.Fatalf("%d of %d values", into.Count(), one.Count())
	}
	for p := 0.01; p < 1; p += 0.01 {
		got, _ := into.Quantile(p)
		want, _ := one.Quantile(p)
		if math.Abs(got-want) > (0.01+0.02+0.01)*math.Abs(want)+0.01 {
			t.Errorf("the %.2f-quantile is %g, of one stream %g", p, got, want)
		}
	}
}

func TestMergedLatenciesAreThoseOfOneStream(t *testing.T) {
	rng := rand.New(rand.NewPCG(33, 0))
	for range 20 {
		var values []time.Duration
		var one Latency
		for range 3000 {
			d := time.Duration(math.Exp(3*rng.NormFloat64()) * float64(time.Millisecond))
			values = append(values, d)
			one.Observe(d)
		}
		var want LatencyCounts
		one.Snapshot(&want)
		var parts []*LatencyCounts
		for _, indices := range deal(rng, len(values)) {
			var l Latency
			for _, i := range indices {
				l.Observe(values[i])
			}
			var c LatencyCounts
			l.Snapshot(&c)
			parts = append(parts, &c)
		}
		last := *parts[len(parts)-1]
		got := *fold(rng, parts, func(a, b *LatencyCounts) *LatencyCounts { a.Merge(b); return a })
		if got != want {
			t.Fatal("merged histograms differ from the one that saw everything")
		}
		// Taking a part away leaves what the others saw; the zero value changes nothing.
		got.Subtract(&last)
		got.Merge(&last)
		got.Merge(&LatencyCounts{})
		if got != want {
			t.Fatal("a part that was taken away and merged again is another one")
		}
	}
}
