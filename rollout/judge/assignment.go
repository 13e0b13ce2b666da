package judge

import "math"

// assignmentLevel is the chance that traffic drawn as it should be is ever
// called mis-drawn. It stops a walk and rolls nothing back, so it is not part
// of the false-alarm budget.
const assignmentLevel = 0.001

// tilts are the odds ratios that a mis-drawn share is tested against.
var tilts = [...]float64{0.5, 0.8, 0.95, 1.05, 1.25, 2}

// draws are the units of one batch by arm.
type draws struct {
	weight   float64
	units    [2]int64
	inFlight [2]int64
}

// misdrawn returns the log evidence that units are not drawn with the odds
// w/(1−w), or with odds off by more than the factor 1+slack either way: the
// multinomial test of Lindon & Malek with a fixed set of alternatives.
func misdrawn(batches []draws, slack float64) float64 {
	total := math.Inf(-1)
	for _, tilt := range tilts {
		bound := 1 + slack
		if tilt < 1 {
			bound = 1 / bound
		}
		sum := 0.0
		for _, d := range batches {
			w := tilted(d.weight, bound)
			sum += d.log(w, tilted(w, tilt))
		}
		total = logAdd(total, sum-math.Log(float64(len(tilts))))
	}
	return total
}

// log is the likelihood ratio of q against w. Requests in flight are counted
// as they suit w best: a slow arm has more of them and is not mis-drawn for it.
func (d draws) log(w, q float64) float64 {
	if w <= 0 || w >= 1 {
		return 0
	}
	candidate, stable := float64(d.units[Candidate]), float64(d.units[Stable])
	candidate += min(max(w*stable/(1-w)-candidate, 0), float64(d.inFlight[Candidate]))
	stable += min(max((1-w)*candidate/w-stable, 0), float64(d.inFlight[Stable]))
	return candidate*math.Log(q/w) + stable*math.Log((1-q)/(1-w))
}

// tilted is the share whose odds are r times those of w.
func tilted(w, r float64) float64 { return w * r / (1 - w + w*r) }

// judgeAssignment compares how many units each arm got with what was drawn.
func judgeAssignment(in *Input) Verdict {
	v := Verdict{Metric: MetricAssignment, FailThreshold: log10(-math.Log(assignmentLevel))}
	var batches []draws
	expected := 0.0
	for i := range in.Batches {
		b := &in.Batches[i]
		if b.Weight <= 0 || b.Weight >= 1 {
			continue
		}
		batches = append(batches, draws{b.Weight, b.Counts.Units, b.Counts.InFlight})
		units := b.Counts.Units[Stable] + b.Counts.Units[Candidate]
		expected += b.Weight * float64(units)
		v.CandidateUnits += b.Counts.Units[Candidate]
		v.StableUnits += b.Counts.Units[Stable]
	}
	units := v.CandidateUnits + v.StableUnits
	if units == 0 {
		v.Outcome = Hold
		v.Words = "assignment: no requests to compare yet"
		return v
	}
	v.Stable = expected / float64(units) // the share that should have
	v.Candidate = float64(v.CandidateUnits) / float64(units)
	v.Difference = v.Candidate - v.Stable
	evidence := misdrawn(batches, 0)
	v.FailEvidence = log10(evidence)
	v.Outcome = Pass
	if evidence >= -math.Log(assignmentLevel) {
		v.Outcome = Error
	}
	v.Words = assignmentWords(&v)
	return v
}

// log10 turns a natural logarithm into a decimal one.
func log10(ln float64) float64 { return ln / math.Ln10 }
