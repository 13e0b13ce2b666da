package drift

import "math"

// evidently scores as Evidently 0.7 does (legacy/calculations/stattests).
//
// Bins of psi, js and kl: more than 20 distinct numbers in the reference make
// equal-width bins over both samples by Sturges' rule, everything else one bin a
// value. hellinger has bins by the number of distinct values, as the tool's has;
// hellinger_binned beside it has those of the others. chi2 takes the reference as
// exact, as the tool's does; chi2_contingency beside it does not.
func evidently(reference, current *Sample) []Score {
	h := evidentlyBins(reference, current)
	psi, js, kl, binned := h.binned(math.E)
	binned.Method = "hellinger_binned"
	few := reference.Distinct()
	large := reference.n > 1000
	out := []Score{psi.by(psi.Value >= 0.1), js.by(js.Value >= 0.1), kl.by(kl.Value >= 0.1)}
	out[1].Default = large && (!reference.numeric || few <= 5)
	values := byValue(reference, current)
	if reference.numeric {
		out = append(out, evidentlyHellinger(reference, current), binned)
		out = append(out, evidentlyNumbers(reference, current, few, large)...)
	} else {
		binned.Method = "hellinger"
		out = append(out, binned.by(binned.Value >= 0.1))
	}
	if few <= 5 || !reference.numeric {
		x, p, null, fresh := values.againstExact()
		chi := Score{Method: "chi2", Value: x, NullExpected: null, Default: !large && few > 2}.tested(p)
		if fresh {
			chi = chi.noted("values that the reference lacks: p = 0")
		}
		out = append(out, chi, values.homogeneity("chi2_contingency"))
	}
	if few <= 2 {
		z, p := values.proportions()
		out = append(out, Score{Method: "z", Value: z, NullExpected: math.Sqrt(2 / math.Pi), Default: !large}.tested(p))
	}
	plain, robust := extremes(reference, current)
	return append(out, plain, robust)
}

// evidentlyNumbers are the scores of numbers alone.
func evidentlyNumbers(reference, current *Sample, few int, large bool) []Score {
	raw := earth("wasserstein", reference, current)
	_, deviation := reference.moments()
	norm := max(deviation, 0.001)
	normed := Score{
		Method: "wasserstein_normed", Value: min(raw.Value/norm, math.MaxFloat64),
		NullExpected: min(raw.NullExpected/norm, math.MaxFloat64), Default: large && few > 5,
	}
	normed = normed.by(normed.Value >= 0.1)
	if deviation < 0.001 {
		normed = normed.noted("the reference hardly varies: divided by 0.001, as the tool does")
	}
	test := ks("ks", reference, current)
	test.Default = !large && few > 5
	return []Score{raw, normed, test}
}

func evidentlyBins(reference, current *Sample) histogram {
	if !reference.numeric || reference.Distinct() <= 20 {
		return byValue(reference, current)
	}
	low, high := span(reference, current)
	edges := sturges(low, high, reference.n+current.n, reference.integer && current.integer)
	return over(edges, reference, current)
}

// evidentlyHellinger has Sturges' bins for the distinct values of both samples.
func evidentlyHellinger(reference, current *Sample) Score {
	low, high := span(reference, current)
	distinct := len(byValue(reference, current).r)
	edges := sturges(low, high, float64(distinct), reference.integer && current.integer)
	h := over(edges, reference, current)
	s := Score{Method: "hellinger", Value: h.hellinger(), NullExpected: h.nullHellinger()}
	return s.by(s.Value >= 0.1)
}

// span returns the smallest and the largest number of both.
func span(a, b *Sample) (low, high float64) {
	return min(a.sorted[0], b.sorted[0]), max(a.sorted[len(a.sorted)-1], b.sorted[len(b.sorted)-1])
}
