package sequential

// pairShare is how much of the weight of a Categories detector is on bets on moves
// between two groups.
const pairShare = 0.5

// moved is the part of a group that is bet to have moved to another.
const moved = 1.0 / 3

// pairs are bets that a part of a group's observations moved to another group, as
// when a class is taken for another: 1 + moved·n/(m+1) where the other group is
// observed and 1 − moved where the first is, with n and m the observations of both so
// far. Among observations of the two the next one is of the second with a
// probability of at most (m+1)/(n+m+1), whatever the shares are, which makes E[L] ≤ 1
// as for Rate. Others say nothing: a statistic M ← L·(M+w) grows by w then, so it is
// kept without what it grew by, n·w, and an observation costs 2 bets a group.
type pairs struct {
	k       int
	over    []float64 // by from and to: M − rows·weight
	weights []float64 // of a bet, by from: a group that is large has more to lose
	sum     float64   // of over
	weight  float64   // of all
}

func newPairs(counts []uint64) pairs {
	k := len(counts)
	if k < 2 {
		return pairs{}
	}
	p := pairs{k: k, over: make([]float64, k*k), weights: make([]float64, k), weight: pairShare}
	total := 0.0
	for _, n := range counts {
		total += float64(n) + 1
	}
	for i, n := range counts {
		p.weights[i] = pairShare * (float64(n) + 1) / total / float64(k-1)
	}
	return p
}

// update takes a group, how often each was observed before, and how many
// observations there were before, and returns the sum of all statistics.
func (p *pairs) update(group int, counts []float64, rows float64) float64 {
	odds := moved / (counts[group] + 1)
	rows++
	lose := rows * p.weights[group]
	from := p.over[group*p.k:][:len(counts)]
	to := p.over[group:]
	sum := 0.0
	for other, n := range counts {
		if other == group {
			continue
		}
		win, at := rows*p.weights[other], other*p.k
		// L·(M+w) less what it grew by
		won := to[at] + odds*n*(to[at]+win)
		lost := from[other] - moved*(from[other]+lose)
		sum += won - to[at] + (lost - from[other])
		to[at], from[other] = won, lost
	}
	p.sum += sum
	return p.total(rows)
}

// total returns the sum of all statistics after so many observations.
func (p *pairs) total(rows float64) float64 { return p.sum + rows*p.weight }

// renew makes the sum what it is.
func (p *pairs) renew() {
	p.sum = 0
	for _, v := range p.over {
		p.sum += v
	}
}

func (p *pairs) reset() {
	clear(p.over)
	p.sum = 0
}

// state returns the statistics after so many observations.
func (p *pairs) state(rows float64) []float64 {
	m := make([]float64, len(p.over))
	for i, v := range p.over {
		m[i] = max(v+rows*p.weights[i/p.k], 0) // less than 0 by rounding alone
	}
	return m
}

func (p *pairs) restore(m []float64, rows float64) {
	for i, v := range m {
		p.over[i] = v - rows*p.weights[i/p.k]
	}
	p.renew()
}
