package judge

import "fmt"

// Labels counts the units of which it is known what the answer should have been.
type Labels struct {
	Labelled [2]int64 `json:"labelled"`
	Wrong    [2]int64 `json:"wrong"` // of them, predictions that are not their label
	// Numbers are labels of predictions that are no class: neither right nor wrong.
	Numbers [2]int64 `json:"numbers,omitzero"`
}

// combine adds sign × other.
func (l *Labels) combine(other *Labels, sign int64) {
	for arm := range 2 {
		l.Labelled[arm] += sign * other.Labelled[arm]
		l.Wrong[arm] += sign * other.Wrong[arm]
		l.Numbers[arm] += sign * other.Numbers[arm]
	}
}

// labelSlack is by what factor the odds of having a label may differ between the
// arms. It is smaller than readSlack, because labels are missing for reasons that
// may have to do with them, and not 0, because failed requests have none.
const labelSlack = 0.02

// judgeQuality compares the shares of wrong predictions among the units that have
// a label so far. Whether a unit has one must not depend on its version: then
// its arm, given that it has one, is still the gateway's draw. That is checked
// as the draw itself is.
func judgeQuality(in *Input, g Guardrail) Verdict {
	v := Verdict{Metric: g.Metric}
	var s series
	var hits [2]int64
	var all Labels
	var arrivals []draws
	expected := 0.0 // labels of the candidate
	for i := range in.Batches {
		b := &in.Batches[i]
		l := &b.Counts.Labels
		s.addOf(in, b, trial{weight: b.Weight, centre: b.Centre, units: l.Labelled, hits: l.Wrong})
		v.count(b.Weight, l.Labelled, l.Wrong, &hits)
		if b.Weight > 0 && b.Weight < 1 {
			arrivals = append(arrivals, draws{weight: b.Weight, units: l.Labelled})
			all.combine(l, +1)
			expected += b.Weight * float64(l.Labelled[Stable]+l.Labelled[Candidate])
		}
	}
	v.shares(hits)
	margin := g.Margin / 100
	in.weigh(&v, &s, &s, margin, in.proportional(margin))
	v.Words = qualityWords(&v)
	labelled := all.Labelled[Stable] + all.Labelled[Candidate]
	odd := all.Numbers[Stable] + all.Numbers[Candidate]
	switch {
	case 100*odd > odd+labelled: // a stray label does not stop a walk
		v.Outcome = Error
		v.Words = fmt.Sprintf("quality: %d labels are numbers that are no class, of which none is simply wrong: "+
			"only classes can be judged; take the guardrail out of the plan", odd)
	case in.uneven(arrivals, labelSlack):
		v.Outcome = Error
		v.Words = fmt.Sprintf("quality: the candidate has %s %% of the labels and should have %s %%: labels must come for both versions alike, nothing can be compared",
			percent(float64(all.Labelled[Candidate])/float64(labelled)), percent(expected/float64(labelled)))
	}
	return v
}
