package drift

import "math"

// NannyML has shortcuts from this many reference rows on, over this many bins of
// equal width, whatever it is told.
const (
	shortcutRows = 10_000
	shortcutBins = 10_000
)

// nannyML scores as NannyML 0.13 does: numbers in Doane's bins of the reference
// alone, categories by those of the reference, and all that is in none of these in
// one bin more. Thresholds are those of the methods themselves; the tool replaces
// them by mean ± 3σ over chunks of the reference when it has chunks.
//
// From 10,000 reference rows on the tool estimates ks and wasserstein from bins;
// ks_exact and wasserstein_exact beside them are of the values.
func nannyML(reference, current *Sample) []Score {
	var h histogram
	if reference.numeric {
		h = over(doane(reference), reference, current).withLeftover()
	} else {
		h = byValue(reference, current).known()
	}
	psi, js, kl, hellinger := h.binned(2)
	js.Default = true
	out := []Score{js.by(js.Value > 0.1), hellinger.by(hellinger.Value > 0.1), psi, kl}
	if !reference.numeric {
		values := byValue(reference, current)
		plain, robust := extremes(reference, current)
		return append(out, values.homogeneity("chi2"), plain.by(plain.Value > 0.1), robust)
	}
	exact, area := ks("ks", reference, current), earth("wasserstein", reference, current)
	if reference.n < shortcutRows || reference.sorted[0] == reference.sorted[len(reference.sorted)-1] {
		return append(out, exact, area)
	}
	return append(out, shortcutKS(reference, current), shortcutWasserstein(reference, current, area.NullExpected),
		named(exact, "ks_exact"), named(area, "wasserstein_exact"))
}

func named(s Score, method string) Score {
	s.Method = method
	return s
}

// known keeps the reference's categories and puts the others into one bin.
func (h histogram) known() histogram {
	out := histogram{n: h.n, m: h.m}
	for i, r := range h.r {
		if r > 0 {
			out.r, out.c = append(out.r, r), append(out.c, h.c[i])
		}
	}
	return out.withLeftover()
}

const estimated = "estimated by the tool from 10,000 bins"

// shortcutKS compares the distribution functions at the edges of the bins alone.
func shortcutKS(reference, current *Sample) Score {
	edges := linspace(reference.sorted[0], reference.sorted[len(reference.sorted)-1], shortcutBins)
	h := over(edges, reference, current)
	r, c := 0.0, below(current, edges[0])/h.m
	d := 0.0
	for i := range h.r {
		r, c = r+h.r[i]/h.n, c+h.c[i]/h.m
		d = max(d, math.Abs(r-c))
	}
	en := reference.n * current.n / (reference.n + current.n)
	s := Score{Method: "ks", Value: d, NullExpected: nullKS(reference.n, current.n, 0)}
	return s.tested(kolmogorovTail(int(math.RoundToEven(en)), d)).noted(estimated)
}

// shortcutWasserstein adds the area over the bins to what lies outside of them. The
// tool weighs both ends, and shifts the inner part, as if one value more lay there.
func shortcutWasserstein(reference, current *Sample, null float64) Score {
	low, high := reference.sorted[0], reference.sorted[len(reference.sorted)-1]
	edges := linspace(low, high, shortcutBins)
	width := edges[1] - edges[0]
	h := over(edges, reference, current)
	before, left := 0.0, 0.0
	if n := below(current, low); n > 0 {
		before = (n + 1) / h.m
		left = before * tailArea(current.sorted[:int(n)], low, func(cdf float64) float64 { return cdf })
	}
	right := 0.0
	if n := h.m - below(current, math.Nextafter(high, math.Inf(1))); n > 0 {
		right = (n + 1) / h.m * tailArea(current.sorted[len(current.sorted)-int(n):], high, func(cdf float64) float64 { return 1 - cdf })
	}
	r, c, area := 0.0, before, 0.0
	for i := range h.r {
		r, c = r+h.r[i]/h.n, c+h.c[i]/h.m
		area += math.Abs(r-c) * width
	}
	return Score{Method: "wasserstein", Value: min(area+left+right, math.MaxFloat64), NullExpected: null}.noted(estimated)
}

// below returns how many values are smaller than x.
func below(s *Sample, x float64) float64 {
	n := 0
	for low, high := 0, len(s.sorted); low < high; {
		middle := (low + high) / 2
		if s.sorted[middle] < x {
			low, n = middle+1, middle+1
		} else {
			high = middle
		}
	}
	return float64(n)
}

// tailArea integrates a function of the distribution function of the sorted values
// and one more, edge, at their end or their start.
func tailArea(sorted []float64, edge float64, f func(cdf float64) float64) float64 {
	values := make([]float64, 0, len(sorted)+1)
	if sorted[0] > edge {
		values = append(append(values, edge), sorted...)
	} else {
		values = append(append(values, sorted...), edge)
	}
	area := 0.0
	for i := 1; i < len(values); i++ {
		area += f(float64(i)/float64(len(values))) * (values[i] - values[i-1])
	}
	return area
}
