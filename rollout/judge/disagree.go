package judge

import (
	"fmt"
	"math"
	"time"
)

// MetricDisagreement is judged on copies, before the candidate answers anybody.
const MetricDisagreement = "disagreement"

// Pairs are answers to one request by the version that served it and by the
// candidate, which got a copy. Only requests that were answered well are pairs;
// of an answer with several rows the first one is compared, because its rows
// are no independent draws.
type Pairs struct {
	Since     time.Time `json:"since,omitzero"` // when counting began; another one means that the counts began anew
	Compared  int64     `json:"compared"`
	Disagreed int64     `json:"disagreed"` // other answers, failures and shapes that can't be compared
}

// Disagreement judges pairs against a limit. The two answers are to one
// request, so there is nothing to draw: a bet on each pair against "it disagrees
// with a chance of at most Max" (for a failure) or "of at least Max" (for a
// pass), given all pairs before. P(Fail ever | the first) ≤ FailLevel and
// P(Pass ever | the second) ≤ PassLevel, however often one looks.
type Disagreement struct {
	Max      float64 // in (0, 1)
	MinPairs int64   // less is never a pass
	// FailLevel and PassLevel are the chances of either error.
	FailLevel, PassLevel float64
	Pairs                Pairs
}

// Judge returns the verdict.
func (d Disagreement) Judge() Verdict {
	n, x := d.Pairs.Compared, d.Pairs.Disagreed
	v := Verdict{
		Metric: MetricDisagreement, Outcome: Hold, Margin: d.Max, Allowed: d.Max, CandidateUnits: n, StableUnits: n,
		FailThreshold: -math.Log10(d.FailLevel), PassThreshold: -math.Log10(d.PassLevel), High: 1,
	}
	if n == 0 {
		v.Words = "disagreement: no copy has been compared yet"
		return v
	}
	s := series{all: []wager{{cells: [4]cell{{1 - d.Max, x}, {-d.Max, n - x}}, unit: 1}}}
	bad, good := s.whole(0, above), s.whole(0, below)
	v.FailEvidence, v.PassEvidence = log10(bad), log10(good)
	v.Candidate = float64(x) / float64(n)
	v.Difference = v.Candidate
	v.Low = d.Max + s.bisect(func(e float64) bool { return s.whole(e, above) >= -math.Log(d.FailLevel) }, -d.Max, 1-d.Max)
	v.High = d.Max + s.bisect(func(e float64) bool { return s.whole(e, below) >= -math.Log(d.PassLevel) }, 1-d.Max, -d.Max)
	switch {
	case v.FailEvidence >= v.FailThreshold:
		v.Outcome = Fail
	case n < d.MinPairs:
		v.More = d.MinPairs - n
	case v.PassEvidence >= v.PassThreshold:
		v.Outcome = Pass
	default:
		v.More = more(s.growth(0, below), 1, -math.Log(d.PassLevel)-good)
	}
	v.Words = d.words(&v)
	return v
}

func (d Disagreement) words(v *Verdict) string {
	conclusion := "not decided yet"
	switch {
	case v.Outcome == Fail:
		conclusion = "more, proven"
	case v.Outcome == Pass:
		conclusion = "no more, proven"
	case v.CandidateUnits < d.MinPairs:
		conclusion = fmt.Sprintf("%d of %d pairs", v.CandidateUnits, d.MinPairs)
	case v.More > 0:
		conclusion += fmt.Sprintf(", about %d more pairs at this rate", v.More)
	}
	return fmt.Sprintf("disagreement: %s %% of %d copies (%s … %s), at most %s %%: %s",
		percent(v.Candidate), v.CandidateUnits, percent(v.Low), percent(v.High), percent(d.Max), conclusion)
}
