package drift

import (
	"math"
	"slices"
)

// EvidentlyPSI returns what Evidently 0.7 calls psi of two numeric columns.
// NaN and infinities are dropped first; 0 when nothing is left on a side.
func EvidentlyPSI(reference, current []float64) float64 {
	r, c := EvidentlyBins(reference, current)
	fillZeros(r)
	fillZeros(c)
	psi := 0.0
	for i := range r {
		psi += (r[i] - c[i]) * math.Log(r[i]/c[i])
	}
	return psi
}

// EvidentlyJS returns what Evidently 0.7 calls jensenshannon of two numeric
// columns: a distance in nats, with no zero filling.
func EvidentlyJS(reference, current []float64) float64 {
	r, c := EvidentlyBins(reference, current)
	return jensenShannon(r, c)
}

// EvidentlyKL returns what Evidently 0.7 calls kl_div: Σ r·ln(r/c) after filling
// zeros and scaling both sides to 1 again.
func EvidentlyKL(reference, current []float64) float64 {
	r, c := EvidentlyBins(reference, current)
	rs, cs := fillZeros(r), fillZeros(c)
	kl := 0.0
	for i := range r {
		kl += relative(r[i]/rs, c[i]/cs)
	}
	return kl
}

// EvidentlyBins returns the shares of both columns in Evidently's bins: with more
// than 20 distinct reference values ⌈log2(n+m)+1⌉ bins of equal width over both
// columns, the last one closed; else one bin a distinct value of either. Both are
// nil when a side has no finite value.
func EvidentlyBins(reference, current []float64) (r, c []float64) {
	reference, current = finite(reference), finite(current)
	if len(reference) == 0 || len(current) == 0 {
		return nil, nil
	}
	if distinct := unique(reference); len(distinct) <= 20 {
		values := unique(slices.Concat(distinct, current))
		return shares(reference, len(values), exactly(values)), shares(current, len(values), exactly(values))
	}
	edges := sturges(reference, current)
	return shares(reference, len(edges)-1, within(edges)), shares(current, len(edges)-1, within(edges))
}

// sturges returns numpy's histogram_bin_edges(…, bins="sturges") of both columns.
func sturges(a, b []float64) []float64 {
	low := min(slices.Min(a), slices.Min(b))
	high := max(slices.Max(a), slices.Max(b))
	n := int(math.Ceil(math.Log2(float64(len(a)+len(b))) + 1))
	edges := make([]float64, n+1)
	for i := range edges {
		t := float64(i) / float64(n)
		edges[i] = low*(1-t) + high*t // low + i·(high−low)/n overflows for huge columns
	}
	edges[n] = high
	return edges
}

func exactly(values []float64) func(float64) int {
	return func(x float64) int { i, _ := slices.BinarySearch(values, x); return i }
}

func within(edges []float64) func(float64) int {
	return func(x float64) int {
		i, found := slices.BinarySearch(edges, x)
		if !found {
			i--
		}
		return min(max(i, 0), len(edges)-2)
	}
}

func shares(values []float64, bins int, bin func(float64) int) []float64 {
	out := make([]float64, bins)
	for _, v := range values {
		out[bin(v)] += 1 / float64(len(values))
	}
	return out
}

// fillZeros replaces zeros by a millionth of the smallest other share where that is
// at most 1e-4, else by 1e-4, and returns the new sum.
func fillZeros(s []float64) float64 {
	smallest := math.Inf(1)
	for _, v := range s {
		if v > 0 {
			smallest = min(smallest, v)
		}
	}
	fill := 1e-4
	if smallest <= 1e-4 {
		fill = smallest / 1e6
	}
	total := 0.0
	for i, v := range s {
		if v == 0 {
			s[i] = fill
		}
		total += s[i]
	}
	return total
}

func finite(values []float64) []float64 {
	out := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			out = append(out, v)
		}
	}
	return out
}

func unique(values []float64) []float64 {
	out := slices.Clone(values)
	slices.Sort(out)
	return slices.Compact(out)
}
