package judge

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// origins are served with the given shares of the requests; late is the
// probability of the class "late" by origin and arm.
type origins struct {
	shares []float64
	late   func(origin int, arm Arm) float64
	fails  func(origin int, arm Arm) float64
}

// serve plays n requests in batches of 1000 at weight w and looks after each batch.
func (o origins) serve(r *rand.Rand, w float64, n int, look func([]Batch) (stop bool)) {
	var batches []Batch
	for i := range n {
		if i%1000 == 0 {
			bins := &Bins{Classes: []string{"on time", "late"}, Expected: []float64{.8, .2, 0}}
			batches = append(batches, Batch{Start: len(batches) + 1, Weight: w, Bins: bins, Counts: Counts{Slices: Slices{"origin": {}}}})
			batches[len(batches)-1].Counts.Predictions = [2][]int64{make([]int64, 3), make([]int64, 3)}
		}
		b := &batches[len(batches)-1]
		arm := Arm(count(r.Float64() < w))
		origin, at := 0, r.Float64()
		for at > o.shares[origin] && origin < len(o.shares)-1 {
			at -= o.shares[origin]
			origin++
		}
		name := fmt.Sprintf("%c", 'A'+origin)
		c := b.Counts.Slices["origin"][name]
		if c.Predictions[0] == nil {
			c.Predictions = [2][]int64{make([]int64, 3), make([]int64, 3)}
		}
		late := count(r.Float64() < o.late(origin, arm))
		c.Units[arm]++
		c.Predictions[arm][late]++
		b.Counts.Units[arm]++
		b.Counts.Predictions[arm][late]++
		if o.fails != nil && r.Float64() < o.fails(origin, arm) {
			c.Errors[arm]++
			b.Counts.Errors[arm]++
		}
		b.Counts.Slices["origin"][name] = c
		if i%1000 == 999 && look(batches) {
			return
		}
	}
}

func sliced(batches []Batch, alpha float64, guardrails ...Guardrail) []Verdict {
	return Judge(Input{
		Guardrails: guardrails, FalseAlarm: alpha, Shares: len(guardrails), PassLevel: 0.05, Next: 1, Present: 0.5, Batches: batches, Quick: true,
	})[1:]
}

func even(n int) []float64 {
	shares := make([]float64, n)
	for i := range shares {
		shares[i] = 1 / float64(n)
	}
	return shares
}

func TestAVersionGoodOnAverageAndBadForOneSliceDoesNotPass(t *testing.T) {
	// At A it says late three times as often; at the others a little less often:
	// over all, both say late 20 % of the time.
	o := origins{shares: even(5), late: func(origin int, arm Arm) float64 {
		switch {
		case arm == Stable:
			return .2
		case origin == 0:
			return .6
		default:
			return .1
		}
	}}
	var last []Verdict
	o.serve(rand.New(rand.NewPCG(1, 58)), .5, 20_000, func(b []Batch) bool {
		last = sliced(b, .01, Guardrail{Metric: MetricPrediction, Margin: .15}, Guardrail{Metric: MetricPrediction, Margin: .15, Slices: []string{"origin"}})
		return last[1].Outcome == Fail && last[0].Outcome == Pass
	})
	if last[0].Outcome != Pass || last[1].Outcome != Fail || last[1].Slice != "origin=A" {
		t.Fatalf("the whole: %s\nby slice: %s, %s", last[0].Words, last[1].Outcome, last[1].Words)
	}
	if w := last[1].Words; !strings.HasPrefix(w, "slice origin=A: prediction: share of ") || len(last[1].Slices) != 5 {
		t.Errorf("%s, %d slices", w, len(last[1].Slices))
	}
}

func TestAnEquallyGoodVersionIsHardlyEverFailedByASlice(t *testing.T) {
	const alpha = 0.2
	n := 60 * *runs
	o := origins{
		shares: even(21),
		late:   func(origin int, _ Arm) float64 { return .05 + .03*float64(origin) },
		fails:  func(origin int, _ Arm) float64 { return .01 * float64(origin) },
	}
	failed, broken := 0, 0
	for seed := range n {
		bad, lost := false, false
		o.serve(rand.New(rand.NewPCG(uint64(seed), 59)), .3, 6000, func(b []Batch) bool {
			for _, v := range sliced(b, alpha, Guardrail{Metric: MetricPrediction, Margin: 1e-4, Slices: []string{"origin"}}, Guardrail{Metric: MetricErrors, Margin: 1e-4, Slices: []string{"origin"}}) {
				bad, lost = bad || v.Outcome == Fail, lost || v.Outcome == Error
			}
			return bad
		})
		failed += count(bad)
		broken += count(lost)
	}
	limit := alpha + 3*math.Sqrt(alpha*(1-alpha)/float64(n))
	t.Logf("seeds 0…%d: %d of %d equal versions failed by one of 42 slices (limit %.1f), %d called lossy", n-1, failed, n, limit*float64(n), broken)
	// All slices of a guardrail share the level 0.001.
	if most := 2*assignmentLevel*float64(n) + 3*math.Sqrt(2*assignmentLevel*float64(n)); float64(broken) > most {
		t.Errorf("%d of %d fair draws were called lossy, more than %.2f", broken, n, most)
	}
	if float64(failed) > limit*float64(n) {
		t.Errorf("%d of %d equally good versions were failed, more than %.3f", failed, n, limit)
	}
}

func TestASliceAsBadAsAllowedHardlyEverPasses(t *testing.T) {
	n := 60 * *runs
	o := origins{shares: even(3), late: func(origin int, arm Arm) float64 {
		if origin == 0 && arm == Candidate {
			return .45
		}
		return .2
	}}
	passed := 0
	for seed := range n {
		ok := false
		o.serve(rand.New(rand.NewPCG(uint64(seed), 60)), .5, 8000, func(b []Batch) bool {
			ok = sliced(b, .01, Guardrail{Metric: MetricPrediction, Margin: .25, Slices: []string{"origin"}})[0].Outcome == Pass
			return ok
		})
		passed += count(ok)
	}
	limit := .05 + 3*math.Sqrt(.05*.95/float64(n))
	t.Logf("%d of %d passed (limit %.1f)", passed, n, limit*float64(n))
	if float64(passed) > limit*float64(n) {
		t.Errorf("%d of %d passed with a slice as bad as the margin allows", passed, n)
	}
}

func TestAnEqualVersionPassesInEverySliceAndSmallOnesAreNamedNotPassed(t *testing.T) {
	o := origins{shares: []float64{.5, .49, .01}, late: func(int, Arm) float64 { return .2 }}
	var v Verdict
	o.serve(rand.New(rand.NewPCG(4, 61)), .5, 20_000, func(b []Batch) bool {
		v = sliced(b, .01, Guardrail{Metric: MetricPrediction, Margin: .2, Slices: []string{"origin"}})[0]
		return v.Outcome == Pass
	})
	if v.Outcome != Pass || !strings.Contains(v.Words, "not waited for: 1 small slices") {
		t.Fatalf("%s: %s", v.Outcome, v.Words)
	}
	for _, s := range v.Slices {
		if s.Few != (s.Slice == "origin=C") || s.Few == (s.Outcome == Pass) {
			t.Errorf("%+v", s)
		}
	}
}

func TestWithoutDataASliceHolds(t *testing.T) {
	small := SliceCounts{Units: [2]int64{3, 2}}
	for name, c := range map[string]Slices{"no field": nil, "five requests": {"origin": {"A": small}}, "another field": {"dest": {"A": small}}} {
		in := input(Batch{Start: 1, Weight: .5, Counts: Counts{Units: [2]int64{5000, 5000}, Slices: c}})
		in.Guardrails = []Guardrail{{Metric: MetricErrors, Margin: 5, Slices: []string{"origin"}}}
		if v := Judge(in)[1]; v.Outcome != Hold {
			t.Errorf("%s: %s: %s", name, v.Outcome, v.Words)
		}
	}
}

func TestASliceWhoseRequestsGetLostOnOneArmCannotBeMeasured(t *testing.T) {
	in := input(Batch{Start: 1, Weight: .5, Counts: Counts{Units: [2]int64{5000, 5000}, Slices: Slices{"origin": {
		"A": {Units: [2]int64{1000, 1000}}, "B": {Units: [2]int64{1000, 300}},
	}}}})
	in.Guardrails = []Guardrail{{Metric: MetricErrors, Margin: 5, Slices: []string{"origin"}}}
	if v := Judge(in)[1]; v.Outcome != Error || v.Slice != "origin=B" {
		t.Errorf("%s: %s", v.Outcome, v.Words)
	}
}

func TestASlowCandidateIsNotMistakenForALossyOne(t *testing.T) {
	in := input(Batch{Start: 1, Weight: .5, Counts: Counts{Units: [2]int64{100, 0}, InFlight: [2]int64{1, 120}, Slices: Slices{"origin": {"A": {Units: [2]int64{100, 0}}}}}})
	in.Guardrails = []Guardrail{{Metric: MetricErrors, Margin: 5, Slices: []string{"origin"}}}
	if v := Judge(in)[1]; v.Outcome != Hold {
		t.Errorf("%s: %s", v.Outcome, v.Words)
	}
}

func TestValuesBeyondTheRoomCountInTheRest(t *testing.T) {
	known := map[string][]string{}
	first, later := map[string]SliceCounts{}, map[string]SliceCounts{}
	for i := range MostSlices {
		first[fmt.Sprint(i)] = SliceCounts{Units: [2]int64{1, 0}}
	}
	later["new"], later["3"], later[OtherSlices] = SliceCounts{Units: [2]int64{4, 0}}, SliceCounts{Units: [2]int64{2, 0}}, SliceCounts{Units: [2]int64{8, 0}}
	a := Slices{"origin": first, "dest": first}.Only([]string{"origin"}, known)
	b := Slices{"origin": later}.Only([]string{"origin"}, known)
	if a["dest"] != nil || len(a["origin"]) != MostSlices {
		t.Errorf("%v", a)
	}
	if got := b["origin"]; len(got) != 2 || got[OtherSlices].Units[0] != 12 || got["3"].Units[0] != 2 {
		t.Errorf("%v", got)
	}
}

func TestSlicesAddAndSubtract(t *testing.T) {
	c := func(n int64) Counts {
		return Counts{Slices: Slices{"origin": {"A": {Units: [2]int64{n, 2 * n}, Errors: [2]int64{1, n}, Predictions: [2][]int64{{n, 1}, nil}}}}}
	}
	sum, five := c(3), c(5)
	before := sum.Clone()
	sum.Add(&five)
	if got := sum.Slices["origin"]["A"]; got.Units != [2]int64{8, 16} || got.Errors != [2]int64{2, 8} || got.Predictions[0][0] != 8 {
		t.Errorf("sum %+v", got)
	}
	sum.Subtract(&five)
	if got := sum.Slices["origin"]["A"]; got.Units != [2]int64{3, 6} || got.Predictions[0][0] != 3 {
		t.Errorf("back %+v", got)
	}
	if got := before.Slices["origin"]["A"]; got.Units != [2]int64{3, 6} || got.Predictions[0][0] != 3 {
		t.Errorf("a copy was changed: %+v", got)
	}
}
