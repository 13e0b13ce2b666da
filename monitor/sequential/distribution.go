package sequential

import "math"

const (
	polynomials = 4
	bets        = 5
	states      = 2 * polynomials * bets
)

// betSizes are the fractions λ bet on each polynomial.
var betSizes = [bets]float64{0.06, 0.12, 0.25, 0.5, 0.9} //nolint:gochecknoglobals // a constant table

// Distribution detects any change of a continuous, discrete or mixed number, given
// its rank in the reference, randomised at ties (sketch.Grid). It bets on the first
// four shifted Legendre polynomials of the rank, in both directions, with five
// stakes each:
//
//	L = 1 ± λ·P_j(u) − λ·ε_j,  ε_j = 3·√(1/((2j+1)·n))
//
// and averages the 40 Shiryaev-Roberts statistics. P₁ sees a shift, P₂ a change of
// scale, P₃ and P₄ of shape. Guarantee: mean run length ≥ threshold whenever the
// means of P_j under the true distribution lie within ε_j of their reference
// estimate from n rows, i.e. up to three standard errors.
type Distribution struct {
	m         [polynomials][2 * bets]float64 // first the bets upward, then downward
	lambda    [bets]float64
	epsilon   [polynomials]float64
	threshold float64 // times states, of the sum
	reference float64 // rows
	rearm     rearm
	history   history
}

// NewDistribution returns a detector against a reference of rows observations that
// rings at the threshold, the mean run length it keeps.
func NewDistribution(rows uint64, threshold float64) *Distribution {
	d := &Distribution{threshold: threshold * states, reference: float64(max(rows, 1)), history: newHistory(polynomials)}
	for j := range d.epsilon {
		d.epsilon[j] = 3 / math.Sqrt(float64(2*j+3)*d.reference)
	}
	for i, l := range betSizes {
		d.lambda[i] = min(l, 1/(1+d.epsilon[0])) // keeps L ≥ 0
	}
	return d
}

// Update takes the rank of one observation, in [0,1], and reports an alarm; Finding
// must be called before the next Update to describe it.
//
// Fast path: no allocation and no logarithm (BenchmarkDistributionUpdate).
func (d *Distribution) Update(u float64) (*Finding, bool) {
	t := 2*u - 1
	s := t * t
	p := [polynomials]float64{t, 1.5*s - 0.5, t * (2.5*s - 1.5), (4.375*s-3.75)*s + 0.375}
	up, down := 0.0, 0.0
	for j := range p {
		m := &d.m[j]
		plus, minus := p[j]-d.epsilon[j], -p[j]-d.epsilon[j]
		for i, l := range d.lambda {
			a := (1 + l*plus) * (m[i] + 1)
			b := (1 + l*minus) * (m[bets+i] + 1)
			m[i], m[bets+i] = a, b
			up += a
			down += b
		}
		d.history.current[j] += p[j]
	}
	d.history.tick()
	d.rearm.tick()
	if up+down < d.threshold {
		return nil, false
	}
	return d.cross()
}

// cross handles the crossing of the threshold: Slow path.
func (d *Distribution) cross() (*Finding, bool) {
	var f *Finding
	ring := d.rearm.ring()
	if ring {
		f = d.finding()
	}
	d.reset()
	return f, ring
}

func (d *Distribution) reset() {
	d.m = [polynomials][2 * bets]float64{}
	d.history.reset()
}

// EvidenceLog10 returns log10 of the statistic; it rings at log10 of the threshold.
// Without a change the statistic's mean grows by 1 an observation. At least 0.
func (d *Distribution) EvidenceLog10() float64 {
	sum := 0.0
	for j := range d.m {
		for _, v := range d.m[j] {
			sum += v
		}
	}
	return math.Log10(max(sum/states, 1))
}

// finding describes the change. The leading polynomial is the first one whose best
// state has at least 0.6 of the largest evidence: an extreme shift moves all four
// alike, and a person understands the lowest.
func (d *Distribution) finding() *Finding {
	best := [polynomials]int{}
	largest := 0.0
	for j := range d.m {
		for i, v := range d.m[j] {
			if v > d.m[j][best[j]] {
				best[j] = i
			}
		}
		largest = max(largest, d.m[j][best[j]])
	}
	lead := 0
	for math.Log(d.m[lead][best[lead]]) < 0.6*math.Log(largest) {
		lead++
	}
	sign, lambda := 1.0, d.lambda[best[lead]%bets]
	if best[lead] >= bets {
		sign = -1
	}
	variance := 1 / float64(2*lead+3) // of P_j under the reference
	n, sums := d.history.suffix(func(n float64, sums []float64) float64 {
		return lambda*(sign*sums[lead]-n*d.epsilon[lead]) - n*lambda*lambda*variance/2
	})
	size := sums[lead] / float64(max(n, 1))
	error95 := z95 * math.Sqrt(variance/float64(max(n, 1))+variance/d.reference)
	return &Finding{
		Began: max(n, 1), Direction: direction(lead, size), EvidenceLog10: d.EvidenceLog10(),
		Size: size, Low: max(size-error95, -1), High: min(size+error95, 1),
	}
}

func direction(polynomial int, size float64) string {
	switch {
	case polynomial == 0 && size >= 0:
		return Up
	case polynomial == 0:
		return Down
	case polynomial == 1 && size >= 0:
		return Wider
	case polynomial == 1:
		return Narrower
	}
	return Shape
}
