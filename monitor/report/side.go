package report

import (
	"cmp"
	"math"
	"slices"
	"strconv"
)

// shownCategories bounds the categories of a Side; the others are summed in Rest.
const shownCategories = 20

// Side describes one table's column. Numbers have Mean to Quantiles, categories have
// Categories and Rest; both are absent without a value.
type Side struct {
	Count        uint64  `json:"count"` // values of the feature's kind
	Missing      uint64  `json:"missing"`
	MissingShare float64 `json:"missing_share"`
	Invalid      uint64  `json:"invalid"`           // texts among numbers, infinities
	Distinct     uint64  `json:"distinct,omitzero"` // absent without a value, and where it is not known

	Mean      *float64           `json:"mean,omitempty"`
	StdDev    *float64           `json:"stddev,omitempty"` // of the population
	Min       *float64           `json:"min,omitempty"`
	Max       *float64           `json:"max,omitempty"`
	Quantiles map[string]float64 `json:"quantiles,omitempty"`

	Categories []Category `json:"categories,omitempty"` // the most frequent ones
	Rest       uint64     `json:"rest,omitempty"`       // values in none of them

	Unseen     *uint64 `json:"unseen,omitempty"`       // current only: values in no category of the reference
	OutOfRange *uint64 `json:"out_of_range,omitempty"` // current only: values below its minimum or above its maximum

	kind string // what the table's own values say
}

// Category is one category of a Side.
type Category struct {
	Value string `json:"value"`
	Count uint64 `json:"count"`
}

// numbers describes sorted numbers.
func (s *Side) numbers(sorted []float64) {
	n := len(sorted)
	s.Count = uint64(n)
	if n == 0 {
		return
	}
	low, high := sorted[0], sorted[n-1]
	scale := max(math.Abs(low), math.Abs(high), math.SmallestNonzeroFloat64)
	mean, variance := 0.0, 0.0
	for i, x := range sorted {
		mean += (x/scale - mean) / float64(i+1)
		if i == 0 || x != sorted[i-1] {
			s.Distinct++
		}
	}
	for _, x := range sorted {
		d := x/scale - mean
		variance += d * d / float64(n)
	}
	mean *= scale
	deviation := min(math.Sqrt(variance)*scale, math.MaxFloat64)
	s.Mean, s.StdDev, s.Min, s.Max = &mean, &deviation, &low, &high
	s.Quantiles = map[string]float64{}
	for _, q := range []float64{0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99} {
		s.Quantiles[strconv.FormatFloat(q, 'f', -1, 64)] = sorted[int(q*float64(n-1)+0.5)]
	}
}

// categories describes counted categories.
func (s *Side) categories(counts map[string]uint64) {
	for value, n := range counts {
		s.Count += n
		s.Categories = append(s.Categories, Category{Value: value, Count: n})
	}
	s.Distinct = uint64(len(counts))
	slices.SortFunc(s.Categories, func(a, b Category) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	for i := shownCategories; i < len(s.Categories); i++ {
		s.Rest += s.Categories[i].Count
	}
	s.Categories = s.Categories[:min(len(s.Categories), shownCategories)]
}

// against counts the current values that the reference does not have.
func against(f *Feature, old, fresh *column) {
	if old.values() == 0 {
		return
	}
	n := uint64(0)
	if f.Kind == categorical {
		known := old.counts()
		for value, k := range fresh.counts() {
			if known[value] == 0 {
				n += k
			}
		}
		f.Current.Unseen = &n
		return
	}
	if f.Reference.Min == nil {
		return
	}
	for _, x := range fresh.all() {
		if x < *f.Reference.Min || x > *f.Reference.Max {
			n++
		}
	}
	f.Current.OutOfRange = &n
}
