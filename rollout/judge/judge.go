package judge

import "math"

// Input is all that a judgement depends on.
type Input struct {
	Guardrails []Guardrail
	// FalseAlarm is the chance that an equally good version is ever failed,
	// over the whole rollout; it is split evenly over Shares tests.
	FalseAlarm float64
	Shares     int
	// PassLevel is the chance that a version as bad as a margin allows passes
	// that guardrail at one step.
	PassLevel float64
	// Next is the weight that a pass would lead to, in (0, 1].
	Next    float64
	Batches []Batch
	// Latency of the arms over all batches, to be shown; nil: unknown.
	Latency [2]*Histogram
}

// Judge returns the verdict on the assignment, then one for each guardrail.
// Where the assignment is not as drawn, the others are errors too: nothing can
// be compared.
//
// Guarantees, however often it is called: P(an equally good version ever gets
// Fail) ≤ FalseAlarm·len(Guardrails)/Shares; P(a version whose difference is at
// least Allowed ever gets Pass from that guardrail) ≤ PassLevel.
func Judge(in Input) []Verdict {
	verdicts := []Verdict{judgeAssignment(&in)}
	latency := 0
	for _, g := range in.Guardrails {
		var v Verdict
		switch g.Metric {
		case MetricErrors:
			v = judgeErrors(&in, g)
		case MetricLatency:
			v = judgeLatency(&in, g, latency)
			latency++
		case MetricPrediction:
			v = judgePrediction(&in, g)
		default:
			v = Verdict{Metric: g.Metric, Outcome: Error, Words: g.Metric + ": there is no such guardrail"}
		}
		if verdicts[0].Outcome == Error {
			v.Outcome = Error
			v.Words = nameOf(&v) + ": cannot be compared while requests are not assigned as drawn"
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}

// mostAllowed caps what a step may leave unproven. Without it a margin of 0.1
// would ask for nothing at all before a step to 10 %.
const mostAllowed = 0.5

// failLevel is one test's part of the false-alarm budget.
func (in *Input) failLevel() float64 { return in.FalseAlarm / float64(max(in.Shares, 1)) }

// weigh fills in the evidence, the interval and the outcome of a comparison of
// two shares: worse by more than margin is Fail, by provably less than allowed
// is Pass. good and bad are the series for each; they differ where rounding must
// not favour either.
func (in *Input) weigh(v *Verdict, bad, good *series, margin, allowed float64) {
	v.Margin, v.Allowed = margin, min(allowed, mostAllowed)
	v.FailThreshold = -math.Log10(in.failLevel())
	v.PassThreshold = -math.Log10(in.PassLevel)
	v.FailEvidence = log10(bad.fresh(margin))
	v.PassEvidence = log10(good.whole(v.Allowed, below))
	v.Low, v.High = bad.lower(in.failLevel()), good.upper(in.PassLevel)
	v.Difference = bad.estimate()
	v.decide()
	if v.Outcome == Hold {
		v.More = more(good.growth(v.Allowed, below), good.share(), -math.Log(in.PassLevel)-v.PassEvidence*math.Ln10)
	}
}

// decide is the outcome that the evidence has reached.
func (v *Verdict) decide() {
	switch {
	case v.FailEvidence >= v.FailThreshold:
		v.Outcome = Fail
	case v.CandidateUnits == 0 || v.StableUnits == 0:
		v.Outcome = Hold // no data is never a pass
	case v.PassEvidence >= v.PassThreshold:
		v.Outcome = Pass
	default:
		v.Outcome = Hold
	}
}

// more forecasts the candidate's units until the evidence has grown by missing,
// at the growth of the best stake for each unit of either arm.
func more(growth, candidateShare, missing float64) int64 {
	if growth <= 0 || missing <= 0 {
		return 0
	}
	units := missing / growth * candidateShare
	if units > 1e12 {
		return 0
	}
	return int64(math.Ceil(units))
}

// estimate is the difference with phases weighed by what they tell about it:
// ΣZ / Σw(1−w). It is what the tests are about, and differs from the plain
// difference of shares where the base rate moved along with the weight.
func (s *series) estimate() float64 {
	sum, weight := 0.0, 0.0
	for _, w := range s.wagers {
		for _, c := range w.cells {
			sum += c.z * float64(c.n)
			weight += w.unit * float64(c.n)
		}
	}
	if weight == 0 {
		return 0
	}
	return min(max(sum/weight, -1), 1)
}

// share is the candidate's share of the units.
func (s *series) share() float64 {
	var candidate, all int64
	for _, w := range s.wagers {
		candidate += w.cells[0].n + w.cells[1].n
		all += w.cells[0].n + w.cells[1].n + w.cells[2].n + w.cells[3].n
	}
	if all == 0 {
		return 0
	}
	return float64(candidate) / float64(all)
}
