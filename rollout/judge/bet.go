package judge

import (
	"math"
	"slices"
)

// cell is one value that a unit's Z can take, and how many units took it.
type cell struct {
	z float64
	n int64
}

// wager is one batch of one comparison: everything a bet on it depends on.
type wager struct {
	cells [4]cell
	unit  float64 // w(1−w): E[Z] for a difference of 1
}

// trial is the comparison of two shares in one batch.
type trial struct {
	weight float64  // of the candidate
	centre float64  // m; any value in [0, 1] fixed before the batch
	units  [2]int64 // [stable, candidate]
	hits   [2]int64 // units with X = 1
}

// wager tells what Z can be and how often it was.
func (t trial) wager() wager {
	w, m := t.weight, t.centre
	return wager{
		cells: [4]cell{
			{(1 - w) * (1 - m), t.hits[Candidate]},
			{-(1 - w) * m, t.units[Candidate] - t.hits[Candidate]},
			{-w * (1 - m), t.hits[Stable]},
			{w * m, t.units[Stable] - t.hits[Stable]},
		},
		unit: w * (1 - w),
	}
}

// side is what a bet is against.
type side int

const (
	above side = +1 // against "Δ ≤ δ": proves that the difference exceeds δ
	below side = -1 // against "Δ ≥ δ": proves that it is less than δ
)

// The stakes: a geometric grid, because the best stake for a difference Δ
// against δ is about (Δ − δ)/p (p the share of hits), whatever w is, and being
// off by √2 costs a sixth of the growth. 0.05 suits 1 point in 20 %, 100 a
// version that fails every request at 1 % of the traffic. The weights sum to 1
// and favour the stakes for differences like the baseline itself.
var stakes = [...]struct{ lambda, weight float64 }{
	{0.05, 1. / 24},
	{0.1, 2. / 24},
	{0.2, 3. / 24},
	{0.4, 4. / 24},
	{0.8, 4. / 24},
	{1.6, 3. / 24},
	{3.2, 2. / 24},
	{6.4, 1. / 24},
	{12.8, 1. / 24},
	{25.6, 1. / 24},
	{51.2, 1. / 24},
	{102.4, 1. / 24},
}

// ruin is the largest part of the capital that one unit may cost.
const ruin = 0.9

// log returns the logarithm of the factor by which a bet with the stake lambda
// multiplies its capital over the batch.
//
// The stake is cut to where the worst unit costs the share ruin. With that cut
// every factor still does not grow as the null hypothesis moves towards the
// bet, so evidence is monotone in delta and intervals are found by bisection:
// for above, with zm = −min z and c = unit·δ, (z−c)/(zm+c) falls in c.
func (w wager) log(lambda, delta float64, s side) float64 {
	shift := w.unit * delta
	worst := 0.0
	for _, c := range w.cells {
		worst = max(worst, -float64(s)*(c.z-shift))
	}
	if worst > 0 {
		lambda = min(lambda, ruin/worst)
	}
	sum := 0.0
	for _, c := range w.cells {
		if c.n > 0 {
			sum += float64(c.n) * math.Log1p(float64(s)*lambda*(c.z-shift))
		}
	}
	return sum
}

// series is one comparison over the batches of a rollout, in order.
type series struct {
	wagers  []wager
	begins  []float64 // prior weight of the bets that begin with each
	pending float64   // weight of bets that have had nothing to bet on yet
	last    int       // the latest start seen

	// Where it does not matter when a bet began, batches of one phase are one:
	// over all batches, and over those of the present step.
	all, here []wager
}

// addOf appends a batch of the input.
func (s *series) addOf(in *Input, b *Batch, t trial) {
	if b.Generation < in.StepGeneration {
		s.add(t, b.Start)
		s.here = nil
		return
	}
	s.add(t, b.Start)
}

// add appends a batch. Bets that begin with a batch without draws wait for the
// next one with their capital whole.
func (s *series) add(t trial, start int) {
	s.begin(start)
	if t.weight <= 0 || t.weight >= 1 || t.units[Stable]+t.units[Candidate] == 0 {
		return // nobody drew, or nothing was seen: Z is 0
	}
	s.bet(t.wager())
}

// begin opens the bets that begin with a batch; strata of one phase share one.
func (s *series) begin(start int) {
	if start > s.last {
		s.last = start
		s.pending += startWeight(start)
	}
}

// bet appends a wager that takes the money of all bets waiting.
func (s *series) bet(w wager) {
	s.wagers = append(s.wagers, w)
	s.all, s.here = together(s.all, w), together(s.here, w)
	s.begins = append(s.begins, s.pending)
	s.pending = 0
}

// The prior weight of bets by where they begin: most on the start of the
// rollout, the rest on later batches, so that a candidate that turned bad is
// not acquitted by its past.
const firstStart = 0.8

// together adds a wager to the last of a list if its units draw alike.
func together(list []wager, w wager) []wager {
	if n := len(list); n > 0 {
		last := &list[n-1]
		alike := last.unit == w.unit
		for i := range w.cells {
			alike = alike && last.cells[i].z == w.cells[i].z
		}
		if alike {
			for i := range w.cells {
				last.cells[i].n += w.cells[i].n
			}
			return list
		}
	}
	return append(list, w)
}

// startWeight is the prior weight of the bets that begin with batch number j ≥ 1:
// 0.8, then 0.2/((j−1)j); they sum to 1.
func startWeight(j int) float64 {
	if j <= 1 {
		return firstStart
	}
	return (1 - firstStart) / (float64(j-1) * float64(j))
}

// fresh returns the log evidence for Δ > delta, averaged over stakes and over
// beginnings. P(it ever reaches log(1/α)) ≤ α while Δ ≤ delta.
func (s *series) fresh(delta float64) float64 {
	// Bets that are still to begin hold their money: Σ over j > last of 0.2/((j−1)j).
	held := (1 - firstStart) / float64(max(s.last, 1))
	if s.last == 0 {
		held = 1
	}
	total := math.Log(held + s.pending)
	var capital [len(stakes)]float64
	for i, v := range slices.Backward(s.wagers) {
		for k, stake := range stakes {
			capital[k] += v.log(stake.lambda, delta, above)
			total = logAdd(total, math.Log(s.begins[i]*stake.weight)+capital[k])
		}
	}
	return total
}

// whole returns the log evidence of bets on all batches for Δ on side s of
// delta, averaged over stakes, with the same guarantee.
func (s *series) whole(delta float64, bet side) float64 {
	total := math.Inf(-1)
	for _, stake := range stakes {
		total = logAdd(total, math.Log(stake.weight)+s.stake(stake.lambda, delta, bet))
	}
	return total
}

// step is the comparison at the present step alone.
func (s *series) step() *series { return &series{all: s.here} }

// telling is the comparison from the batch on whose bets against delta have won
// most: where a candidate that turned bad did so.
func (s *series) telling(delta float64) *series {
	var capital [len(stakes)]float64
	from, most := 0, math.Inf(-1)
	for i, v := range slices.Backward(s.wagers) {
		won := math.Inf(-1)
		for k, stake := range stakes {
			capital[k] += v.log(stake.lambda, delta, above)
			won = logAdd(won, math.Log(s.begins[i]*stake.weight)+capital[k])
		}
		if won > most {
			from, most = i, won
		}
	}
	latest := &series{wagers: s.wagers[from:]}
	for _, w := range latest.wagers {
		latest.all = together(latest.all, w)
	}
	return latest
}

func (s *series) stake(lambda, delta float64, bet side) float64 {
	sum := 0.0
	for _, w := range s.all {
		sum += w.log(lambda, delta, bet)
	}
	return sum
}

// growth returns the best stake's log evidence per unit, for forecasts only:
// choosing the best afterwards is not a test.
func (s *series) growth(delta float64, bet side) float64 {
	var units int64
	for _, w := range s.all {
		for _, c := range w.cells {
			units += c.n
		}
	}
	if units == 0 {
		return 0
	}
	best := 0.0
	for _, stake := range stakes {
		best = max(best, s.stake(stake.lambda, delta, bet))
	}
	return best / float64(units)
}

// lower returns the largest δ such that all below it are excluded at level:
// P(it ever exceeds Δ) ≤ level.
func (s *series) lower(level float64) float64 {
	return s.bisect(func(d float64) bool { return s.fresh(d) >= -math.Log(level) }, -1, 1)
}

// upper is the mirror image, from the evidence that a pass uses.
func (s *series) upper(level float64) float64 {
	return s.bisect(func(d float64) bool { return s.whole(d, below) >= -math.Log(level) }, 1, -1)
}

// bisect moves from the end where the hypothesis is excluded to the border.
func (s *series) bisect(excluded func(float64) bool, from, to float64) float64 {
	if len(s.all) == 0 || !excluded(from) {
		return from
	}
	for range 16 {
		if mid := (from + to) / 2; excluded(mid) {
			from = mid
		} else {
			to = mid
		}
	}
	return from
}

// logAdd returns log(e^a + e^b).
func logAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if b < a-40 || math.IsInf(b, -1) { // less than a rounding error
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}
