package drift

import "math"

// expected is the mean of Σ f(r,c) over the bins when both samples are drawn from
// the pooled shares: for bins with few counts by summing over every likely pair of
// counts (Poisson), for the others over the points of a normal distribution. The
// chi-square approximation, (B−1)(1/n+1/m), is wrong by a factor as soon as bins
// with a handful of counts or filled zeros are among them.
func (h histogram) expected(f func(r, c float64) float64) float64 {
	total := 0.0
	for i := range h.r {
		p := (h.r[i] + h.c[i]) / (h.n + h.m)
		if p == 0 {
			continue
		}
		a, b := likely(h.n, p), likely(h.m, p)
		for _, x := range a {
			for _, y := range b {
				total += x.weight * y.weight * f(x.share, y.share)
			}
		}
	}
	return total
}

type point struct{ share, weight float64 }

// normalPoints is how many points stand for a count's distribution, and
// fewCounts the mean up to which every count is one.
const (
	normalPoints = 31
	fewCounts    = 30
)

// likely returns the shares that a bin of probability p may get of n rows.
func likely(n, p float64) []point {
	mean, total := n*p, 0.0
	var out []point
	if mean <= fewCounts {
		last := int(mean + 8*math.Sqrt(mean) + 10)
		for k := 0; float64(k) <= min(float64(last), n); k++ {
			lg, _ := math.Lgamma(float64(k) + 1)
			w := math.Exp(float64(k)*math.Log(mean) - mean - lg)
			if p > 0.05 {
				w = binomial(n, p, float64(k))
			}
			if w > 1e-12 {
				out = append(out, point{share: float64(k) / n, weight: w})
				total += w
			}
		}
	} else {
		deviation := math.Sqrt(mean * (1 - p))
		for i := range normalPoints {
			t := (float64(i) - (normalPoints-1)/2) * 10 / (normalPoints - 1) // ±5 σ
			w := math.Exp(-t * t / 2)
			if count := mean + t*deviation; count >= 0 && count <= n {
				out = append(out, point{share: count / n, weight: w})
				total += w
			}
		}
	}
	for i := range out {
		out[i].weight /= total
	}
	return out
}

// binomial is the chance of k of n.
func binomial(n, p, k float64) float64 {
	if p >= 1 {
		if k == n {
			return 1
		}
		return 0
	}
	a, _ := math.Lgamma(n + 1)
	b, _ := math.Lgamma(k + 1)
	c, _ := math.Lgamma(n - k + 1)
	return math.Exp(a - b - c + k*math.Log(p) + (n-k)*math.Log1p(-p))
}

// nullPSI, nullKL, nullJS and nullHellinger are the expectations of the scores.
func (h histogram) nullPSI() float64 {
	fr, fc := h.fillings()
	return h.expected(func(r, c float64) float64 {
		r, c = filled(r, fr), filled(c, fc)
		return (r - c) * math.Log(r/c)
	})
}

func (h histogram) nullKL() float64 {
	fr, fc := h.fillings()
	return max(h.expected(func(r, c float64) float64 {
		r, c = filled(r, fr), filled(c, fc)
		return r*math.Log(r/c) - r + c // the sum of the shares taken out: less noise
	}), 0)
}

func (h histogram) nullJS() float64 {
	return h.root(h.expected(func(r, c float64) float64 {
		mid := (r + c) / 2
		return (relative(r, mid) + relative(c, mid)) / 2
	}))
}

func (h histogram) nullHellinger() float64 {
	return h.root(h.expected(func(r, c float64) float64 {
		d := math.Sqrt(r) - math.Sqrt(c)
		return d * d / 2
	}))
}

// root is the mean of the root of a sum with the given mean, which is about
// chi-square distributed: E[χ_k]/√k of the mean's root, k the bins that count.
func (h histogram) root(mean float64) float64 {
	k := -1.0
	for i := range h.r {
		k += min(h.r[i]+h.c[i], 1)
	}
	if k < 1 || mean <= 0 {
		return 0
	}
	upper, _ := math.Lgamma((k + 1) / 2)
	lower, _ := math.Lgamma(k / 2)
	return math.Sqrt(mean) * math.Sqrt(2/k) * math.Exp(upper-lower)
}

func (h histogram) fillings() (r, c float64) {
	rs, cs := h.shares()
	return filling(rs), filling(cs)
}

func filled(share, fill float64) float64 {
	if share == 0 {
		return fill
	}
	return share
}

// nullLargest is the expectation of max(0, largest difference of shares − floor),
// the bins taken as independent: ∫ P(largest > x) dx.
func (h histogram) nullLargest(floor float64) float64 {
	var deviations []float64
	top := 0.0
	for i := range h.r {
		p := (h.r[i] + h.c[i]) / (h.n + h.m)
		if s := math.Sqrt(p * (1 - p) * (1/h.n + 1/h.m)); s > 0 {
			deviations = append(deviations, s)
			top = max(top, s)
		}
	}
	// with two bins the two differences are one
	if len(deviations) == 2 {
		deviations = deviations[:1]
	}
	return integrate(floor, 6*top, func(x float64) float64 {
		within := 1.0
		for _, s := range deviations {
			within *= 1 - normalTails(x/s)
		}
		return 1 - within
	})
}

// nullKS is the expectation of max(0, D − floor) for continuous columns:
// ∫ P(D > x) dx of Kolmogorov's distribution. With ties D is smaller.
func nullKS(n, m, floor float64) float64 {
	noise := math.Sqrt(1/n + 1/m)
	return min(noise*integrate(floor/noise, 4, func(z float64) float64 {
		if z < 0.2 {
			return 1
		}
		tail := 0.0
		for k := 1; k <= 100; k++ {
			sign := 1.0
			if k%2 == 0 {
				sign = -1
			}
			term := math.Exp(-2 * float64(k*k) * z * z)
			tail += sign * term
			if term < 1e-16 {
				break
			}
		}
		return clamp(2 * tail)
	}), 1)
}

// integrate is Simpson's rule on 200 intervals; 0 for an empty range.
func integrate(from, to float64, f func(float64) float64) float64 {
	const parts = 200
	if !(to > from) {
		return 0
	}
	step := (to - from) / parts
	total := f(from) + f(to)
	for i := 1; i < parts; i++ {
		total += float64(2+2*(i%2)) * f(from+float64(i)*step)
	}
	return total * step / 3
}
