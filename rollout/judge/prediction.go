package judge

import (
	"fmt"
	"math"
	"strconv"
)

// readSlack is by what factor the odds of having a readable prediction may
// differ between the arms before predictions count as not comparable: failed
// answers have none, and a tenth more or less moves a centred share little.
const readSlack = 0.1

// judgePrediction compares the shares of each class, or below each edge.
//
//	Fail: "all |Δ_k| ≤ margin" rejected, by the average of the evidence over k and
//	      both directions (an average of e-values is one)
//	Pass: "some |Δ_k| ≥ margin/w'" rejected, i.e. each of them (intersection-union,
//	      so without a split)
func judgePrediction(in *Input, g Guardrail) Verdict {
	v := Verdict{Metric: g.Metric}
	bins, batches := latestBins(in.Batches)
	if bins == nil {
		v.Outcome = Hold
		v.High, v.Low = 1, -1
		v.Margin = g.Margin
		v.Words = "prediction: not enough of the stable's predictions have been read yet to compare with"
		return v
	}
	var arrivals []draws
	for _, b := range batches {
		read := b.Counts.predicted()
		v.StableUnits += read[Stable]
		v.CandidateUnits += read[Candidate]
		arrivals = append(arrivals, draws{weight: b.Weight, units: read, inFlight: b.Counts.InFlight})
	}
	in.weighBins(&v, bins, batches, g.Margin)
	v.Words = predictionWords(&v)
	if in.uneven(arrivals, readSlack) {
		v.Outcome = Error
		v.Words = predictionErrorWords(&v, batches)
	}
	return v
}

// uneven reports whether units that could be read, or have a label, are not drawn by
// weight, by more than the slack. Those in flight are counted as they suit, as in
// the check of the draw itself.
func (in *Input) uneven(arrivals []draws, slack float64) bool {
	return misdrawn(arrivals, slack) >= -math.Log(assignmentLevel/float64(max(in.places, 1)))
}

// latestBins returns the batches that counted by the latest bins. Older ones
// with other bins (counting began anew) are left out with the bets on them.
func latestBins(all []Batch) (*Bins, []*Batch) {
	var bins *Bins
	for i := range all {
		if b := &all[i]; b.Bins != nil && b.Weight > 0 && b.Weight < 1 {
			bins = b.Bins
		}
	}
	if bins == nil {
		return nil, nil
	}
	var batches []*Batch
	for i := range all {
		if b := &all[i]; b.Weight > 0 && b.Weight < 1 && bins.Equal(b.Bins) {
			batches = append(batches, b)
		}
	}
	return bins, batches
}

// weighBins averages and intersects the tests of all bins. The numbers shown are
// those of the bin with the largest difference, or with the most evidence where
// that decides.
func (in *Input) weighBins(v *Verdict, bins *Bins, batches []*Batch, margin float64) {
	l := in.proportional(margin)
	in.thresholds(v, margin, l)
	fail, pass := math.Inf(-1), math.Inf(+1)
	tests := 2 * float64(bins.tests())
	var widest, proven bin
	for k := range bins.tests() {
		up, down := in.binSeries(bins, batches, k)
		// A smaller share of X is a larger share of 1−X.
		for _, b := range []bin{{k, +1, up, up.estimate()}, {k, -1, down, up.estimate()}} {
			evidence := b.series.fresh(margin)
			fail = logAdd(fail, evidence-math.Log(tests))
			if proven.series == nil || evidence > proven.score {
				proven = bin{k, b.sign, b.series, evidence}
			}
			pass = min(pass, proof(b.series, l))
		}
		if d := up.estimate(); widest.series == nil || math.Abs(d) > widest.score {
			widest = bin{k, +1, up, math.Abs(d)}
			if d < 0 {
				widest = bin{k, -1, down, -d}
			}
		}
	}
	v.FailEvidence, v.PassEvidence = log10(fail), log10(pass)
	if v.decide(); v.Outcome == Hold {
		v.More = in.forecast(widest.series, l)
	}
	shown, seen := widest, widest.series
	if v.Outcome == Fail {
		shown, seen = proven, proven.series.telling(margin)
	}
	v.show(seen)
	v.Bin = bins.name(shown.k)
	v.Low, v.High = in.interval(shown.series, seen, in.failLevel()/tests)
	if shown.sign < 0 {
		v.Difference, v.Low, v.High = -v.Difference, -v.High, -v.Low
		v.Stable, v.Candidate = 1-v.Stable, 1-v.Candidate
	}
}

// bin is a test of one share in one direction.
type bin struct {
	k      int
	sign   float64 // −1: of the complement
	series *series
	score  float64
}

// binSeries is the comparison of bin k's share, and that of its complement.
func (in *Input) binSeries(bins *Bins, batches []*Batch, k int) (up, down *series) {
	up, down = &series{}, &series{}
	centre := bins.below(bins.Expected, k)
	for _, b := range batches {
		t := trial{weight: b.Weight, centre: centre, units: b.Counts.predicted()}
		for arm := range 2 {
			t.hits[arm] = bins.count(b.Counts.Predictions[arm], k)
		}
		up.addOf(in, b, t)
		t.centre = 1 - centre
		t.hits = [2]int64{t.units[0] - t.hits[0], t.units[1] - t.hits[1]}
		down.addOf(in, b, t)
	}
	return up, down
}

// tests is how many shares are compared: each class and the rest, or below each
// edge.
func (b *Bins) tests() int {
	if len(b.Edges) > 0 {
		return len(b.Edges)
	}
	return len(b.Classes) + 1
}

// count is the number of predictions in class k, or not above edge k.
func (b *Bins) count(bins []int64, k int) int64 {
	var sum int64
	for i, n := range bins {
		if i == k || (i < k && len(b.Edges) > 0) {
			sum += n
		}
	}
	return sum
}

// below is count for expected shares.
func (b *Bins) below(expected []float64, k int) float64 {
	sum := 0.0
	for i, p := range expected {
		if i == k || (i < k && len(b.Edges) > 0) {
			sum += p
		}
	}
	return min(max(sum, 0), 1)
}

// name describes share k for people.
func (b *Bins) name(k int) string {
	switch {
	case len(b.Edges) > 0:
		return "≤ " + strconv.FormatFloat(b.Edges[k], 'g', 5, 64)
	case k < len(b.Classes):
		return fmt.Sprintf("%q", b.Classes[k])
	default:
		return "any other class"
	}
}
