package sequential

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// Mean bounds the mean of observations in [0, 1] at all times together.
//
// It is the empirical-Bernstein confidence sequence of Howard, Ramdas, McAuliffe
// and Sekhon: Time-uniform, nonparametric, nonasymptotic confidence sequences,
// Annals of Statistics 49, 2021 (theorem 4, with the gamma-exponential mixture of
// proposition 9): for S = Σ(Xᵢ − μᵢ), μᵢ = E[Xᵢ | past], V = Σ(Xᵢ − X̂ᵢ)² with X̂ᵢ
// known before Xᵢ, and ψ(λ) = −log(1−λ) − λ,
//
//	exp(λS − ψ(λ)V),   0 ≤ λ < 1,
//
// is a supermartingale, and so is its average over λ. The means μᵢ may change and
// the observations may depend on one another: what is bounded is the average of
// the means so far, which is the mean itself where it does not change.
//
// Robbins' beta-binomial mixture was rejected: it needs a mean that never changes,
// which no service has, and is hardly narrower (600 observations, share 0.2, level
// 0.05/21: 0.077 above the share, here 0.074).
type Mean struct {
	n, sum, v float64
}

// mixture is ρ of the gamma-exponential mixture, fixed before any observation.
// Bounds at a level of 0.002 are within 1 % of the tightest at 600 observations with
// shares of 0.2 and 0.5, and within 3 % at 100.
const mixture = 6

// Update takes an observation; it is cut to [0, 1], NaN is left out.
func (m *Mean) Update(x float64) {
	if math.IsNaN(x) {
		return
	}
	x = min(max(x, 0), 1)
	d := x - (m.sum+0.5)/(m.n+1)
	m.v += d * d
	m.n++
	m.sum += x
}

// Count returns the number of observations.
func (m *Mean) Count() uint64 { return uint64(m.n) }

// Value returns the mean of the observations; 0 where there are none.
func (m *Mean) Value() float64 {
	if m.n == 0 {
		return 0
	}
	return m.sum / m.n
}

// Bounds returns a confidence sequence: P(it ever leaves out the mean) ≤ level.
func (m *Mean) Bounds(level float64) (low, high float64) {
	if m.n == 0 {
		return 0, 1
	}
	goal := math.Log(2 / level) // half for each side
	from, to := 0.0, m.n        // S is at most n
	if gammaExponential(to, m.v) < goal {
		return 0, 1
	}
	for range 50 {
		if mid := (from + to) / 2; gammaExponential(mid, m.v) >= goal {
			to = mid
		} else {
			from = mid
		}
	}
	mean := m.Value()
	return max(mean-to/m.n, 0), min(mean+to/m.n, 1)
}

// gammaExponential returns the logarithm of the average of exp(λs − ψ(λ)v) over λ in
// [0, 1) with a density in proportion to (1−λ)^(ρ−1)·exp(−ρ(1−λ)), for s, v ≥ 0.
func gammaExponential(s, v float64) float64 {
	return s + v + logGammaPart(v+mixture, s+v+mixture) - logGammaPart(mixture, mixture)
}

// logGammaPart returns log ∫₀¹ u^(a−1)·exp(−bu) du for b ≥ a.
func logGammaPart(a, b float64) float64 {
	l, _ := math.Lgamma(a)
	return l + math.Log(mathext.GammaIncReg(a, b)) - a*math.Log(b)
}
