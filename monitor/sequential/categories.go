package sequential

import "math"

// MaxGroups is the largest number of groups of a Categories detector.
const MaxGroups = 12

// groupRatios are the factors by which a group's share is bet to have moved, up and
// down. (Four factors cost twice as much for a mean delay of 186 ± 5 instead of 190
// ± 6 observations in TestAChangedCategoryIsFoundAndNamed.)
var groupRatios = [...]float64{1.5, 3} //nolint:gochecknoglobals // a constant table

// Categories detects a change of the shares of up to MaxGroups groups, such as the
// classes of a prediction: it bets on each of them, up and down, like Rate, and on
// moves from each to each other, and averages. The guarantee is that of Rate, for all
// groups at once.
type Categories struct {
	a         alternatives
	m         []quad
	weights   []float64 // of the quads, for each of the four
	threshold float64
	reference []counted
	seen      []float64
	rows      float64 // seen
	stale     int     // observations since the factors were made
	moves     moves
	known     []float64 // observations of each group, in reference and stream
	rearm     rearm
	history   history
}

// NewCategories returns a detector against the reference counts of the groups; it
// keeps the first MaxGroups of them.
func NewCategories(counts []uint64, threshold float64) *Categories {
	rows := uint64(0)
	for _, n := range counts {
		rows += n
	}
	counts = counts[:min(len(counts), MaxGroups)]
	k := len(counts)
	c := &Categories{
		a: alternatives{make([]quad, k), make([]quad, k)}, m: make([]quad, k), weights: make([]float64, k),
		moves: newMoves(counts), known: make([]float64, k),
		threshold: threshold, seen: make([]float64, k), history: newHistory(k),
	}
	for i, n := range counts {
		c.reference = append(c.reference, counted{float64(n), float64(rows)})
		c.weights[i] = (1 - c.moves.weight) / float64(k*len(quad{}))
	}
	c.refresh()
	return c
}

// refresh makes the factors of the bets from what is known by now.
func (c *Categories) refresh() {
	c.moves.renew()
	for k, reference := range c.reference {
		c.known[k] = reference.hits + c.seen[k]
		low, high := reference.plus(counted{c.seen[k], c.rows}).bounds()
		var hit, miss quad // bets that there cannot be lose everything, which keeps a quad a share
		for i, r := range groupRatios {
			if high > 0 && high < 1 {
				hit[i], miss[i] = factors(high, above(high, r))
			}
			if low > 0 && low < 1 {
				hit[i+2], miss[i+2] = factors(low, below(low, r))
			}
		}
		c.a.hit[k], c.a.miss[k] = hit, miss
	}
	c.stale = 0
}

// Update takes the group of one observation, 0 ≤ group < number of groups, and
// reports an alarm with what is behind it.
//
// Fast path: a multiplication and some additions a bet (BenchmarkCategoriesUpdate).
func (c *Categories) Update(group int) (*Finding, bool) {
	if len(c.m) == 0 {
		return nil, false
	}
	if c.stale == refreshMiss {
		c.refresh()
	}
	c.stale++
	next := group + 1
	sum := step(c.m[:group], c.a.miss[:group], c.weights) +
		step(c.m[group:next], c.a.hit[group:next], c.weights) +
		step(c.m[next:], c.a.miss[next:], c.weights)
	if c.moves.k > 0 {
		sum += c.moves.update(group, c.known, c.rows)
	}
	c.known[group]++
	c.seen[group]++
	c.rows++
	c.history.current[group]++
	c.history.tick()
	c.rearm.tick()
	if sum < c.threshold {
		return nil, false
	}
	var found *Finding
	ring := c.rearm.ring()
	if ring {
		found = c.finding()
	}
	c.reset()
	return found, ring
}

func (c *Categories) reset() {
	clear(c.m)
	clear(c.seen)
	c.moves.reset()
	c.rows = 0
	c.history.reset()
	c.refresh()
}

// EvidenceLog10 returns log10 of the statistic, at least 0.
func (c *Categories) EvidenceLog10() float64 {
	return math.Log10(max(total(c.m, c.weights)+c.moves.total(c.rows), 1))
}

func (c *Categories) finding() *Finding {
	group, k := leading(c.m)
	reference := c.reference[group]
	f := shareFinding(&c.history, group, c.a.hit[group][k], c.a.miss[group][k], share(reference), max(reference.rows, 1))
	f.Group = group
	f.EvidenceLog10 = c.EvidenceLog10()
	return f
}
