package sequential

import "math"

// ratios are the factors by which a rate is bet to have moved, and farRatios those
// by which what hardly ever occurs is bet to have risen.
//
//nolint:gochecknoglobals // constant tables
var (
	ratios    = quad{1.25, 1.5, 2, 4}
	farRatios = quad{8, 20, 50, 200}
)

// quad is one bet in one direction with each of the ratios: their factors, or
// their statistics. Fixed size, so that the loop of step has no bounds checks and
// four sums that do not wait for each other.
type quad [4]float64

// alternatives is a list of fixed bets on one share: L = hit where it occurs, miss
// where it does not.
type alternatives struct {
	hit, miss []quad
}

// up are bets that the share rose above p: q/p on a hit and (1−q)/(1−p) else, with
// q = p·r, or the odds of not occurring divided by r where that is less. E[L] ≤ 1
// for every true share ≤ p. For p ≥ 1 they lose everything.
func up(p float64, by quad) (hit, miss quad) {
	if p <= 0 || p >= 1 {
		return hit, miss
	}
	for i, r := range by {
		hit[i], miss[i] = factors(p, above(p, r))
	}
	return hit, miss
}

// down mirrors up; for p = 0 they lose everything.
func down(p float64, by quad) (hit, miss quad) {
	if p <= 0 || p >= 1 {
		return hit, miss
	}
	for i, r := range by {
		hit[i], miss[i] = factors(p, below(p, r))
	}
	return hit, miss
}

func above(p, r float64) float64 { return min(p*r, 1-(1-p)/r) }
func below(p, r float64) float64 { return max(p/r, 1-(1-p)*r) }

func factors(p, q float64) (hit, miss float64) { return q / p, (1 - q) / (1 - p) }

// step advances Shiryaev-Roberts statistics by the factors f and returns their sum
// by weight.
func step(m, f []quad, weights []float64) float64 {
	f, weights = f[:len(m)], weights[:len(m)]
	sum := 0.0
	for i := range m {
		a, b := &m[i], &f[i]
		a[0] = b[0] * (a[0] + 1)
		a[1] = b[1] * (a[1] + 1)
		a[2] = b[2] * (a[2] + 1)
		a[3] = b[3] * (a[3] + 1)
		sum += weights[i] * (a[0] + a[1] + (a[2] + a[3]))
	}
	return sum
}

// counted is how often something occurred in how many observations.
type counted struct{ hits, rows float64 }

// bounds are the probabilities of a hit that an upward and a downward bet on the
// next observation may not exceed in favour: what its rank among all observations
// so far leaves to ties is counted against the bet, (hits+1)/(rows+1) and
// hits/(rows+1).
func (c counted) bounds() (low, high float64) {
	return c.hits / (c.rows + 1), (c.hits + 1) / (c.rows + 1)
}

func (c counted) plus(other counted) counted {
	return counted{c.hits + other.hits, c.rows + other.rows}
}

// Observations for which the factors of bets are kept: at least, where a hit calls
// for new ones, and at most.
const (
	refreshHit  = 16
	refreshMiss = 64
)

// Rate detects a change of the share of observations in which something occurs,
// such as a missing value, upward or in both directions. It bets against the share
// among the reference and all that it has seen since, as Distribution does, so that
// a reference that is a little off is learned away. Guarantee: mean run length ≥
// threshold if both are independent draws of one share, on average over references.
type Rate struct {
	a         alternatives // up near and far, then down
	m         []quad
	weights   []float64 // of the quads, for each of the four; sum 1/4
	threshold float64
	reference counted
	seen      counted
	stale     uint64 // observations since the factors were made
	lazy      bool   // upward only
	skipped   uint64 // misses not yet in m
	rearm     rearm
	history   history
}

// NewRate returns a detector against hits of rows reference observations; both adds
// the downward direction.
func NewRate(hits, rows uint64, both bool, threshold float64) *Rate {
	r := &Rate{
		reference: counted{float64(min(hits, rows)), float64(rows)}, threshold: threshold, history: newHistory(1),
		lazy: !both || hits == 0 || rows == 0, weights: []float64{0.6 / 4, 0.4 / 4},
	}
	if !r.lazy {
		r.weights = []float64{0.45 / 4, 0.1 / 4, 0.45 / 4}
	}
	r.m = make([]quad, len(r.weights))
	r.a = alternatives{make([]quad, len(r.m)), make([]quad, len(r.m))}
	r.refresh()
	return r
}

// refresh makes the factors of the bets from what is known by now.
func (r *Rate) refresh() {
	low, high := r.reference.plus(r.seen).bounds()
	r.a.hit[0], r.a.miss[0] = up(high, ratios)
	r.a.hit[1], r.a.miss[1] = up(high, farRatios)
	if len(r.m) > 2 {
		r.a.hit[2], r.a.miss[2] = down(low, ratios)
	}
	r.stale = 0
}

// Update takes one observation and reports an alarm with what is behind it. An
// upward detector rings at hits only.
//
// Fast path: for an upward detector, of which most models have several a feature
// and which hardly ever see a hit, a miss is a counter (BenchmarkRateMiss: 5 ns;
// in both directions, where nothing can be skipped, BenchmarkRateUpdate has 15); the
// next hit makes up for it in closed form.
func (r *Rate) Update(hit bool) (*Finding, bool) {
	r.rearm.tick()
	if hit {
		r.history.current[0]++
	}
	r.history.tick()
	r.stale++
	if r.lazy && !hit {
		r.skipped++
		r.seen.rows++
		return nil, false
	}
	return r.update(hit)
}

func (r *Rate) update(hit bool) (*Finding, bool) {
	r.settle()
	if hit && r.stale > refreshHit || len(r.m) > 2 && r.stale > refreshMiss {
		r.refresh() // upward alone at hits only: what a miss teaches until then would favour the bets
	}
	r.seen.rows++
	f := r.a.miss
	if hit {
		r.seen.hits++
		f = r.a.hit
	}
	if step(r.m, f, r.weights) < r.threshold {
		return nil, false
	}
	var found *Finding
	ring := r.rearm.ring()
	if ring {
		found = r.finding()
	}
	r.reset()
	return found, ring
}

// settle applies the skipped misses: k times M ← c·(M+1) is c^k·M + c·(1−c^k)/(1−c).
func (r *Rate) settle() {
	if r.skipped == 0 {
		return
	}
	k := float64(r.skipped)
	r.skipped = 0
	for i := range r.m {
		for j, c := range r.a.miss[i] {
			power := math.Pow(c, k)
			geometric := k
			if c < 1 {
				geometric = c * (1 - power) / (1 - c)
			}
			r.m[i][j] = power*r.m[i][j] + geometric
		}
	}
}

func (r *Rate) reset() {
	clear(r.m)
	r.skipped = 0
	r.seen = counted{}
	r.history.reset()
	r.refresh()
}

// EvidenceLog10 returns log10 of the statistic, at least 0.
func (r *Rate) EvidenceLog10() float64 {
	r.settle()
	return evidence(r.m, r.weights)
}

func (r *Rate) finding() *Finding {
	i, k := leading(r.m)
	f := shareFinding(&r.history, 0, r.a.hit[i][k], r.a.miss[i][k], share(r.reference), max(r.reference.rows, 1))
	f.EvidenceLog10 = evidence(r.m, r.weights)
	return f
}

func evidence(m []quad, weights []float64) float64 { return math.Log10(max(total(m, weights), 1)) }

// total is the sum of statistics by weight.
func total(m []quad, weights []float64) float64 {
	sum := 0.0
	for i, q := range m {
		sum += weights[i] * (q[0] + q[1] + q[2] + q[3])
	}
	return sum
}

func share(c counted) float64 { return c.hits / max(c.rows, 1) }

// leading returns the largest statistic's place.
func leading(m []quad) (bet, ratio int) {
	for i := range m {
		for k, v := range m[i] {
			if v > m[bet][ratio] {
				bet, ratio = i, k
			}
		}
	}
	return bet, ratio
}

// shareFinding dates and measures the change of the share at index k of a history.
func shareFinding(h *history, k int, hit, miss, reference, rows float64) *Finding {
	lh, lm := math.Log(hit), math.Log(miss)
	n, sums := h.suffix(func(n float64, sums []float64) float64 {
		return sums[k]*lh + (n-sums[k])*lm
	})
	count := float64(max(n, 1))
	p := sums[k] / count
	size := p - reference
	// Agresti-Coull: the plain standard error is 0 where everything or nothing hit
	adjusted := (sums[k] + 2) / (count + 4)
	margin := z95 * math.Sqrt(adjusted*(1-adjusted)/(count+4)+reference*(1-reference)/rows)
	f := &Finding{Began: max(n, 1), Direction: Up, Size: size, Low: max(size-margin, -1), High: min(size+margin, 1)}
	if size < 0 {
		f.Direction = Down
	}
	return f
}
