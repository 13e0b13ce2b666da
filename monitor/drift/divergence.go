package drift

import "math"

// psi is Σ(r−c)·ln(r/c) with empty bins filled as Evidently fills them.
func (h histogram) psi() float64 {
	r, c := h.shares()
	fillZeros(r)
	fillZeros(c)
	total := 0.0
	for i := range r {
		total += (r[i] - c[i]) * math.Log(r[i]/c[i])
	}
	return max(total, 0)
}

// kl is Σ r·ln(r/c) after filling empty bins and scaling both sides to 1 again.
func (h histogram) kl() float64 {
	r, c := h.shares()
	rs, cs := fillZeros(r), fillZeros(c)
	total := 0.0
	for i := range r {
		total += relative(r[i]/rs, c[i]/cs)
	}
	return max(total, 0)
}

// js is the Jensen-Shannon distance in nats.
func (h histogram) js() float64 {
	r, c := h.shares()
	return jensenShannon(r, c)
}

// hellinger is √(1 − Σ√(r·c)).
func (h histogram) hellinger() float64 {
	r, c := h.shares()
	total := 0.0
	for i := range r {
		d := math.Sqrt(r[i]) - math.Sqrt(c[i])
		total += d * d
	}
	return math.Sqrt(total / 2)
}

// largest is the largest difference of two shares.
func (h histogram) largest() float64 {
	r, c := h.shares()
	d := 0.0
	for i := range r {
		d = max(d, math.Abs(r[i]-c[i]))
	}
	return d
}

// filling is what an empty bin counts as: a millionth of the smallest other share
// where that is at most 1e-4, else 1e-4.
func filling(s []float64) float64 {
	smallest := math.Inf(1)
	for _, v := range s {
		if v > 0 {
			smallest = min(smallest, v)
		}
	}
	if smallest <= 1e-4 {
		return smallest / 1e6
	}
	return 1e-4
}

// fillZeros fills the empty bins and returns the new sum.
func fillZeros(s []float64) float64 {
	fill, total := filling(s), 0.0
	for i, v := range s {
		if v == 0 {
			s[i] = fill
		}
		total += s[i]
	}
	return total
}
