package drift

import (
	"maps"
	"math"
	"slices"
)

// Sample is one column of a table made ready for scoring, numbers or categories.
// Immutable.
type Sample struct {
	numeric bool
	integer bool      // stored as whole numbers, which changes some tools' bins
	sorted  []float64 // numbers
	keys    []string  // categories, sorted
	counts  []float64 // of the keys
	n       float64
}

// Numbers makes a sample of numbers; NaN and infinities are left out. integer says
// that the tools would have the column as whole numbers, not as floating point:
// every value is whole and none was missing.
func Numbers(values []float64, integer bool) *Sample {
	s := &Sample{numeric: true, integer: integer, sorted: make([]float64, 0, len(values))}
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			s.sorted = append(s.sorted, v)
		}
	}
	slices.Sort(s.sorted)
	s.n = float64(len(s.sorted))
	return s
}

// Categories makes a sample of categories by their counts.
func Categories(counts map[string]uint64) *Sample {
	s := &Sample{}
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		if counts[k] > 0 {
			s.keys = append(s.keys, k)
			s.counts = append(s.counts, float64(counts[k]))
			s.n += float64(counts[k])
		}
	}
	return s
}

// Len returns the number of values.
func (s *Sample) Len() int { return int(s.n) }

// Distinct returns the number of different values.
func (s *Sample) Distinct() int {
	if !s.numeric {
		return len(s.keys)
	}
	n := 0
	for i, v := range s.sorted {
		if i == 0 || v != s.sorted[i-1] {
			n++
		}
	}
	return n
}

// moments returns mean and standard deviation (of the population). Values are
// scaled by the largest first, so that squares stay finite.
func (s *Sample) moments() (mean, deviation float64) {
	if s.n == 0 {
		return 0, 0
	}
	scale := max(math.Abs(s.sorted[0]), math.Abs(s.sorted[len(s.sorted)-1]))
	if scale == 0 {
		return 0, 0
	}
	for _, v := range s.sorted {
		mean += v / scale / s.n
	}
	for _, v := range s.sorted {
		d := v/scale - mean
		deviation += d * d / s.n
	}
	return mean * scale, math.Min(math.Sqrt(deviation)*scale, math.MaxFloat64)
}

// histogram is two samples counted over the same bins.
type histogram struct {
	r, c []float64 // counts
	n, m float64   // their totals
}

// byValue counts both samples with one bin a distinct value of either.
func byValue(reference, current *Sample) histogram {
	h := histogram{n: reference.n, m: current.n}
	if !reference.numeric {
		merge(len(reference.keys), len(current.keys),
			func(i, j int) int { return compare(reference.keys[i], current.keys[j]) },
			func(i, j int) { h.r, h.c = append(h.r, at(reference.counts, i)), append(h.c, at(current.counts, j)) })
		return h
	}
	rv, rc := runs(reference.sorted)
	cv, cc := runs(current.sorted)
	merge(len(rv), len(cv),
		func(i, j int) int { return compare(rv[i], cv[j]) },
		func(i, j int) { h.r, h.c = append(h.r, at(rc, i)), append(h.c, at(cc, j)) })
	return h
}

func compare[T string | float64](a, b T) int {
	if a < b {
		return -1
	} else if a > b {
		return 1
	}
	return 0
}

// merge walks two sorted lists together; an index of −1 is "not there".
func merge(n, m int, compare func(i, j int) int, visit func(i, j int)) {
	for i, j := 0, 0; i < n || j < m; {
		switch {
		case j == m || i < n && compare(i, j) < 0:
			visit(i, -1)
			i++
		case i == n || compare(i, j) > 0:
			visit(-1, j)
			j++
		default:
			visit(i, j)
			i++
			j++
		}
	}
}

func at(counts []float64, i int) float64 {
	if i < 0 {
		return 0
	}
	return counts[i]
}

// runs returns the distinct values of a sorted list and how often each is there.
func runs(sorted []float64) (values, counts []float64) {
	for i, v := range sorted {
		if i == 0 || v != sorted[i-1] {
			values, counts = append(values, v), append(counts, 0)
		}
		counts[len(counts)-1]++
	}
	return values, counts
}

// shares returns both sides as shares.
func (h histogram) shares() (r, c []float64) {
	r, c = make([]float64, len(h.r)), make([]float64, len(h.c))
	for i := range h.r {
		r[i], c[i] = h.r[i]/h.n, h.c[i]/h.m
	}
	return r, c
}
