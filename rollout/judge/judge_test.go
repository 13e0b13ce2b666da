package judge

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
	"time"

	"github.com/weir-gateway/weir/monitor/sketch"
)

// input is a judgement on errors with a margin of half a point.
func input(batches ...Batch) Input {
	return Input{
		Guardrails: []Guardrail{{Metric: MetricErrors, Margin: 0.5}}, FalseAlarm: 0.01, Shares: 1, PassLevel: 0.05,
		Next: 1, Present: 0.5, Batches: batches,
	}
}

func counted(start int, weight float64, stable, stableErrors, candidate, candidateErrors int64) Batch {
	return Batch{Start: start, Weight: weight, Counts: Counts{Units: [2]int64{stable, candidate}, Errors: [2]int64{stableErrors, candidateErrors}}}
}

func TestNoDataIsNeverAPass(t *testing.T) {
	for name, in := range map[string]Input{
		"nothing":             input(),
		"an empty batch":      input(Batch{Start: 1, Weight: .5}),
		"only the stable":     input(counted(1, .001, 5000, 10, 0, 0)),
		"before the walk":     input(counted(1, 0, 5000, 10, 0, 0)),
		"latency, no limit":   {Guardrails: []Guardrail{{Metric: MetricLatency, Quantile: .99, Margin: 20}}, FalseAlarm: .01, PassLevel: .05, Next: 1, Batches: []Batch{{Start: 1, Weight: .5, Tails: []Tail{{Bucket: -1}}}}},
		"prediction, no bins": {Guardrails: []Guardrail{{Metric: MetricPrediction, Margin: .1}}, FalseAlarm: .01, PassLevel: .05, Next: .01, Batches: []Batch{counted(1, .5, 500, 0, 500, 0)}},
	} {
		if v := Judge(in)[1]; v.Outcome != Hold {
			t.Errorf("%s: %s: %s", name, v.Outcome, v.Words)
		}
	}
}

func TestAnOutageOfBothFailsNobody(t *testing.T) {
	v := Judge(input(counted(1, .1, 9000, 90, 1000, 10), counted(2, .1, 900, 880, 100, 98)))[1]
	if v.Outcome == Fail || v.FailEvidence > 1 {
		t.Errorf("%s, evidence %.2f: %s", v.Outcome, v.FailEvidence, v.Words)
	}
}

func TestARampDoesNotLookLikeADifference(t *testing.T) {
	// Simpson's trap: at 1 % all was well, at 50 % both fail one in five; the
	// plain shares are 2 % against 17 %.
	v := Judge(input(counted(1, .01, 9900, 0, 100, 0), counted(2, .5, 500, 100, 500, 100)))[1]
	if v.Outcome == Fail || math.Abs(v.Difference) > 0.01 {
		t.Errorf("%s, difference %.3f: %s", v.Outcome, v.Difference, v.Words)
	}
}

func TestAVersionThatTurnsBadIsNotAcquittedByItsPast(t *testing.T) {
	// 6 million healthy requests in twenty batches; then every third fails.
	var batches []Batch
	for i := range 20 {
		batches = append(batches, counted(i+1, .1, 270_000, 2700, 30_000, 300))
	}
	batches = append(batches, counted(21, .1, 900, 9, 100, 33))
	v := Judge(input(batches...))[1]
	if v.Outcome != Fail {
		t.Fatalf("%s after 100 requests of which 33 failed, evidence %.1f of %.1f: %s", v.Outcome, v.FailEvidence, v.FailThreshold, v.Words)
	}
	if v.Candidate != 0.33 || v.CandidateUnits != 100 {
		t.Errorf("the words speak of %d requests, %.3f failed; it turned bad in the last 100, a third failed", v.CandidateUnits, v.Candidate)
	}
}

func TestEachStepConfirmsItsOwnAdmission(t *testing.T) {
	past, now := counted(1, .1, 90_000, 90, 10_000, 10), counted(2, .5, 5, 0, 5, 0)
	now.Generation = 2
	in := input(past, now)
	in.StepGeneration = 2
	if v := Judge(in)[1]; v.Outcome != Hold {
		t.Errorf("passed after 5 requests at this step: %s", v.Words)
	}
	now.Counts.Units = [2]int64{900, 900}
	in = input(past, now)
	in.StepGeneration = 2
	if v := Judge(in)[1]; v.Outcome != Pass {
		t.Errorf("%s after 900 faultless requests at this step: %s", v.Outcome, v.Words)
	}
}

func TestLostRequestsOfOneArmAreAnError(t *testing.T) {
	verdicts := Judge(input(counted(1, .5, 5000, 50, 4000, 40)))
	for _, v := range verdicts {
		if v.Outcome != Error {
			t.Errorf("%s: %s: %s", v.Metric, v.Outcome, v.Words)
		}
	}
}

func TestRequestsInFlightAreNotLost(t *testing.T) {
	b := counted(1, .5, 5000, 0, 4000, 0)
	b.Counts.InFlight = [2]int64{10, 990}
	if v := Judge(input(b))[0]; v.Outcome != Pass {
		t.Errorf("%s: %s", v.Outcome, v.Words)
	}
}

func TestReplicasMergeByAddingCounts(t *testing.T) {
	one, two := counted(1, .1, 900, 9, 100, 5), counted(1, .1, 1800, 12, 200, 11)
	sum := one
	sum.Counts.Add(&two.Counts)
	apart, merged := Judge(input(one, two)), Judge(input(sum))
	if a, m := apart[1].FailEvidence, merged[1].FailEvidence; math.Abs(a-m) > 1e-9 {
		t.Errorf("evidence of the batches %.6f, of their sum %.6f", a, m)
	}
}

func TestEvidenceFallsAsTheHypothesisMovesTowardsTheBet(t *testing.T) {
	// Bisection of the intervals rests on this.
	check := func(w, m float64, a, b, c, d uint16, seed uint64) bool {
		frac := func(x float64) float64 { return math.Abs(x - math.Trunc(x)) }
		tr := trial{weight: 0.001 + 0.998*frac(w), centre: frac(m), units: [2]int64{int64(a) + int64(b), int64(c) + int64(d)}, hits: [2]int64{int64(b), int64(d)}}
		var s series
		s.add(tr, 1)
		r := rand.New(rand.NewPCG(seed, 0))
		low := 2*r.Float64() - 1
		high := low + (1-low)*r.Float64()
		return s.fresh(low) >= s.fresh(high)-1e-9 && s.whole(low, below) <= s.whole(high, below)+1e-9
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 3000, Rand: nil}); err != nil {
		t.Error(err)
	}
}

func TestStakesAndStartsAreDistributions(t *testing.T) {
	sum := 0.0
	for _, s := range stakes {
		sum += s.weight
	}
	if math.Abs(sum-1) > 1e-12 {
		t.Errorf("stakes weigh %v", sum)
	}
	sum = 0
	for j := 1; j <= 1000; j++ {
		sum += startWeight(j)
	}
	if rest := (1 - firstStart) / 1000; math.Abs(sum+rest-1) > 1e-12 {
		t.Errorf("starts weigh %v with the rest", sum+rest)
	}
	if e := (&series{}).fresh(0); e != 0 {
		t.Errorf("evidence of nothing is %v", e)
	}
}

func TestLatencyLimitsAreRoundedAgainstTheVerdict(t *testing.T) {
	for _, c := range []time.Duration{600, 5 * time.Microsecond, 5 * time.Millisecond, 3 * time.Second} {
		for _, margin := range []float64{0, 1, 5, 20, 300} {
			slow := sketch.LatencyBucket(c)
			up, down := limits(slow, margin)
			target := float64(sketch.LatencyBound(slow)) * (1 + margin/100)
			above, under := float64(sketch.LatencyBound(up)), float64(sketch.LatencyBound(down))
			if above < math.Floor(target) || under > target || above > under*1.04 {
				t.Errorf("c=%v margin %g: target %.0f, up %.0f, down %.0f", c, margin, target, above, under)
			}
		}
	}
}

func TestASlowCandidateFailsAndAFastOnePasses(t *testing.T) {
	for factor, want := range map[float64]Outcome{0.8: Pass, 1: Pass, 1.5: Fail} {
		r := rand.New(rand.NewPCG(1, uint64(factor*10)))
		w := world{weights: []float64{.5}, length: 20_000, poll: 1000, margin: 20, latency: func(_ int, arm Arm, r *rand.Rand) time.Duration {
			d := lognormal(r, 5*time.Millisecond, 0.5)
			if arm == Candidate {
				d = time.Duration(float64(d) * factor)
			}
			return d
		}}
		var v Verdict
		w.play(r, []float64{.99}, func(_ int, batches []Batch) bool {
			in := input(batches...)
			in.Guardrails = []Guardrail{{Metric: MetricLatency, Quantile: .99, Margin: 20}}
			v = Judge(in)[1]
			return v.Outcome != Hold
		})
		if v.Outcome != want {
			t.Errorf("×%g: %s, want %s: %s", factor, v.Outcome, want, v.Words)
		}
	}
}

func TestPredictionsThatCannotBeReadAreAnError(t *testing.T) {
	b := counted(1, .5, 5000, 0, 5000, 0)
	b.Bins = &Bins{Classes: []string{"late"}, Expected: []float64{.2, .8}}
	b.Counts.Predictions = [2][]int64{{1000, 4000}, {600, 2400}}
	in := input(b)
	in.Guardrails = []Guardrail{{Metric: MetricPrediction, Margin: .1}}
	if v := Judge(in)[1]; v.Outcome != Error || !strings.Contains(v.Words, "3000 of 5000") {
		t.Errorf("%s: %s", v.Outcome, v.Words)
	}
}

func TestFewerPredictionsOfAClassCountAsMuchAsMore(t *testing.T) {
	for _, late := range []int64{100, 600} {
		b := counted(1, .5, 1000, 0, 1000, 0)
		b.Bins = &Bins{Classes: []string{"late"}, Expected: []float64{.35, .65}}
		b.Counts.Predictions = [2][]int64{{350, 650}, {late, 1000 - late}}
		in := input(b)
		in.Guardrails = []Guardrail{{Metric: MetricPrediction, Margin: .1}}
		v := Judge(in)[1]
		if v.Outcome != Fail || math.Abs(v.Difference) < 0.2 || v.Low > v.Difference || v.High < v.Difference {
			t.Errorf("%d late of 1000 against 350: %s: %+.2f (%.2f … %.2f)", late, v.Outcome, v.Difference, v.Low, v.High)
		}
	}
}

func TestVerdictsAndCountsAreJSON(t *testing.T) {
	b := counted(1, .5, 1000, 3, 1000, 500)
	b.Counts.Latency[Stable] = &Histogram{}
	b.Counts.Latency[Stable].add(5 * time.Millisecond)
	b.Counts.Latency[Stable].add(time.Hour)
	data, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	var back Batch
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(b, back) {
		t.Errorf("%s\ncame back as\n%+v", data, back)
	}
	for _, in := range []Input{input(), input(b), input(Batch{Start: 1, Weight: .5})} {
		if _, err := json.Marshal(Judge(in)); err != nil {
			t.Errorf("a number that JSON does not have: %v", err)
		}
	}
	if err := json.Unmarshal([]byte(`{"buckets":{"99999":1}}`), &Histogram{}); err == nil {
		t.Error("a bucket that does not exist was read")
	}
}

func TestCountsAddAndSubtract(t *testing.T) {
	a := counted(1, .5, 10, 1, 20, 2).Counts
	a.Latency[Candidate] = &Histogram{}
	a.Latency[Candidate].add(time.Millisecond)
	a.Predictions[Stable] = []int64{1, 2}
	b := a.Clone()
	b.Add(&a)
	if a.Latency[Candidate].Total != 1 || b.Latency[Candidate].Total != 2 || b.Units[Candidate] != 40 || b.Predictions[Stable][1] != 4 {
		t.Errorf("%+v", b)
	}
	if b.Behind(&a) || !a.Behind(&b) {
		t.Error("a sum counts no less than its parts")
	}
	b.Subtract(&a)
	b.Subtract(&a)
	if !b.Empty() {
		t.Errorf("twice a minus twice a is %+v", b)
	}
}

func BenchmarkJudge(b *testing.B) {
	var batches []Batch
	for i := range 20 {
		batch := counted(i+1, .1, 9000, 90, 1000, 12)
		batch.Tails = []Tail{{Bucket: 400, Units: [2]int64{9000, 1000}, Strict: [2]int64{90, 10}, Lax: [2]int64{90, 11}}}
		batch.Bins = &Bins{Edges: []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}, Expected: []float64{.1, .1, .1, .1, .1, .1, .1, .1, .1, .1}}
		batch.Counts.Predictions = [2][]int64{{900, 900, 900, 900, 900, 900, 900, 900, 900, 900}, {100, 100, 100, 100, 100, 100, 100, 100, 100, 100}}
		batches = append(batches, batch)
	}
	in := input(batches...)
	in.Guardrails = append(in.Guardrails, Guardrail{Metric: MetricLatency, Quantile: .99, Margin: 20}, Guardrail{Metric: MetricPrediction, Margin: .1})
	for _, quick := range []bool{true, false} {
		b.Run(map[bool]string{true: "quick", false: "full"}[quick], func(b *testing.B) {
			in.Quick = quick
			for b.Loop() {
				Judge(in)
			}
		})
	}
}
