package judge

import (
	"math"
	"strings"
	"testing"
)

// labelled is a batch in which so many units have a label.
func labelled(weight, centre float64, stable, stableWrong, candidate, candidateWrong int64) Batch {
	return Batch{Start: 1, Weight: weight, Centre: centre, Counts: Counts{
		Units:  [2]int64{int64(2e5 * (1 - weight)), int64(2e5 * weight)},
		Labels: Labels{Labelled: [2]int64{stable, candidate}, Wrong: [2]int64{stableWrong, candidateWrong}},
	}}
}

func quality(margin float64, batches ...Batch) Verdict {
	in := input(batches...)
	in.Guardrails = []Guardrail{{Metric: MetricQuality, Margin: margin}}
	return Judge(in)[1]
}

func TestQualityIsDecidedByTheLabelledAlone(t *testing.T) {
	for name, c := range map[string]struct {
		batch Batch
		want  Outcome
		words string
	}{
		"no label":              {labelled(.5, 0, 0, 0, 0, 0), Hold, "no label of a prediction of the candidate yet"},
		"no label of one arm":   {labelled(.01, 0, 50, 5, 0, 0), Hold, "no label of a prediction of the candidate yet"},
		"few labels":            {labelled(.5, .1, 50, 5, 50, 6), Hold, "not decided yet"},
		"equal":                 {labelled(.5, .1, 20000, 2000, 20000, 2000), Pass, "no worse, proven"},
		"better":                {labelled(.5, .1, 4000, 400, 4000, 100), Pass, "no worse, proven"},
		"within the margin":     {labelled(.5, .1, 40000, 4000, 40000, 4400), Pass, "no worse, proven"},
		"worse":                 {labelled(.5, .1, 4000, 400, 4000, 800), Fail, "worse, proven"},
		"worse, without centre": {labelled(.5, 0, 4000, 400, 4000, 800), Fail, "worse, proven"},
	} {
		v := quality(2, c.batch)
		if v.Outcome != c.want || !strings.Contains(v.Words, c.words) {
			t.Errorf("%s: %s, want %s: %s", name, v.Outcome, c.want, v.Words)
		}
	}
}

func TestLabelsThatOneArmLacksAreAnError(t *testing.T) {
	v := quality(2, labelled(.5, .1, 4000, 400, 3000, 900))
	if v.Outcome != Error || !strings.Contains(v.Words, "the candidate has 42.9 % of the labels and should have 50 %") {
		t.Errorf("%s: %s", v.Outcome, v.Words)
	}
	if v := quality(2, labelled(.5, .1, 4000, 400, 3900, 390)); v.Outcome == Error {
		t.Errorf("chance is taken for a selection: %s", v.Words)
	}
}

func TestLabelsOfNumbersThatAreNoClassAreAnError(t *testing.T) {
	b := labelled(.5, .1, 4000, 400, 4000, 400)
	b.Counts.Labels.Numbers[Candidate] = 200
	if v := quality(2, b); v.Outcome != Error || !strings.Contains(v.Words, "200 labels are numbers") {
		t.Errorf("%s: %s", v.Outcome, v.Words)
	}
	b.Counts.Labels.Numbers[Candidate] = 20
	if v := quality(2, b); v.Outcome == Error {
		t.Errorf("a stray label in 400 stops the walk: %s", v.Words)
	}
}

func TestACentreNearTheShareOfWrongPredictionsNeedsFewerLabels(t *testing.T) {
	// Four in ten are wrong; the variance of X − m is p at m = 0, and p(1−p) at m = p.
	without := quality(1, labelled(.5, 0, 4000, 1600, 4000, 1900)).FailEvidence
	with := quality(1, labelled(.5, .4, 4000, 1600, 4000, 1900)).FailEvidence
	if with < 1.2*without || math.IsNaN(with) {
		t.Errorf("evidence %.2f with a centre, %.2f without", with, without)
	}
}

func TestLabelsAreCountsThatAddAndSubtract(t *testing.T) {
	a, b := labelled(.5, 0, 40, 4, 30, 3).Counts, labelled(.5, 0, 40, 4, 31, 3).Counts
	if a.Empty() || b.Behind(&a) || !a.Behind(&b) {
		t.Error("a label more is not seen")
	}
	b.Subtract(&a)
	if b.Labels != (Labels{Labelled: [2]int64{0, 1}}) || b.Empty() {
		t.Errorf("%+v", b.Labels)
	}
	b.Add(&a)
	if b.Labels != (Labels{Labelled: [2]int64{40, 31}, Wrong: [2]int64{4, 3}}) {
		t.Errorf("%+v", b.Labels)
	}
}
