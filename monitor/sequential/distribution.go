package sequential

import "math"

// polynomials is how many shifted Legendre polynomials of the rank describe a
// change to people: P₁ sees a shift, P₂ a change of scale, P₃ and P₄ of shape.
const polynomials = 4

// Distribution detects any change of a continuous, discrete or mixed number, given
// its rank in the reference, randomised at ties (sketch.Grid). It turns that into a
// rank among reference and stream (ranks), bets on it with fixed densities
// (betTable, spots) and averages the Shiryaev-Roberts statistics M ← L·(M+1) of the bets
// by weight. Guarantee: mean run length ≥ threshold if reference and stream are
// independent draws of one distribution, on average over references. What a
// reference that is off by z standard errors can do is bounded: it is worth z²/2 in
// log evidence, in all and for ever.
type Distribution struct {
	m         [bets]float64 // times the weights
	bets      *betTable
	spots     allSpots
	ranks     ranks
	threshold float64
	rearm     rearm
	history   history
}

// NewDistribution returns a detector against a reference of rows observations that
// rings at the threshold, the mean run length it keeps.
func NewDistribution(rows uint64, threshold float64) *Distribution {
	return &Distribution{
		bets: table, spots: newSpots(), ranks: newRanks(rows), threshold: threshold,
		history: newHistory(polynomials),
	}
}

// Update takes the rank of one observation, in [0,1], and reports an alarm; Finding
// must be called before the next Update to describe it.
//
// Fast path: no allocation and no logarithm (BenchmarkDistributionUpdate).
func (d *Distribution) Update(u float64) (*Finding, bool) {
	sum := d.spots.update(&d.bets.spots, &d.ranks, u)
	u = d.ranks.next(u)
	t := 2*u - 1
	s := t * t
	h := d.history.current
	h[0] += t
	h[1] += 1.5*s - 0.5
	h[2] += t * (2.5*s - 1.5)
	h[3] += (4.375*s-3.75)*s + 0.375
	pays, weights := &d.bets.pays[slot(u)], &d.bets.weights
	for i := range d.m {
		m := pays[i] * (d.m[i] + weights[i])
		d.m[i] = m
		sum += m
	}
	d.history.tick()
	d.rearm.tick()
	if sum < d.threshold {
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
	d.m = [bets]float64{}
	d.spots.reset()
	d.ranks.reset()
	d.history.reset()
}

// EvidenceLog10 returns log10 of the statistic; it rings at log10 of the threshold.
// Without a change the statistic's mean grows by 1 an observation. At least 0.
func (d *Distribution) EvidenceLog10() float64 {
	sum := d.spots.total()
	for _, v := range d.m {
		sum += v
	}
	return math.Log10(max(sum, 1))
}

// finding dates and names the change by the bet with the most evidence. (By the
// polynomials' means since the change it was named right 179 times in 200 after
// scale × 1.5: so soon after a change they are sums of ten or twenty observations.)
func (d *Distribution) finding() *Finding {
	best, largest := reading{}, -1.0
	for i, v := range d.m {
		if v /= d.bets.weights[i]; v > largest {
			best, largest = d.bets.reads[i], v
		}
	}
	n, sums := d.history.suffix(func(n float64, sums []float64) float64 {
		return best.stake*sums[best.polynomial] - n*best.stake*best.stake*variance(best.polynomial)/2
	})
	count := float64(max(n, 1))
	lead := best.polynomial
	// the observations since have been ranked among themselves, too
	before := max(d.ranks.total+float64(d.ranks.seen)-count, d.ranks.total)
	size := sums[lead] / count / (before / count * math.Log1p(count/before))
	error95 := z95 * math.Sqrt(variance(lead)*(1/count+1/before))
	return &Finding{
		Began: max(n, 1), Direction: direction(lead, size), EvidenceLog10: d.EvidenceLog10(),
		Size: max(min(size, 1), -1), Low: max(size-error95, -1), High: min(size+error95, 1),
	}
}

// variance is that of a polynomial without a change.
func variance(polynomial int) float64 { return 1 / float64(2*polynomial+3) }

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
