package drift

import "math"

// buckets is how many bins of equal width the statistics of SageMaker Model Monitor
// have, from the smallest to the largest value of the reference.
const buckets = 10

// sageMaker scores as SageMaker Model Monitor does: L∞ between distribution
// functions or shares, and the robust form that it uses by default, against 0.1.
// The scores that it does not have are over its ten buckets; what lies outside of
// them counts in the outer ones.
func sageMaker(reference, current *Sample) []Score {
	plain, robust := extremes(reference, current)
	robust.Default = true
	out := []Score{robust.by(robust.Value > 0.1), plain.by(plain.Value > 0.1)}
	var h histogram
	if reference.numeric {
		edges := equalWidth(reference.sorted[0], reference.sorted[len(reference.sorted)-1], buckets, false)
		h = over(edges, reference, current)
		h.c[0] += below(current, edges[0])
		h.c[len(h.c)-1] += h.m - sumOf(h.c)
	} else {
		h = byValue(reference, current)
	}
	psi, js, kl, hellinger := h.binned(math.E)
	out = append(out, psi, js, kl, hellinger)
	if reference.numeric {
		return append(out, earth("wasserstein", reference, current), ks("ks", reference, current))
	}
	return append(out, h.homogeneity("chi2"))
}
