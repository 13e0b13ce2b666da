package sketch

import (
	"math"

	"github.com/DataDog/sketches-go/ddsketch/mapping"
)

// resolution is how finely a Quantiles tells values apart. Immutable.
type resolution struct {
	mapping *mapping.CubicallyInterpolatedMapping
	buckets int // of each sign; below them the smallest magnitudes share one
	least   float64
}

// Resolutions: 1,024 buckets of 2 % span nine decades for each sign, 256 of 4 %
// four and a half.
//
//nolint:gochecknoglobals // constants that take a computation
var (
	fine   = newResolution(0.01, fineBuckets)
	coarse = newResolution(0.02, coarseBuckets)
)

func newResolution(accuracy float64, n int) *resolution {
	m, err := mapping.NewCubicallyInterpolatedMapping(accuracy)
	if err != nil {
		panic("sketch: the accuracy constant is out of range: " + err.Error()) // cannot happen: a constant
	}
	return &resolution{mapping: m, buckets: n, least: m.MinIndexableValue()}
}

// Quantiles answers quantiles of a stream of finite numbers within 1 % of the
// value, or 2 % if it is coarse (Masson, Rim, Lee: DDSketch, VLDB 2019). Memory
// grows with the range of the values: at most 8 KiB, or 2 KiB.
type Quantiles struct {
	by        *resolution
	negative  buckets // by magnitude
	positive  buckets
	zeros     uint64
	low, high float64
	fraction  bool // a value that is not whole was seen
}

// NewQuantiles returns an empty sketch within 1 %.
func NewQuantiles() *Quantiles { return newQuantiles(fine) }

// NewCoarseQuantiles returns an empty sketch within 2 % that takes a quarter of the
// memory.
func NewCoarseQuantiles() *Quantiles { return newQuantiles(coarse) }

func newQuantiles(by *resolution) *Quantiles {
	q := &Quantiles{by: by, negative: buckets{limit: by.buckets}, positive: buckets{limit: by.buckets}}
	q.Clear()
	return q
}

// New returns an empty sketch of the same resolution.
func (q *Quantiles) New() *Quantiles { return newQuantiles(q.by) }

// FineBytes and CoarseBytes bound the memory of a sketch, whatever it sees.
const (
	FineBytes   = quantilesSize + 2*4*fineBuckets
	CoarseBytes = quantilesSize + 2*4*coarseBuckets
)

const (
	fineBuckets   = 1024
	coarseBuckets = 256
	quantilesSize = 224 // of the struct, with its place on the heap
)

// Clear empties the sketch and keeps its memory.
func (q *Quantiles) Clear() {
	q.negative.clear()
	q.positive.clear()
	q.zeros = 0
	q.low, q.high, q.fraction = math.Inf(1), math.Inf(-1), false
}

// Add adds x. NaN and infinities are ignored; magnitudes above 10^300 count as 10^300.
func (q *Quantiles) Add(x float64) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return
	}
	q.low, q.high = min(q.low, x), max(q.high, x)
	q.fraction = q.fraction || x != math.Trunc(x)
	q.count(x, 1)
}

func (q *Quantiles) count(x float64, n uint64) {
	switch x = min(max(x, -1e300), 1e300); {
	case x > q.by.least:
		q.positive.add(q.by.mapping.Index(x), n)
	case x < -q.by.least:
		q.negative.add(q.by.mapping.Index(-x), n)
	default:
		q.zeros += n
	}
}

// Merge adds everything that other has seen: the result is what one sketch would
// hold that saw both streams, in any order. Where the other has another resolution
// its values move by as much as its buckets are wide.
func (q *Quantiles) Merge(other *Quantiles) {
	if other.Count() == 0 {
		return
	}
	q.low, q.high = min(q.low, other.low), max(q.high, other.high)
	q.fraction = q.fraction || other.fraction
	q.zeros += other.zeros
	if q.by == other.by {
		q.negative.merge(&other.negative)
		q.positive.merge(&other.positive)
		return
	}
	other.negative.each(func(i int, n uint64) bool {
		q.count(-other.by.mapping.Value(i), n)
		return true
	})
	other.positive.each(func(i int, n uint64) bool {
		q.count(other.by.mapping.Value(i), n)
		return true
	})
}

// Count returns the number of values.
func (q *Quantiles) Count() uint64 { return q.zeros + q.negative.n + q.positive.n }

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
	v := q.at(min(max(p, 0), 1) * float64(q.Count()-1))
	if !q.fraction {
		v = math.Round(v)
	}
	return min(max(v, q.low), q.high), true
}

// at returns the value of a rank, from 0.
func (q *Quantiles) at(rank float64) float64 {
	negative, zeros := float64(q.negative.n), float64(q.zeros)
	switch {
	case rank < negative:
		return -q.by.mapping.Value(q.negative.rank(negative - 1 - rank))
	case rank < negative+zeros:
		return 0
	}
	return q.by.mapping.Value(q.positive.rank(rank - negative - zeros))
}
