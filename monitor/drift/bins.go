package drift

import (
	"math"
	"slices"
)

// sturges returns the edges that numpy.histogram_bin_edges(…, "sturges") makes over
// values from low to high, n of them: width (high−low)/(log2 n + 1).
func sturges(low, high, n float64, integer bool) []float64 {
	return equalWidth(low, high, math.Log2(n)+1, integer)
}

// doane returns numpy's edges of the rule "doane" for a sample, which allows for its
// skewness (D. P. Doane, Aesthetic frequency classifications, 1976). Whole numbers are
// taken as floating point, as NannyML takes them.
func doane(s *Sample) []float64 {
	low, high := s.sorted[0], s.sorted[len(s.sorted)-1]
	mean, deviation := s.moments()
	if s.n <= 2 || deviation == 0 {
		return equalWidth(low, high, 0, false)
	}
	skew := 0.0
	for _, v := range s.sorted {
		d := (v - mean) / deviation
		skew += d * d * d
	}
	skew /= s.n
	sigma := math.Sqrt(6 * (s.n - 2) / ((s.n + 1) * (s.n + 3)))
	return equalWidth(low, high, 1+math.Log2(s.n)+math.Log2(1+math.Abs(skew)/sigma), false)
}

// equalWidth makes edges for bins of the width (high−low)/parts, rounded down so
// that they fit; 0 parts, or no spread, is one bin. Bins of whole numbers are at
// least 1 wide, as numpy 2 has it.
func equalWidth(low, high, parts float64, integer bool) []float64 {
	spread := high - low
	count := 1.0
	if spread > 0 && parts > 0 && !math.IsInf(spread, 0) {
		width := spread / parts
		if integer && width < 1 {
			width = 1
		}
		if width > 0 {
			count = math.Ceil(spread / width)
		}
	} else if math.IsInf(spread, 0) {
		count = math.Ceil(max(parts, 1))
	}
	if spread == 0 {
		low, high = low-0.5, high+0.5
	}
	return linspace(low, high, int(count))
}

// linspace returns bins+1 edges as numpy.linspace does.
func linspace(low, high float64, bins int) []float64 {
	edges := make([]float64, bins+1)
	step := (high - low) / float64(bins)
	for i := range edges {
		if math.IsInf(step, 0) {
			t := float64(i) / float64(bins)
			edges[i] = low*(1-t) + high*t
		} else {
			edges[i] = low + float64(i)*step
		}
	}
	edges[bins] = high
	return edges
}

// count counts sorted values in the bins [e₀,e₁), [e₁,e₂) … with the last one closed.
// What is outside of all is not counted.
func count(sorted, edges []float64) []float64 {
	out := make([]float64, len(edges)-1)
	before, _ := slices.BinarySearch(sorted, edges[0])
	for i := range out {
		next, _ := slices.BinarySearch(sorted, edges[i+1])
		if i == len(out)-1 {
			next, _ = slices.BinarySearch(sorted, math.Nextafter(edges[i+1], math.Inf(1)))
		}
		out[i] = float64(max(next-before, 0))
		before = max(next, before)
	}
	return out
}

// over counts both samples over edges.
func over(edges []float64, reference, current *Sample) histogram {
	return histogram{r: count(reference.sorted, edges), c: count(current.sorted, edges), n: reference.n, m: current.n}
}

// withLeftover adds a bin for what lies in no other one, if there is anything.
func (h histogram) withLeftover() histogram {
	r, c := h.n-sumOf(h.r), h.m-sumOf(h.c)
	if r > 0 || c > 0 {
		h.r, h.c = append(h.r, r), append(h.c, c)
	}
	return h
}

func sumOf(values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total
}
