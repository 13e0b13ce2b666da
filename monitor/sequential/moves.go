package sequential

// moveShare is how much of the weight of a Categories detector is on bets on moves
// between two groups.
const moveShare = 0.5

// moved is the part of a group that is bet to have moved to another.
const moved = 1.0 / 3

// moves are bets that a part of a group's observations moved to another group, as
// when a class is taken for another: 1 + moved·n/(m+1) where the other group is
// observed and 1 − moved where the first is, with n and m the observations of both so
// far. Among observations of the two the next one is of the second with a
// probability of at most (m+1)/(n+m+1), whatever the shares are, which makes E[L] ≤ 1
// as for Rate. Others say nothing: a statistic M ← L·(M+w) grows by w then, so it is
// kept without what it grew by, n·w, and an observation costs 2 bets a group.
type moves struct {
	k       int
	over    []float64 // by from and to: M − rows·weight
	weights []float64 // of a bet, by from: a group that is large has more to lose
	sum     float64   // of over
	weight  float64   // of all
}

func newMoves(counts []uint64) moves {
	k := len(counts)
	if k < 2 {
		return moves{}
	}
	m := moves{k: k, over: make([]float64, k*k), weights: make([]float64, k), weight: moveShare}
	total := 0.0
	for _, n := range counts {
		total += float64(n) + 1
	}
	for i, n := range counts {
		m.weights[i] = moveShare * (float64(n) + 1) / total / float64(k-1)
	}
	return m
}

// update takes a group, how often each was observed before, and how many
// observations there were before, and returns the sum of all statistics.
func (m *moves) update(group int, counts []float64, rows float64) float64 {
	odds := moved / (counts[group] + 1)
	rows++
	lose := rows * m.weights[group]
	from := m.over[group*m.k:][:len(counts)]
	to := m.over[group:]
	sum := 0.0
	for other, n := range counts {
		if other == group {
			continue
		}
		win, at := rows*m.weights[other], other*m.k
		// L·(M+w) less what it grew by
		won := to[at] + odds*n*(to[at]+win)
		lost := from[other] - moved*(from[other]+lose)
		sum += won - to[at] + (lost - from[other])
		to[at], from[other] = won, lost
	}
	m.sum += sum
	return m.total(rows)
}

// total returns the sum of all statistics after so many observations.
func (m *moves) total(rows float64) float64 { return m.sum + rows*m.weight }

// renew makes the sum what it is.
func (m *moves) renew() {
	m.sum = 0
	for _, v := range m.over {
		m.sum += v
	}
}

func (m *moves) reset() {
	clear(m.over)
	m.sum = 0
}

// state returns the statistics after so many observations.
func (m *moves) state(rows float64) []float64 {
	out := make([]float64, len(m.over))
	for i, v := range m.over {
		out[i] = max(v+rows*m.weights[i/m.k], 0) // less than 0 by rounding alone
	}
	return out
}

func (m *moves) restore(from []float64, rows float64) {
	for i, v := range from {
		m.over[i] = v - rows*m.weights[i/m.k]
	}
	m.renew()
}
