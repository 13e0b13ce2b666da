package judge

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// A service with a life of its own: failures swing with the day and jump in
// outages, latencies follow the load, predictions drift. All of it hits both
// versions alike, whatever the version.
func restless(shift float64) world {
	base := func(t int) float64 {
		rate := 0.02 * (1 + 0.8*math.Sin(float64(t)/900))
		if t%4000 > 3700 {
			rate = 0.5 // an outage
		}
		return rate
	}
	return world{
		weights: []float64{.01, .1, .5}, length: 4000, poll: 80, cut: 1000, margin: 20,
		errors: func(t int, arm Arm) float64 {
			if arm == Candidate {
				return min(base(t)+shift, 1)
			}
			return base(t)
		},
		latency: func(t int, _ Arm, r *rand.Rand) time.Duration {
			return lognormal(r, time.Duration(float64(5*time.Millisecond)*(1+0.5*math.Sin(float64(t)/700))), 0.5)
		},
		class: func(t int, _ Arm, r *rand.Rand) int {
			if r.Float64() < 0.3+0.2*math.Sin(float64(t)/1500) {
				return 1
			}
			return 0
		},
		bins: &Bins{Classes: []string{"on time", "late"}, Expected: []float64{0.7, 0.3, 0}},
	}
}

// zTest is what one must not do: a fixed-sample test at the same level at every look.
func zTest(batches []Batch, level float64) bool {
	var n, x [2]float64
	for i := range batches {
		for arm := range 2 {
			n[arm] += float64(batches[i].Counts.Units[arm])
			x[arm] += float64(batches[i].Counts.Errors[arm])
		}
	}
	p := (x[0] + x[1]) / (n[0] + n[1])
	z := (x[1]/n[1] - x[0]/n[0]) / math.Sqrt(p*(1-p)*(1/n[0]+1/n[1]))
	return math.Erfc(z/math.Sqrt2)/2 < level
}

func TestAnEquallyGoodVersionIsHardlyEverFailed(t *testing.T) {
	const alpha = 0.1
	n := 60 * *runs
	guardrails := []Guardrail{{Metric: MetricErrors, Margin: 0.01}, {Metric: MetricLatency, Quantile: 0.9, Margin: 0.01}, {Metric: MetricPrediction, Margin: 0.0001}}
	alarms, naive, misdrawn := 0, 0, 0
	for seed := range n {
		failed, peeked, broken := false, false, false
		w := restless(0)
		w.margin = guardrails[1].Margin
		w.play(rand.New(rand.NewPCG(uint64(seed), 1)), []float64{0.9}, func(_ int, batches []Batch) bool {
			peeked = peeked || zTest(batches, alpha)
			for _, v := range Judge(Input{Guardrails: guardrails, FalseAlarm: alpha, Shares: 3, PassLevel: 0.05, Next: 1, Present: 1, Batches: batches, Quick: true}) {
				failed = failed || v.Outcome == Fail
				broken = broken || v.Outcome == Error
			}
			return failed
		})
		alarms += count(failed)
		naive += count(peeked)
		misdrawn += count(broken)
	}
	limit := alpha + 3*math.Sqrt(alpha*(1-alpha)/float64(n))
	t.Logf("seeds 0…%d: %d false alarms in %d rollouts (limit %.1f), %d called mis-drawn; a z test at each look: %d", n-1, alarms, n, limit*float64(n), misdrawn, naive)
	if float64(alarms) > limit*float64(n) {
		t.Errorf("%d of %d equally good versions were failed, more than %.3f", alarms, n, limit)
	}
	if float64(naive) <= limit*float64(n) {
		t.Errorf("a test that peeks alarms only %d times: this simulation could not fail", naive)
	}
	if misdrawn > n/50 {
		t.Errorf("%d of %d rollouts were called mis-drawn", misdrawn, n)
	}
}

func TestAVersionAsBadAsTheMarginHardlyEverPasses(t *testing.T) {
	const level = 0.1
	n := 150 * *runs
	for _, next := range []float64{0.2, 1} {
		passed := 0
		for seed := range n {
			w := world{weights: []float64{.1, .5}, length: 4000, poll: 40, errors: func(t int, arm Arm) float64 {
				base := 0.02 * (1 + 0.5*math.Sin(float64(t)/500))
				if arm == Candidate {
					base += 0.01 / next
				}
				return base
			}}
			ok := false
			w.play(rand.New(rand.NewPCG(uint64(seed), 2)), nil, func(_ int, batches []Batch) bool {
				in := Input{Guardrails: []Guardrail{{Metric: MetricErrors, Margin: 1}}, FalseAlarm: 1e-9, Shares: 1, PassLevel: level, Next: next, Present: next, Batches: batches, Quick: true}
				ok = Judge(in)[1].Outcome == Pass
				return ok
			})
			passed += count(ok)
		}
		limit := level + 3*math.Sqrt(level*(1-level)/float64(n))
		t.Logf("next %g: %d of %d passed (limit %.1f)", next, passed, n, limit*float64(n))
		if float64(passed) > limit*float64(n) {
			t.Errorf("next %g: %d of %d versions as bad as allowed passed, more than %.3f", next, passed, n, limit)
		}
		if passed == 0 {
			t.Errorf("next %g: none passed: this simulation could not fail", next)
		}
	}
}

func TestTheIntervalHoldsTheDifferenceAtAllTimes(t *testing.T) {
	n := 40 * *runs
	missed := 0
	for seed := range n {
		out := false
		w := world{weights: []float64{.1, .5}, length: 2000, poll: 200, cut: 500, errors: always(.05, .08)}
		w.play(rand.New(rand.NewPCG(uint64(seed), 3)), nil, func(_ int, batches []Batch) bool {
			v := Judge(Input{Guardrails: []Guardrail{{Metric: MetricErrors, Margin: 50}}, FalseAlarm: 0.05, Shares: 1, PassLevel: 0.05, Next: 1, Present: 1, Batches: batches})[1]
			out = v.Low > 0.03 || v.High < 0.03
			return out
		})
		missed += count(out)
	}
	t.Logf("missed in %d of %d", missed, n)
	if limit := 0.1 + 3*math.Sqrt(0.1*0.9/float64(n)); float64(missed) > limit*float64(n) {
		t.Errorf("the interval missed the difference in %d of %d rollouts, more than %.3f", missed, n, limit)
	}
}

func TestABakeHardlyEverFailsAVersionLikeTheOneBefore(t *testing.T) {
	const level = 0.1
	n := 300 * *runs
	failed, caught := 0, 0
	for seed := range n {
		r := rand.New(rand.NewPCG(uint64(seed), 4))
		before := int64(0)
		for range 3000 {
			before += int64(count(r.Float64() < .01))
		}
		failed += count(bakes(r, before, .01, level))
		caught += count(bakes(r, before, .05, level))
	}
	limit := level + 3*math.Sqrt(level*(1-level)/float64(n))
	t.Logf("%d of %d failed like before, %d of %d failed five times as often", failed, n, caught, n)
	if float64(failed) > limit*float64(n) {
		t.Errorf("%d of %d failed, more than %.3f", failed, n, limit)
	}
	if caught < n*9/10 {
		t.Errorf("only %d of %d versions that fail five times as often were caught", caught, n)
	}
}

func bakes(r *rand.Rand, before int64, rate, level float64) bool {
	b := Bake{Margin: 0.1, Level: level, BeforeUnits: 3000, BeforeErrors: before, After: make([]Batch, 6)}
	for i := range b.After {
		b.After[i].Start = i + 1
		for range 20 {
			for range 50 {
				b.After[i].Counts.Units[Stable]++
				b.After[i].Counts.Errors[Stable] += int64(count(r.Float64() < rate))
			}
			if b.Judge().Outcome == Fail {
				return true
			}
		}
	}
	return false
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}
