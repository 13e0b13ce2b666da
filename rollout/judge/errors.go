package judge

// judgeErrors compares the shares of failed units. The centre is 0: for rare
// failures nothing is lost, and the test is the multinomial one at the margin 0.
func judgeErrors(in *Input, g Guardrail) Verdict {
	v := Verdict{Metric: g.Metric}
	var s series
	var hits [2]int64
	for i := range in.Batches {
		b := &in.Batches[i]
		s.addOf(in, b, trial{weight: b.Weight, units: b.Counts.Units, hits: b.Counts.Errors})
		v.count(b.Weight, b.Counts.Units, b.Counts.Errors, &hits)
	}
	v.shares(hits)
	margin := g.Margin / 100
	in.weigh(&v, &s, &s, margin, in.proportional(margin))
	v.Words = errorWords(&v)
	return v
}

// count adds a batch to the units and hits that a verdict shows.
func (v *Verdict) count(weight float64, units, batch [2]int64, hits *[2]int64) {
	if weight <= 0 || weight >= 1 {
		return
	}
	v.StableUnits += units[Stable]
	v.CandidateUnits += units[Candidate]
	hits[Stable] += batch[Stable]
	hits[Candidate] += batch[Candidate]
}

// shares are the plain shares of hits.
func (v *Verdict) shares(hits [2]int64) {
	if v.StableUnits > 0 {
		v.Stable = float64(hits[Stable]) / float64(v.StableUnits)
	}
	if v.CandidateUnits > 0 {
		v.Candidate = float64(hits[Candidate]) / float64(v.CandidateUnits)
	}
}
