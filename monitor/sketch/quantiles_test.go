package sketch

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/DataDog/sketches-go/ddsketch/store"
)

// streams are what a column may be like, among them more decades than there are
// buckets, both signs, zeros, and a jump after which nothing of before is left.
func streams(rng *rand.Rand) map[string][]float64 {
	out := map[string][]float64{"empty": nil, "one": {-3}, "zeros": {0, math.Copysign(0, -1), 1e-320, 5}}
	jump := []float64{1e-9, 2e-9, 3}
	for i := range 4000 {
		out["normal"] = append(out["normal"], rng.NormFloat64())
		out["whole"] = append(out["whole"], float64(rng.IntN(300)-20))
		out["decades"] = append(out["decades"], math.Exp(30*rng.NormFloat64()))
		out["both"] = append(out["both"], math.Exp(20*rng.NormFloat64())*math.Copysign(1, rng.Float64()-0.3))
		out["rising"] = append(out["rising"], math.Pow(1.01, float64(i)))
		out["falling"] = append(out["falling"], -math.Pow(1.01, float64(-i)))
		jump = append(jump, 1e200*(1+rng.Float64()))
	}
	out["jump"] = jump
	out["huge"] = []float64{math.MaxFloat64, -math.MaxFloat64, 1, 1e299}
	return out
}

func resolutions() map[string]*resolution {
	return map[string]*resolution{"fine": fine, "coarse": coarse}
}

// The buckets are our own; what they answer is what DataDog's sketch of the same
// mapping and bound does.
func TestQuantilesAreThoseOfDDSketch(t *testing.T) {
	for name, by := range resolutions() {
		for stream, values := range streams(rand.New(rand.NewPCG(1, 0))) {
			q := newQuantiles(by)
			oracle := ddsketch.NewDDSketch(by.mapping, store.NewCollapsingLowestDenseStore(by.buckets), store.NewCollapsingLowestDenseStore(by.buckets))
			for range 2 { // a sketch that was cleared is as good as a new one
				q.Clear()
				oracle.Clear()
				for _, x := range values {
					q.Add(x)
					if err := oracle.Add(min(max(x, -1e300), 1e300)); err != nil {
						t.Fatal(err)
					}
				}
				for p := 0.0; p <= 1; p += 1.0 / 64 {
					want, err := oracle.GetValueAtQuantile(p)
					if got, ok := q.Quantile(p); ok != (err == nil) || ok && got != within(q, want) {
						t.Fatalf("%s, %s: the %g-quantile is %v, want %v", name, stream, p, got, want)
					}
				}
			}
			if size := int64(4*(len(q.negative.counts)+len(q.positive.counts))) + quantilesSize; size > int64(quantilesSize+8*by.buckets) {
				t.Errorf("%s, %s: %d bytes, at most %d", name, stream, size, quantilesSize+8*by.buckets)
			}
		}
	}
}

// within does what Quantile does to what its buckets say.
func within(q *Quantiles, v float64) float64 {
	if !q.fraction {
		v = math.Round(v)
	}
	return min(max(v, q.low), q.high)
}

func TestQuantilesAreWithinTheirAccuracy(t *testing.T) {
	for _, c := range []struct {
		q      *Quantiles
		within float64
	}{{NewQuantiles(), 0.0101}, {NewCoarseQuantiles(), 0.0201}} {
		for i := range 10_001 {
			c.q.Add(100 + float64(i)/10)
		}
		for p := 0.0; p <= 1; p += 1.0 / 64 {
			want := 100 + 1000*p
			if got, _ := c.q.Quantile(p); math.Abs(got/want-1) > c.within {
				t.Errorf("within %g: the %g-quantile is %g, want %g", c.within, p, got, want)
			}
		}
	}
}

func TestCountsBeyondFourBytesAreKept(t *testing.T) {
	b := buckets{limit: 8}
	for _, index := range []int{1, 2, 5} {
		for range 3 {
			b.add(index, math.MaxUint32-1)
		}
	}
	var o buckets
	o.limit = 8
	o.merge(&b)
	o.add(11, 1) // 1 to 3 are one bucket now, at 4
	got := ""
	o.each(func(index int, n uint64) bool {
		got += fmt.Sprint(index, ":", n, " ")
		return true
	})
	const three = 3 * (math.MaxUint32 - 1)
	if want := fmt.Sprint(4, ":", uint64(2*three), " ", 5, ":", uint64(three), " ", 11, ":", 1, " "); got != want || o.n != 3*three+1 {
		t.Errorf("%s of %d, want %s", got, o.n, want)
	}
}
