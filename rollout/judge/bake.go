package judge

import "math"

// Bake judges the candidate after it got all the traffic. There is no control
// any more, so only failures are judged, and against the past: the stable's
// recorded share of failures plus the margin. An outage that is nobody's fault
// looks like the candidate's here, which it does not before 100 %.
type Bake struct {
	Margin float64 // percentage points
	// Level is the chance of a Fail while failures are no more frequent than
	// the stable's were: half for the recorded share being estimated, half for
	// the test.
	Level float64
	// Before are the stable's units and failures while it was compared.
	BeforeUnits, BeforeErrors int64
	// After are the batches at 100 %, with starts from 1; the candidate's counts stand under
	// [Stable], the version all of whose traffic it is.
	After []Batch
}

// Judge returns Fail when failures have become more frequent, else Hold: a bake
// passes by its time. Without a past it is Error.
func (b Bake) Judge() Verdict {
	v := Verdict{
		Metric: MetricErrors, Outcome: Hold, Margin: b.Margin / 100, Allowed: b.Margin / 100,
		StableUnits: b.BeforeUnits, FailThreshold: -math.Log10(b.Level / 2), Low: -1, High: 1,
	}
	past := rateUpper(b.BeforeErrors, b.BeforeUnits, b.Level/2)
	limit := min(past+v.Margin, 1)
	var s series
	var errors int64
	for i := range b.After {
		counts := &b.After[i].Counts
		n, x := counts.Units[Stable], counts.Errors[Stable]
		v.CandidateUnits += n
		errors += x
		s.begin(b.After[i].Start)
		if n > 0 && limit < 1 {
			s.bet(wager{cells: [4]cell{{1 - limit, x}, {-limit, n - x}}})
		}
	}
	v.FailEvidence = log10(s.fresh(0))
	if v.FailEvidence >= v.FailThreshold {
		v.Outcome = Fail
		// The numbers of when it was worse, not diluted by when it was not.
		latest := s.telling(0)
		v.CandidateUnits, errors = 0, 0
		for _, w := range latest.all {
			v.CandidateUnits += w.cells[0].n + w.cells[1].n
			errors += w.cells[0].n
		}
		v.StableUnits = b.BeforeUnits
	}
	if b.BeforeUnits > 0 {
		v.Stable = float64(b.BeforeErrors) / float64(b.BeforeUnits)
	}
	if v.CandidateUnits > 0 {
		v.Candidate = float64(errors) / float64(v.CandidateUnits)
		v.Difference = v.Candidate - v.Stable
		v.Low = max(rateLower(errors, v.CandidateUnits, b.Level/2)-past, -1)
		v.High = rateUpper(errors, v.CandidateUnits, b.Level/2)
	}
	if b.BeforeUnits == 0 { // no limit: nothing could ever fail
		v.Outcome = Error
	}
	v.Words = bakeWords(&v)
	return v
}

// rateUpper returns an upper bound of a share from x hits in n, valid at all n
// together: P(it is ever below the share) ≤ level. Robbins' beta-binomial
// mixture with the Jeffreys prior; n was not fixed before, so Clopper-Pearson
// would not do.
func rateUpper(x, n int64, level float64) float64 {
	return rateBound(x, n, level, 1)
}

// rateLower is the mirror image.
func rateLower(x, n int64, level float64) float64 {
	return rateBound(x, n, level, 0)
}

func rateBound(x, n int64, level, from float64) float64 {
	if n == 0 {
		return from
	}
	hits, misses := float64(x), float64(n-x)
	marginal := logBeta(hits+0.5, misses+0.5) - logBeta(0.5, 0.5)
	excluded := func(p float64) bool {
		return marginal-xlogp(hits, p)-xlogp(misses, 1-p) >= -math.Log(level)
	}
	if !excluded(from) {
		return from
	}
	to := hits / float64(n)
	for range 40 {
		if mid := (from + to) / 2; excluded(mid) {
			from = mid
		} else {
			to = mid
		}
	}
	return from
}

func logBeta(a, b float64) float64 {
	la, _ := math.Lgamma(a)
	lb, _ := math.Lgamma(b)
	lab, _ := math.Lgamma(a + b)
	return la + lb - lab
}

// xlogp is x·log p with 0·log 0 = 0.
func xlogp(x, p float64) float64 {
	if x == 0 {
		return 0
	}
	return x * math.Log(p)
}
