package drift

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// chiSquareTail is P(χ²(df) ≥ x); 1 for no degree of freedom.
func chiSquareTail(x, df float64) float64 {
	if df < 1 || x <= 0 {
		return 1
	}
	return clamp(mathext.GammaIncRegComp(df/2, x/2))
}

// normalTails is P(|Z| ≥ z).
func normalTails(z float64) float64 { return clamp(math.Erfc(math.Abs(z) / math.Sqrt2)) }

func clamp(p float64) float64 {
	if math.IsNaN(p) { // beyond what the special functions cover: no evidence
		return 1
	}
	return min(max(p, 0), 1)
}

// againstExact is the chi-square test that takes the reference as exact, as
// Evidently does; it rings far too often when the reference is not much larger than
// the current rows. A category that the reference lacks gives p = 0 and no addend.
// null is the true expectation of the statistic, (k−1)(1+m/n).
func (h histogram) againstExact() (statistic, p, null float64, fresh bool) {
	bins := 0.0
	for i, r := range h.r {
		if r+h.c[i] == 0 {
			continue
		}
		bins++
		expected := r * h.m / h.n
		if expected == 0 {
			fresh = true
			continue
		}
		statistic += (h.c[i] - expected) * (h.c[i] - expected) / expected
	}
	null = max(bins-1, 0) * (1 + h.m/h.n)
	if fresh {
		return statistic, 0, null, true
	}
	return statistic, chiSquareTail(statistic, bins-1), null, false
}

// contingency is the chi-square test of homogeneity of two samples, with Yates'
// correction for two categories, as scipy's chi2_contingency does it. null is the
// expectation without the correction, (k−1)·N/(N−1).
func (h histogram) contingency() (statistic, p, null float64) {
	total, bins := h.n+h.m, 0.0
	for i, r := range h.r {
		if r+h.c[i] > 0 {
			bins++
		}
	}
	if bins < 2 {
		return 0, 1, 0
	}
	for i, r := range h.r {
		both := r + h.c[i]
		if both == 0 {
			continue
		}
		for _, side := range [2]struct{ observed, size float64 }{{r, h.n}, {h.c[i], h.m}} {
			expected := both * side.size / total
			d := math.Abs(side.observed - expected)
			if bins == 2 {
				d -= min(0.5, d)
			}
			statistic += d * d / expected
		}
	}
	return statistic, chiSquareTail(statistic, bins-1), (bins - 1) * total / (total - 1)
}

// proportions is the pooled two-proportion z test on the share of the first bin
// against the rest; the statistic is |z|, whose expectation is √(2/π).
func (h histogram) proportions() (statistic, p float64) {
	if len(h.r) == 0 {
		return 0, 1
	}
	pooled := (h.r[0] + h.c[0]) / (h.n + h.m)
	spread := math.Sqrt(pooled * (1 - pooled) * (1/h.n + 1/h.m))
	if spread == 0 {
		return 0, 1
	}
	statistic = math.Abs(h.r[0]/h.n-h.c[0]/h.m) / spread
	return statistic, normalTails(statistic)
}
