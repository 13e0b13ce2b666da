package sequential

import "math"

// ratios are the factors by which a rate is bet to have moved.
var ratios = [...]float64{1.25, 1.5, 2, 4} //nolint:gochecknoglobals // a constant table

// quad is one bet in one direction with each of the ratios: their factors, or
// their statistics. Fixed size, so that the loop of step has no bounds checks and
// four sums that do not wait for each other.
type quad [len(ratios)]float64

// alternatives is a list of fixed bets on one share: L = hit where it occurs, miss
// where it does not.
type alternatives struct {
	hit, miss []quad
}

// addUp adds bets that the share rose above the bound p: q/p on a hit and
// (1−q)/(1−p) else, with q = p·r, or the odds of not occurring divided by r where
// that is less. E[L] ≤ 1 for every true share ≤ p. There are none for p ≥ 1.
func (a *alternatives) addUp(p float64) {
	if p <= 0 || p >= 1 {
		return
	}
	var hit, miss quad
	for i, r := range ratios {
		hit[i], miss[i] = factors(p, above(p, r))
	}
	a.hit, a.miss = append(a.hit, hit), append(a.miss, miss)
}

// addDown mirrors addUp for a lower bound p; there are none for p = 0.
func (a *alternatives) addDown(p float64) {
	if p <= 0 || p >= 1 {
		return
	}
	var hit, miss quad
	for i, r := range ratios {
		hit[i], miss[i] = factors(p, below(p, r))
	}
	a.hit, a.miss = append(a.hit, hit), append(a.miss, miss)
}

// addBoth adds two bets a direction; those that there cannot be are bets that
// lose everything, which keeps a quad a share.
func (a *alternatives) addBoth(low, high float64) {
	var hit, miss quad
	for i, r := range [...]float64{1.5, 3} {
		if high > 0 && high < 1 {
			hit[i], miss[i] = factors(high, above(high, r))
		}
		if low > 0 && low < 1 {
			hit[i+2], miss[i+2] = factors(low, below(low, r))
		}
	}
	a.hit, a.miss = append(a.hit, hit), append(a.miss, miss)
}

func above(p, r float64) float64 { return min(p*r, 1-(1-p)/r) }
func below(p, r float64) float64 { return max(p/r, 1-(1-p)*r) }

func factors(p, q float64) (hit, miss float64) { return q / p, (1 - q) / (1 - p) }

// step advances Shiryaev-Roberts statistics by the factors f and returns their sum.
func step(m, f []quad) float64 {
	f = f[:len(m)]
	var s quad
	for i := range m {
		a, b := &m[i], &f[i]
		a[0] = b[0] * (a[0] + 1)
		a[1] = b[1] * (a[1] + 1)
		a[2] = b[2] * (a[2] + 1)
		a[3] = b[3] * (a[3] + 1)
		s[0] += a[0]
		s[1] += a[1]
		s[2] += a[2]
		s[3] += a[3]
	}
	return s[0] + s[1] + s[2] + s[3]
}

// Rate detects a change of the share of observations in which something occurs,
// such as a missing value, upward or in both directions. Guarantee: mean run length
// ≥ threshold whenever the true share lies within the Clopper-Pearson bounds of the
// reference, one-sided error 0.00135 each (three sigma).
type Rate struct {
	a         alternatives
	m         []quad
	threshold float64 // times the number of bets, of the sum
	share     float64 // of the reference
	rows      float64
	lazy      bool   // upward only
	skipped   uint64 // misses not yet in m
	rearm     rearm
	history   history
}

// NewRate returns a detector against hits of rows reference observations; both adds
// the downward direction.
func NewRate(hits, rows uint64, both bool, threshold float64) *Rate {
	low, high := clopperPearson(hits, rows)
	r := &Rate{share: share(hits, rows), rows: float64(max(rows, 1)), history: newHistory(1)}
	r.a.addUp(high)
	r.lazy = !both || low <= 0
	if !r.lazy {
		r.a.addDown(low)
	}
	r.m = make([]quad, len(r.a.hit))
	r.threshold = threshold * float64(len(r.m)*len(ratios))
	return r
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
	if r.lazy && !hit {
		r.skipped++
		return nil, false
	}
	return r.update(hit)
}

func (r *Rate) update(hit bool) (*Finding, bool) {
	r.settle()
	f := r.a.miss
	if hit {
		f = r.a.hit
	}
	sum := step(r.m, f)
	if sum < r.threshold || len(r.m) == 0 {
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
	r.history.reset()
}

// EvidenceLog10 returns log10 of the statistic, at least 0.
func (r *Rate) EvidenceLog10() float64 {
	r.settle()
	return evidence(r.m)
}

func (r *Rate) finding() *Finding {
	i, k := leading(r.m)
	f := shareFinding(&r.history, 0, r.a.hit[i][k], r.a.miss[i][k], r.share, r.rows)
	f.EvidenceLog10 = evidence(r.m)
	return f
}

func evidence(m []quad) float64 {
	sum := 0.0
	for _, q := range m {
		sum += q[0] + q[1] + q[2] + q[3]
	}
	return math.Log10(max(sum/float64(max(len(m)*len(ratios), 1)), 1))
}

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
