package judge

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// TestDecisionsComeAfterAsManyRequestsAsPromised simulates the table of ADR
// 0060: go test ./rollout/judge -run Promised -runs 20 -v
func TestDecisionsComeAfterAsManyRequestsAsPromised(t *testing.T) {
	for _, c := range powerCases() {
		n := 9 * *runs
		var all, candidate []int64
		missed := 0
		for seed := range n {
			decided := false
			requests, share := c.world.play(rand.New(rand.NewPCG(uint64(seed), 7)), c.quantiles(), func(_ int, batches []Batch) bool {
				v := Judge(Input{
					Guardrails: c.guardrails, FalseAlarm: 0.01, Shares: 1, PassLevel: 0.05,
					Next: c.next, Present: c.world.weights[0], Batches: batches, Quick: true,
				})[1]
				decided = v.Outcome == c.want
				return decided
			})
			missed += count(!decided)
			all, candidate = append(all, requests), append(candidate, share)
		}
		m := median(all)
		t.Logf("%-62s median %7d requests, %6d to the candidate; undecided %d of %d", c.name, m, median(candidate), missed, n)
		// Twice the figure of the ADR leaves room for few runs.
		if m > 2*c.promised {
			t.Errorf("%s: %d requests, the ADR says %d", c.name, m, c.promised)
		}
	}
}

// TestTheMixtureCostsLittleOverTheMultinomialTest compares with the mixture of
// Lindon & Malek's test over six odds ratios, on the same data.
func TestTheMixtureCostsLittleOverTheMultinomialTest(t *testing.T) {
	n := 40 * *runs
	for _, rate := range []float64{.05, .02} {
		stop := func(test func(b *Batch) bool) int64 {
			var all []int64
			for seed := range n {
				w := world{weights: []float64{.05}, length: 400_000, poll: 100, errors: always(.01, rate)}
				requests, _ := w.play(rand.New(rand.NewPCG(uint64(seed), 9)), nil, func(_ int, batches []Batch) bool { return test(&batches[0]) })
				all = append(all, requests)
			}
			return median(all)
		}
		ours := stop(func(b *Batch) bool {
			var s series
			s.add(trial{weight: b.Weight, units: b.Counts.Units, hits: b.Counts.Errors}, 1)
			return s.fresh(0) >= logOf100
		})
		theirs := stop(func(b *Batch) bool { return multinomial(b) >= logOf100 })
		t.Logf("errors 1 → %g %%, w = 5 %%: ours %d requests, multinomial %d", rate*100, ours, theirs)
		if float64(ours) > 1.4*float64(theirs) {
			t.Errorf("errors 1 → %g %%: ours needs %d requests, the multinomial mixture %d", rate*100, ours, theirs)
		}
	}
}

type powerCase struct {
	name       string
	world      world
	guardrails []Guardrail
	next       float64
	want       Outcome
	promised   int64
}

func (c powerCase) quantiles() []float64 {
	if g := c.guardrails[0]; g.Metric == MetricLatency {
		return []float64{g.Quantile}
	}
	return nil
}

func errorCase(want Outcome, w, stable, candidate, margin, next float64, promised int64) powerCase {
	return powerCase{
		name:       fmt.Sprintf("%s: w %g %%, errors %g and %g %%, margin %g, next %g", want, w*100, stable*100, candidate*100, margin, next),
		world:      world{weights: []float64{w}, length: int(4 * promised), poll: 100, errors: always(stable, candidate)},
		guardrails: []Guardrail{{Metric: MetricErrors, Margin: margin}}, next: next, want: want, promised: promised,
	}
}

func latencyCase(want Outcome, w, factor, q, margin, next float64, promised int64) powerCase {
	return powerCase{
		name: fmt.Sprintf("%s: w %g %%, latency p%g × %g, margin %g %%, next %g", want, w*100, q*100, factor, margin, next),
		world: world{weights: []float64{w}, length: int(4 * promised), poll: 200, margin: margin, latency: func(_ int, arm Arm, r *rand.Rand) time.Duration {
			d := lognormal(r, 5*time.Millisecond, 0.5)
			if arm == Candidate {
				d = time.Duration(float64(d) * factor)
			}
			return d
		}},
		guardrails: []Guardrail{{Metric: MetricLatency, Quantile: q, Margin: margin}}, next: next, want: want, promised: promised,
	}
}

func classCase(want Outcome, w, stable, candidate, margin, next float64, promised int64) powerCase {
	return powerCase{
		name: fmt.Sprintf("%s: w %g %%, share of a class %g and %g %%, margin %g, next %g", want, w*100, stable*100, candidate*100, margin, next),
		world: world{
			weights: []float64{w}, length: int(4 * promised), poll: 100,
			class: func(_ int, arm Arm, r *rand.Rand) int { return count(r.Float64() < [2]float64{stable, candidate}[arm]) },
			bins:  &Bins{Classes: []string{"on time", "late"}, Expected: []float64{1 - stable, stable, 0}},
		},
		guardrails: []Guardrail{{Metric: MetricPrediction, Margin: margin}}, next: next, want: want, promised: promised,
	}
}

func powerCases() []powerCase {
	const none = 1e-6 // margins are above 0; this one is as good as none
	return []powerCase{
		errorCase(Fail, .05, .01, .05, none, 1, 3300),
		errorCase(Fail, .05, .01, .02, none, 1, 35_000),
		errorCase(Fail, .05, .01, .05, 0.5, 1, 5000),
		errorCase(Fail, .01, .01, 1, 0.5, 1, 400),
		errorCase(Fail, .1, .001, .5, 0.5, 1, 200),
		errorCase(Pass, .01, .01, .01, 0.5, .1, 6500),
		errorCase(Pass, .1, .01, .01, 0.5, .5, 9000),
		errorCase(Pass, .5, .01, .01, 0.5, 1, 9000),
		errorCase(Pass, .5, 0, 0, 0.5, 1, 1800),
		latencyCase(Fail, .1, 1.25, .5, none, 1, 1200),
		latencyCase(Fail, .1, 1.25, .9, none, 1, 1800),
		latencyCase(Fail, .1, 1.25, .99, none, 1, 5000),
		latencyCase(Fail, .1, 1.5, .99, 20, 1, 7000),
		latencyCase(Fail, .1, 2, .99, 20, 1, 1000),
		latencyCase(Pass, .1, 1, .99, 20, .5, 3200),
		latencyCase(Pass, .5, 1, .99, 20, 1, 5000),
		classCase(Fail, .1, .2, 0, .1, 1, 1000),
		classCase(Fail, .1, .2, .5, .1, 1, 1000),
		classCase(Pass, .5, .2, .2, .1, 1, 600),
	}
}
