package sequential

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestTheMixtureIsTheIntegralItStandsFor(t *testing.T) {
	for _, c := range []struct{ s, v float64 }{{0, 0}, {1, 0.5}, {10, 20}, {40, 90}} {
		const steps = 200_000
		above, below := 0.0, 0.0
		for i := range steps {
			lambda := (float64(i) + 0.5) / steps
			density := math.Pow(1-lambda, mixture-1) * math.Exp(-mixture*(1-lambda))
			above += density * math.Exp(lambda*c.s+(math.Log1p(-lambda)+lambda)*c.v)
			below += density
		}
		if want, got := math.Log(above/below), gammaExponential(c.s, c.v); math.Abs(want-got) > 1e-6 {
			t.Errorf("s %v, v %v: %.8f, numerically %.8f", c.s, c.v, got, want)
		}
	}
}

// covers plays observations of changing means and reports whether the bounds at
// level, looked at after each, always had the average mean so far, and whether an
// interval for a fixed sample would have had.
func covers(r *rand.Rand, level float64, n int, mean func(i int) float64) (always, fixed bool) {
	var m Mean
	sum := 0.0
	always, fixed = true, true
	z := math.Sqrt2 * math.Erfinv(1-level)
	for i := range n {
		p := mean(i)
		sum += p
		m.Update(float64(bernoulli(r, p)))
		s := math.Abs(m.sum - sum)
		always = always && gammaExponential(s, m.v) < math.Log(2/level)
		if i >= 100 {
			q := m.Value()
			fixed = fixed && s/m.n <= z*math.Sqrt(q*(1-q)/m.n)
		}
	}
	return always, fixed
}

func bernoulli(r *rand.Rand, p float64) int {
	if r.Float64() < p {
		return 1
	}
	return 0
}

func TestBoundsHoldThoughOneLooksAfterEveryObservation(t *testing.T) {
	const level, runs, length = 0.1, 300, 3000
	for name, mean := range map[string]func(int) float64{
		"half":     func(int) float64 { return .5 },
		"rare":     func(int) float64 { return .01 },
		"changing": func(i int) float64 { return .3 + .25*math.Sin(float64(i)/200) },
		"jump":     func(i int) float64 { return []float64{.1, .9}[i/1500] },
	} {
		missed, fixed := 0, 0
		for seed := range uint64(runs) {
			ok, z := covers(rand.New(rand.NewPCG(seed, 67)), level, length, mean)
			if !ok {
				missed++
			}
			if !z {
				fixed++
			}
		}
		limit := level + 3*math.Sqrt(level*(1-level)/runs)
		t.Logf("%s: left out in %d of %d runs (limit %.1f), a fixed-sample interval in %d", name, missed, runs, limit*runs, fixed)
		if float64(missed) > limit*runs {
			t.Errorf("%s: %d of %d runs left the mean out, more than %.3f", name, missed, runs, limit)
		}
	}
}

func TestBoundsAreWhereTheEvidenceCrosses(t *testing.T) {
	var m Mean
	r := rand.New(rand.NewPCG(1, 67))
	for range 5000 {
		m.Update(float64(bernoulli(r, .2)))
	}
	low, high := m.Bounds(.05)
	if s := (m.Value() - low) * m.n; math.Abs(gammaExponential(s, m.v)-math.Log(40)) > 1e-6 {
		t.Errorf("the evidence at the bound is %v, want log 40", gammaExponential(s, m.v))
	}
	// A fixed sample's 95 % interval is ±0.0111.
	if half := (high - low) / 2; half < .0111 || half > 3*.0111 {
		t.Errorf("%.4f … %.4f", low, high)
	}
}

func TestBoundsOfLittleAreEverythingAndOfMuchAreFinite(t *testing.T) {
	var m Mean
	if low, high := m.Bounds(.05); low != 0 || high != 1 {
		t.Errorf("%v … %v of nothing", low, high)
	}
	m.Update(math.NaN())
	m.Update(7)
	if low, high := m.Bounds(.05); m.Count() != 1 || m.Value() != 1 || low != 0 || high != 1 {
		t.Errorf("%v … %v of one", low, high)
	}
	much := Mean{n: 1e12, sum: 2e11, v: 1.6e11}
	if low, high := much.Bounds(.001); !(low > .19999 && low < .2 && high > .2 && high < .20001) {
		t.Errorf("%v … %v of much", low, high)
	}
}
