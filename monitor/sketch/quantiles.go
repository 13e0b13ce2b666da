package sketch

import (
	"math"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/DataDog/sketches-go/ddsketch/mapping"
	"github.com/DataDog/sketches-go/ddsketch/store"
)

const (
	quantileAccuracy = 0.01
	// 1,024 buckets of 2 % span nine decades for each sign; below that the smallest
	// magnitudes collapse into one bucket.
	quantileBuckets = 1024
)

// Quantiles answers quantiles of a stream of finite numbers within 1 % of the
// value (Masson, Rim, Lee: DDSketch, VLDB 2019). At most 16 KiB.
type Quantiles struct {
	sketch   *ddsketch.DDSketch
	low      float64
	high     float64
	fraction bool // a value that is not whole was seen
}

// NewQuantiles returns an empty sketch.
func NewQuantiles() *Quantiles {
	m, err := mapping.NewCubicallyInterpolatedMapping(quantileAccuracy)
	if err != nil {
		panic("sketch: the accuracy constant is out of range: " + err.Error()) // cannot happen: a constant
	}
	s := ddsketch.NewDDSketch(m, store.NewCollapsingLowestDenseStore(quantileBuckets), store.NewCollapsingLowestDenseStore(quantileBuckets))
	q := &Quantiles{sketch: s}
	q.Clear()
	return q
}

// Clear empties the sketch and keeps its memory.
func (q *Quantiles) Clear() {
	q.sketch.Clear()
	q.low, q.high, q.fraction = math.Inf(1), math.Inf(-1), false
}

// Add adds x. NaN and infinities are ignored; magnitudes above 10^300 count as 10^300.
func (q *Quantiles) Add(x float64) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return
	}
	q.low, q.high = min(q.low, x), max(q.high, x)
	q.fraction = q.fraction || x != math.Trunc(x)
	_ = q.sketch.Add(min(max(x, -1e300), 1e300)) // fails for NaN and what is out of range only
}

// Merge adds everything that other has seen.
func (q *Quantiles) Merge(other *Quantiles) {
	if other.Count() == 0 {
		return
	}
	q.low, q.high = min(q.low, other.low), max(q.high, other.high)
	q.fraction = q.fraction || other.fraction
	_ = q.sketch.MergeWith(other.sketch) // fails for another mapping only
}

// Count returns the number of values.
func (q *Quantiles) Count() uint64 { return uint64(q.sketch.GetCount()) }

// Range returns the exact smallest and largest value; false when empty.
func (q *Quantiles) Range() (low, high float64, ok bool) { return q.low, q.high, q.Count() > 0 }

// Whole reports whether every value was a whole number.
func (q *Quantiles) Whole() bool { return !q.fraction }

// Quantile returns the p-quantile, 0 ≤ p ≤ 1; false when empty. It is a whole
// number where all values were.
func (q *Quantiles) Quantile(p float64) (float64, bool) {
	if q.Count() == 0 {
		return 0, false
	}
	v, err := q.sketch.GetValueAtQuantile(min(max(p, 0), 1))
	if err != nil {
		return 0, false
	}
	if !q.fraction {
		v = math.Round(v)
	}
	return min(max(v, q.low), q.high), true
}
