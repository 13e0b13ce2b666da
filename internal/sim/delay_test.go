package sim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// change is a change and what an oracle makes of it: its log likelihood ratio of an
// observation drawn before or after.
type change struct {
	name   string
	limit  float64 // of the ratio, plus three standard errors: 1.5 where it is reached, else what is, and a tenth
	make   func(t *testing.T, rng *rand.Rand, rows int, threshold float64) stream
	oracle func(rng *rand.Rand, changed bool) float64
}

func normalChange(name string, shift, scale, limit float64) change {
	after := func(r *rand.Rand) float64 { return shift + scale*r.NormFloat64() }
	return change{name, limit, func(t *testing.T, rng *rand.Rand, rows int, threshold float64) stream {
		t.Helper()
		return numeric(t, rng, rows, normal, after, threshold)
	}, func(rng *rand.Rand, changed bool) float64 {
		x := rng.NormFloat64()
		if changed {
			x = shift + scale*x
		}
		z := (x - shift) / scale
		return (x*x-z*z)/2 - math.Log(scale)
	}}
}

func rateChange(from, to, limit float64) change {
	return change{fmt.Sprintf("rate %g → %g", from, to), limit, func(_ *testing.T, rng *rand.Rand, rows int, threshold float64) stream {
		return rate(rng, rows, from, to, true, threshold)
	}, func(rng *rand.Rand, changed bool) float64 {
		p := from
		if changed {
			p = to
		}
		if rng.Float64() < p {
			return math.Log(to / from)
		}
		return math.Log((1 - to) / (1 - from))
	}}
}

func groupChange(name string, after []float64, limit float64) change {
	return change{name, limit, func(_ *testing.T, rng *rand.Rand, rows int, threshold float64) stream {
		return groups(rng, rows, eight, after, threshold)
	}, func(rng *rand.Rand, changed bool) float64 {
		p := eight
		if changed {
			p = after
		}
		i := pick(rng, p)
		return math.Log(after[i] / eight[i])
	}}
}

func changes() []change {
	return []change{
		normalChange("mean + 0.1 σ", 0.1, 1, 1.65), normalChange("mean + 0.25 σ", 0.25, 1, 1.5),
		normalChange("mean + 0.5 σ", 0.5, 1, 1.5), normalChange("mean + 1 σ", 1, 1, 1.5),
		normalChange("scale × 1.5", 0, 1.5, 1.65),
		groupChange("a tenth moves between two of 8 categories", []float64{0.4, 0.15, 0.15, 0.2, 0.05, 0.03, 0.015, 0.005}, 1.9),
		rateChange(0.02, 0.04, 1.6), rateChange(0.02, 0.1, 1.6), rateChange(0.3, 0.15, 1.5),
	}
}

const (
	delayTarget = 10_000
	warm        = 1000 // observations before a change
)

// oracleDelay calibrates the CUSUM by bisection on one long stream of increments and
// measures it with its statistic at what it is without a change.
func oracleDelay(c change, runs, calibration int, seed uint64) estimate {
	runLength := func(h float64) float64 {
		rng := rand.New(rand.NewPCG(seed, 31))
		alarms, w := 0, 0.0
		for range calibration {
			w = max(w, 0) + c.oracle(rng, false)
			if w >= h {
				alarms, w = alarms+1, 0
			}
		}
		return float64(calibration) / max(float64(alarms), 0.5)
	}
	low, high := 0.0, math.Log(delayTarget)+2
	for range 14 {
		if h := (low + high) / 2; runLength(h) < delayTarget {
			low = h
		} else {
			high = h
		}
	}
	rng := rand.New(rand.NewPCG(seed, 32))
	var found []float64
	for len(found) < runs {
		w := 0.0
		one := stream(func(changed bool) bool {
			w = max(w, 0) + c.oracle(rng, changed)
			return w >= high
		})
		if n, ok := one.delay(warm, 100*delayTarget); ok {
			found = append(found, n)
		}
	}
	return meanOf(found)
}

func delays(t *testing.T, s size, p *page) {
	references, oracleRuns := []int{20_000}, 200
	if s.full {
		oracleRuns = 1000
		references = []int{2000, 20_000, 100_000}
	}
	const seed = 23
	p.line("\n## Delays\n\nγ = %d, change after %d observations, %d runs (the oracle %d), seed %d. Runs that rang before the change are left out.\n",
		delayTarget, warm, s.changes, oracleRuns, seed)
	header, rule := "| change | oracle |", "|---|---|"
	for _, rows := range references {
		header, rule = header+fmt.Sprintf(" reference of %d | ratio |", rows), rule+"---|---|"
	}
	p.line("%s\n%s", header, rule)
	for k, c := range changes() {
		oracle := oracleDelay(c, oracleRuns, oracleRuns*delayTarget/5, seed)
		line := fmt.Sprintf("| %s | %.1f ± %.1f |", c.name, oracle.mean, oracle.se)
		for _, rows := range references {
			e := changeDelay(t, c, s.changes, rows, seed+uint64(k))
			ratio := e.mean / oracle.mean
			off := ratio * math.Hypot(e.se/e.mean, oracle.se/oracle.mean)
			line += fmt.Sprintf(" %s | %.2f ± %.2f |", e, ratio, off)
			if rows >= 20_000 && ratio > c.limit+3*off {
				t.Errorf("%s, reference of %d: delay %s, %.2f times the oracle's, want %g", c.name, rows, e, ratio, c.limit)
			}
		}
		p.line("%s", line)
	}
}

func changeDelay(t *testing.T, c change, runs, rows int, seed uint64) estimate {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, uint64(rows)))
	var found []float64
	for len(found) < runs {
		if n, ok := c.make(t, rng, rows, delayTarget).delay(warm, 5*delayTarget); ok {
			found = append(found, n)
		}
	}
	return meanOf(found)
}
