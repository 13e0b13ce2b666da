package judge

import (
	"cmp"
	"maps"
	"slices"
)

// LeastShare is the share of a field's units from which a slice must pass by
// itself. It is below 1/(MostSlices+1), so that there is always one that must.
const LeastShare = 0.04

// SliceVerdict is what a guardrail finds in one slice.
type SliceVerdict struct {
	Slice   string  `json:"slice"` // field=value
	Outcome Outcome `json:"outcome"`
	// Few: a smaller share than [LeastShare]. It can fail, but where it is not
	// decided the walk does not wait for it.
	Few            bool    `json:"few,omitempty"`
	Share          float64 `json:"share"` // of the field's units
	Candidate      float64 `json:"candidate"`
	Stable         float64 `json:"stable"`
	Difference     float64 `json:"difference"`
	CandidateUnits int64   `json:"candidate_units"`
	StableUnits    int64   `json:"stable_units"`
}

// judgeSlices judges every slice of the guardrail's fields by itself.
//
//	Fail: one slice is proven worse; each of the MostSlices+1 places of a field
//	      has the same part of the guardrail's part of the false-alarm budget
//	Pass: every slice with at least LeastShare of its field has passed
//	      (intersection-union, so without a split)
//
// The value is of the request, so it was fixed before the version was drawn and
// a slice is a fair comparison like the whole.
func judgeSlices(in *Input, g Guardrail) Verdict {
	places := (MostSlices + 1) * len(g.Slices)
	var found []sliceFinding
	for _, field := range g.Slices {
		units := sliceUnits(in.Batches, field)
		var all int64
		for _, n := range units {
			all += n
		}
		if all == 0 {
			found = append(found, sliceFinding{v: unknownSlice(in, g, field)})
		}
		for _, value := range slices.Sorted(maps.Keys(units)) {
			f := sliceFinding{v: judgeSlice(in, g, places, field, value), share: float64(units[value]) / float64(all)}
			f.v.Slice, f.few = field+"="+value, f.share < LeastShare
			found = append(found, f)
		}
	}
	return combineSlices(found)
}

type sliceFinding struct {
	v     Verdict
	share float64
	few   bool
}

// rank orders findings by what decides: a failure, what cannot be measured,
// what is waited for, what has passed, what is too small to wait for.
func (f *sliceFinding) rank() int {
	switch {
	case f.v.Outcome == Fail:
		return 0
	case f.v.Outcome == Error:
		return 1
	case f.v.Outcome == Hold && !f.few:
		return 2
	case f.v.Outcome == Pass && !f.few:
		return 3
	default:
		return 4
	}
}

// combineSlices is the verdict of the slice that decides, with all of them beside it.
func combineSlices(found []sliceFinding) Verdict {
	// The strongest accusation first; among those waited for, the one furthest from a pass.
	slices.SortStableFunc(found, func(a, b sliceFinding) int {
		if c := cmp.Compare(a.rank(), b.rank()); c != 0 {
			return c
		}
		if a.v.Outcome == Fail {
			return cmp.Compare(b.v.FailEvidence, a.v.FailEvidence)
		}
		return cmp.Compare(a.v.PassEvidence, b.v.PassEvidence)
	})
	v := found[0].v
	if found[0].rank() == 4 {
		v.Outcome = Hold // nothing that must pass was measured
	}
	for _, f := range found {
		v.Slices = append(v.Slices, SliceVerdict{
			Slice: f.v.Slice, Outcome: f.v.Outcome, Few: f.few, Share: f.share, Candidate: f.v.Candidate, Stable: f.v.Stable,
			Difference: f.v.Difference, CandidateUnits: f.v.CandidateUnits, StableUnits: f.v.StableUnits,
		})
	}
	v.Words = sliceWords(&v)
	return v
}

// sliceUnits sums the units of each value where the version was drawn.
func sliceUnits(batches []Batch, field string) map[string]int64 {
	units := map[string]int64{}
	for i := range batches {
		if b := &batches[i]; b.Weight > 0 && b.Weight < 1 {
			for value, c := range b.Counts.Slices[field] {
				units[value] += c.Units[Stable] + c.Units[Candidate]
			}
		}
	}
	return units
}

// judgeSlice is the guardrail on the units of one value alone.
func judgeSlice(in *Input, g Guardrail, places int, field, value string) Verdict {
	one := *in
	one.Shares, one.places = max(in.Shares, 1)*places, places
	one.Batches = make([]Batch, len(in.Batches))
	for i := range in.Batches {
		c := in.Batches[i].Counts.Slices[field][value]
		one.Batches[i] = in.Batches[i]
		one.Batches[i].Tails = nil
		one.Batches[i].Counts = Counts{
			Units: c.Units, Errors: c.Errors, Predictions: c.Predictions,
			InFlight: in.Batches[i].Counts.InFlight, // of all slices: as many may be of this one
		}
	}
	weigh := judgeErrors
	if g.Metric == MetricPrediction {
		weigh = judgePrediction
	}
	out := weigh(&one, g)
	if out.Outcome != Error && out.Outcome != Fail && one.lopsided() {
		out.Outcome = Error
		out.Words = g.Metric + ": the arms' requests are not counted alike, nothing can be compared"
	}
	return out
}

// lopsided reports whether a slice's units are not drawn by weight: where
// requests are lost on the way to being counted, on one arm more than on the
// other, the rest is no fair sample.
func (in *Input) lopsided() bool {
	var arrivals []draws
	for i := range in.Batches {
		if b := &in.Batches[i]; b.Weight > 0 && b.Weight < 1 {
			arrivals = append(arrivals, draws{weight: b.Weight, units: b.Counts.Units, inFlight: b.Counts.InFlight})
		}
	}
	return len(arrivals) > 0 && in.uneven(arrivals, readSlack)
}

// unknownSlice is the verdict while nothing was counted of a field.
func unknownSlice(in *Input, g Guardrail, field string) Verdict {
	v := Verdict{Metric: g.Metric, Outcome: Hold, Low: -1, High: 1, Slice: field}
	in.thresholds(&v, g.Margin, limit{})
	v.Words = g.Metric + ": nothing counted yet; monitor.slices must name " + field + ", and requests must have it"
	return v
}
