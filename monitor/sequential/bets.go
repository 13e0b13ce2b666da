package sequential

import "math"

// Numbers of bets of each kind, in the table's order.
const (
	shifts = 10 // a normal distribution moved
	scales = 6  // and stretched
	shapes = 4  // P₃ and P₄, up and down

	bets = shifts + scales + shapes
)

// slots is how many cells the bets have: those of the ranks, of which the first and
// the last are cut in tailCuts. It is there that a wider distribution shows: the
// delay after scale × 1.5 is 43 observations with the cuts and 51 without.
const (
	tailCuts = 8
	slots    = cells - 2 + 2*tailCuts
)

// slot returns the slot of a rank in [0,1].
func slot(p float64) int {
	i := int(p * cells)
	switch {
	case i <= 0:
		return max(int(p*(cells*tailCuts)), 0)
	case i >= cells-1:
		return min(int((p-1)*(cells*tailCuts)+tailCuts), tailCuts-1) + cells - 2 + tailCuts
	}
	return i - 1 + tailCuts
}

// edge returns where a slot begins.
func edge(slot int) float64 {
	switch {
	case slot < tailCuts:
		return float64(slot) / (cells * tailCuts)
	case slot > slots-tailCuts:
		return 1 - float64(slots-slot)/(cells*tailCuts)
	}
	return float64(slot-tailCuts+1) / cells
}

// betTable holds densities on (0,1), constant on slots: what each bet pays for a
// rank in a slot. The mean of a bet over (0,1) is 1. Immutable.
type betTable struct {
	pays    [slots][bets]float64
	weights [bets]float64 // sum 1 with those of the spots
	reads   [bets]reading
	spots   [spotKinds]spotKind
}

// reading is how a bet is told to people: by the polynomial that its change moves
// most, with a sign, and the stake on it that is nearest to the bet.
type reading struct {
	polynomial int
	stake      float64
}

var table = newBetTable() //nolint:gochecknoglobals // a constant table of 64·20 numbers

// newBetTable makes the bets. The weights are what decides the delay beside an
// oracle: a bet of weight w is late by log(1/w) over its growth, which small shifts
// can afford least.
func newBetTable() *betTable {
	b := &betTable{spots: newSpotKinds()}
	i := 0
	add := func(weight float64, mass func(low, high float64) float64) {
		const hedge = 0.03 // no single observation ruins a bet
		for c := range slots {
			low, high := edge(c), edge(c+1)
			b.pays[c][i] = hedge + (1-hedge)*mass(low, high)/(high-low)
		}
		b.weights[i] = weight
		i++
	}
	for k, shift := range []float64{0.1, 0.2, 0.4, 0.8, 1.5} {
		weight := []float64{0.105, 0.065, 0.05, 0.035, 0.025}[k]
		for _, sign := range []float64{1, -1} {
			b.reads[i] = reading{0, sign * min(1.7*shift, 0.9)}
			add(weight, func(low, high float64) float64 {
				return gauss(quantile(high)-sign*shift) - gauss(quantile(low)-sign*shift)
			})
		}
	}
	for k, scale := range []float64{1.2, 1.5, 2.2, 1 / 1.2, 1 / 1.5, 1 / 2.5} {
		stake := []float64{0.3, 0.6, 0.9, -0.3, -0.6, -0.9}[k]
		b.reads[i] = reading{1, stake}
		weight := []float64{0.04, 0.06, 0.04, 0.04, 0.04, 0.04}[k]
		add(weight, func(low, high float64) float64 {
			return gauss(quantile(high)/scale) - gauss(quantile(low)/scale)
		})
	}
	for _, stake := range []float64{0.4, -0.4} {
		b.reads[i] = reading{2, stake}
		add(0.025, func(low, high float64) float64 { return high - low + stake*(integral3(high)-integral3(low)) })
		b.reads[i] = reading{3, stake}
		add(0.025, func(low, high float64) float64 { return high - low + stake*(integral4(high)-integral4(low)) })
	}
	return b
}

// gauss is the normal distribution function and quantile its inverse.
func gauss(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

func quantile(p float64) float64 { return -math.Sqrt2 * math.Erfinv(1-2*p) }

// The integrals of P₃ and P₄, shifted to (0,1).
func integral3(u float64) float64 {
	t := 2*u - 1
	return (5*t*t*t*t - 6*t*t + 1) / 16
}

func integral4(u float64) float64 {
	t := 2*u - 1
	return (7*t*t*t*t*t - 10*t*t*t + 3*t) / 16
}
