package drift

import "math"

// PSI returns the population stability index Σ(r−c)·ln(r/c) of two histograms over
// the same bins. Half an observation is added to every bin of both (Jeffreys'
// prior), so that an empty bin costs what its sample size makes it worth instead
// of a constant; at a thousand observations a bin the difference is below 0.1 %.
// 0 when either side is empty.
func PSI(reference, current []uint64) float64 {
	n, m := sum(reference), sum(current)
	if n == 0 || m == 0 {
		return 0
	}
	half := 0.5 * float64(len(reference))
	psi := 0.0
	for i := range reference {
		r := (float64(reference[i]) + 0.5) / (n + half)
		c := (float64(current[i]) + 0.5) / (m + half)
		psi += (r - c) * math.Log(r/c)
	}
	return max(psi, 0)
}

// JS returns the Jensen-Shannon distance, the root of the divergence in nats, of
// two histograms over the same bins: 0 … √ln 2. 0 when either side is empty.
func JS(reference, current []uint64) float64 {
	n, m := sum(reference), sum(current)
	if n == 0 || m == 0 {
		return 0
	}
	r, c := make([]float64, len(reference)), make([]float64, len(reference))
	for i := range reference {
		r[i], c[i] = float64(reference[i])/n, float64(current[i])/m
	}
	return jensenShannon(r, c)
}

// NullPSI returns the expectation of PSI over the given bins for samples of n and m
// rows from one distribution, (B−1)(1/n+1/m). 0 when a side is empty.
func NullPSI(bins int, n, m uint64) float64 {
	if n == 0 || m == 0 || bins < 2 {
		return 0
	}
	return float64(bins-1) * (1/float64(n) + 1/float64(m))
}

// NullJS is the same for JS: √((1/n+1/m)/8) · E[χ(B−1)], at most √ln 2.
func NullJS(bins int, n, m uint64) float64 {
	if n == 0 || m == 0 || bins < 2 {
		return 0
	}
	k := float64(bins - 1)
	upper, _ := math.Lgamma((k + 1) / 2)
	lower, _ := math.Lgamma(k / 2)
	chi := math.Sqrt2 * math.Exp(upper-lower)
	return min(math.Sqrt((1/float64(n)+1/float64(m))/8)*chi, math.Sqrt(math.Ln2))
}

// jensenShannon takes shares that sum to 1.
func jensenShannon(r, c []float64) float64 {
	jsd := 0.0
	for i := range r {
		mid := (r[i] + c[i]) / 2
		jsd += (relative(r[i], mid) + relative(c[i], mid)) / 2
	}
	return math.Sqrt(max(jsd, 0))
}

// relative is a·ln(a/b) with 0·ln 0 = 0.
func relative(a, b float64) float64 {
	if a == 0 {
		return 0
	}
	return a * math.Log(a/b)
}

func sum(counts []uint64) float64 {
	total := uint64(0)
	for _, c := range counts {
		total += c
	}
	return float64(total)
}
