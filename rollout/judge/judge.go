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
	// Next is the weight that a pass would lead to, in (0, 1], and Present the
	// one at this step, whose first generation is StepGeneration.
	Next, Present  float64
	StepGeneration uint64
	Batches        []Batch
	// Latency of the arms over all batches, to be shown; nil: unknown.
	Latency [2]*Histogram
	// Quick leaves out what decides nothing: intervals and forecasts, which
	// are most of the work (BenchmarkJudge).
	Quick bool
	// places is how many slices share the level of a check of the draw; 0: it is
	// of the whole.
	places int
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
		switch {
		case len(g.Slices) > 0:
			v = judgeSlices(&in, g)
		case g.Metric == MetricErrors:
			v = judgeErrors(&in, g)
		case g.Metric == MetricLatency:
			v = judgeLatency(&in, g, latency)
			latency++
		case g.Metric == MetricPrediction:
			v = judgePrediction(&in, g)
		case g.Metric == MetricQuality:
			v = judgeQuality(&in, g)
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

// limit is what must be excluded for a pass: the difference allowed for the
// next weight w', by all that was seen; and what admitted the candidate to the
// present weight, by this step alone: each step confirms its own admission, so
// that a version which breaks under more load is not carried by the past.
type limit struct{ next, present float64 }

// proportional allows a difference that costs the whole service the margin.
func (in *Input) proportional(margin float64) limit {
	return limit{min(margin/in.Next, mostAllowed), min(margin/max(in.Present, 1e-9), mostAllowed)}
}

// proof returns the log evidence that s is within the limit.
func proof(s *series, l limit) float64 {
	return min(s.whole(l.next, below), s.step().whole(l.present, below))
}

// forecast estimates how many more units of the candidate that takes.
func (in *Input) forecast(s *series, l limit) int64 {
	if in.Quick {
		return 0
	}
	goal := -math.Log(in.PassLevel)
	step := s.step()
	return max(
		more(s.growth(l.next, below), s.share(), goal-s.whole(l.next, below)),
		more(step.growth(l.present, below), s.share(), goal-step.whole(l.present, below)))
}

// weigh fills in the evidence, the interval and the outcome of a comparison of
// two shares: worse by more than margin is Fail, proven within the limit is
// Pass. bad and good are the series for each; they differ where rounding must
// not favour either.
func (in *Input) weigh(v *Verdict, bad, good *series, margin float64, l limit) {
	in.thresholds(v, margin, l)
	v.FailEvidence, v.PassEvidence = log10(bad.fresh(margin)), log10(proof(good, l))
	v.Low, v.High = in.interval(bad, good, in.failLevel())
	v.Difference = bad.estimate()
	if v.decide(); v.Outcome == Hold {
		v.More = in.forecast(good, l)
	}
	if v.Outcome == Fail {
		v.show(bad.telling(margin))
		_, v.High = in.interval(bad, bad.telling(margin), in.failLevel())
	}
}

// interval bounds the difference from below by the evidence for a failure, and
// from above by that for a pass.
func (in *Input) interval(bad, good *series, level float64) (low, high float64) {
	if in.Quick {
		return -1, 1
	}
	return bad.lower(level), good.upper(in.PassLevel)
}

func (in *Input) thresholds(v *Verdict, margin float64, l limit) {
	v.Margin, v.Allowed = margin, l.next
	v.FailThreshold = -math.Log10(in.failLevel())
	v.PassThreshold = -math.Log10(in.PassLevel)
}

// show takes the units and shares of a comparison.
func (v *Verdict) show(s *series) {
	var cells [4]int64
	for _, w := range s.all {
		for i, c := range w.cells {
			cells[i] += c.n
		}
	}
	v.CandidateUnits, v.StableUnits = cells[0]+cells[1], cells[2]+cells[3]
	v.shares([2]int64{cells[2], cells[0]})
	v.Difference = s.estimate()
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
	for _, w := range s.all {
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
	for _, w := range s.all {
		candidate += w.cells[0].n + w.cells[1].n
		all += w.cells[0].n + w.cells[1].n + w.cells[2].n + w.cells[3].n
	}
	if all == 0 {
		return 0
	}
	return float64(candidate) / float64(all)
}
