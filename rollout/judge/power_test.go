package judge

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// TestPowerTable prints what the ADR quotes: -run PowerTable -v -power=200.
func TestPowerTable(t *testing.T) {
	for _, c := range powerCases() {
		runs := 30
		var all, cand []int64
		missed := 0
		for seed := range runs {
			r := rand.New(rand.NewPCG(uint64(seed), 7))
			failed := false
			var quantiles []float64
			for _, g := range c.guardrails {
				if g.Metric == MetricLatency {
					quantiles = append(quantiles, g.Quantile)
				}
			}
			n, m := c.world.play(r, quantiles, func(_ int, batches []Batch) bool {
				for _, v := range Judge(Input{Guardrails: c.guardrails, FalseAlarm: 0.01, Shares: 1, PassLevel: 0.05, Next: c.next, Present: c.world.weights[0], Batches: batches})[1:] {
					failed = v.Outcome == c.want
				}
				return failed
			})
			if !failed {
				missed++
			}
			all, cand = append(all, n), append(cand, m)
		}
		fmt.Printf("%-60s median requests %7d, candidate %6d, undecided %d of %d\n", c.name, median(all), median(cand), missed, runs)
	}
}

type powerCase struct {
	name       string
	world      world
	guardrails []Guardrail
	next       float64
	want       Outcome
}

func powerCases() []powerCase {
	errors := func(w, p0, p1, margin float64, next float64, want Outcome) powerCase {
		return powerCase{
			name:       fmt.Sprintf("%s: w=%g %% errors %g → %g %%, margin %g, next %g", want, w*100, p0*100, p1*100, margin, next),
			world:      world{weights: []float64{w}, length: 400_000, poll: 100, errors: always(p0, p1)},
			guardrails: []Guardrail{{Metric: MetricErrors, Margin: margin}}, next: next, want: want,
		}
	}
	latency := func(w, factor, q, margin, next float64, want Outcome) powerCase {
		return powerCase{
			name: fmt.Sprintf("%s: w=%g %% latency p%g × %g, margin %g %%, next %g", want, w*100, q*100, factor, margin, next),
			world: world{weights: []float64{w}, length: 200_000, poll: 200, margin: margin, latency: func(_ int, arm Arm, r *rand.Rand) time.Duration {
				d := lognormal(r, 5*time.Millisecond, 0.5)
				if arm == Candidate {
					d = time.Duration(float64(d) * factor)
				}
				return d
			}},
			guardrails: []Guardrail{{Metric: MetricLatency, Quantile: q, Margin: margin}}, next: next, want: want,
		}
	}
	return []powerCase{
		errors(.05, .01, .05, 0.0001, 1, Fail),
		errors(.05, .01, .02, 0.0001, 1, Fail),
		errors(.05, .01, .05, 0.5, 1, Fail),
		errors(.05, .01, .02, 0.5, 1, Fail),
		errors(.01, .01, 1, 0.5, 1, Fail),
		errors(.01, 0, 1, 0.5, 1, Fail),
		errors(.1, .001, .5, 0.5, 1, Fail),
		errors(.01, .01, .01, 0.5, .1, Pass),
		errors(.1, .01, .01, 0.5, .5, Pass),
		errors(.5, .01, .01, 0.5, 1, Pass),
		errors(.5, .001, .001, 0.5, 1, Pass),
		errors(.5, 0, 0, 0.5, 1, Pass),
		errors(.5, 0.05, 0.05, 0.5, 1, Pass),
		latency(.1, 1.25, .5, 0, 1, Fail),
		latency(.1, 1.25, .9, 0, 1, Fail),
		latency(.1, 1.25, .99, 0, 1, Fail),
		latency(.1, 1.5, .99, 20, 1, Fail),
		latency(.1, 2, .99, 20, 1, Fail),
		latency(.01, 1, .99, 20, .1, Pass),
		latency(.1, 1, .99, 20, .5, Pass),
		latency(.5, 1, .99, 20, 1, Pass),
		latency(.5, 1, .5, 20, 1, Pass),
	}
}
