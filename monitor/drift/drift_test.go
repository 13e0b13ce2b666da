package drift

import (
	"math"
	"math/rand/v2"
	"testing"
)

// golden returns the two columns whose scores were taken from Evidently's own functions.
func golden() (reference, current []float64) {
	for i := 1; i <= 3000; i++ {
		reference = append(reference, float64(7919*i%10007)/100)
	}
	for i := 1; i <= 2000; i++ {
		current = append(current, 1.1*float64(104729*i%10007)/100+3)
	}
	return reference, current
}

func TestScoresAgreeWithEvidently(t *testing.T) {
	r, c := golden()
	for _, s := range []struct {
		name      string
		got, want float64 // want: Evidently 0.7.23
	}{
		{"psi", EvidentlyPSI(r, c), 0.5485205854919838},
		{"jensenshannon", EvidentlyJS(r, c), 0.18020972982003833},
		{"kl_div", EvidentlyKL(r, c), 0.09954530087168859},
	} {
		if math.Abs(s.got-s.want) > 1e-6 {
			t.Errorf("%s = %.12f, Evidently says %.12f", s.name, s.got, s.want)
		}
	}
}

func TestDegenerateColumnsGiveFiniteScores(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	columns := [][]float64{
		nil,
		{nan},
		{inf, -inf, nan},
		{1},
		{1, 1, 1},
		{0, 1},
		{math.MaxFloat64, -math.MaxFloat64},
		{5e-324, 1e308},
		func() []float64 { r, _ := golden(); return append(r, math.MaxFloat64, -math.MaxFloat64) }(),
	}
	for i, r := range columns {
		for j, c := range columns {
			for name, f := range map[string]func(a, b []float64) float64{"psi": EvidentlyPSI, "js": EvidentlyJS, "kl": EvidentlyKL} {
				if v := f(r, c); math.IsNaN(v) || math.IsInf(v, 0) {
					t.Errorf("%s of columns %d and %d is %v", name, i, j, v)
				}
			}
		}
	}
	for _, counts := range [][]uint64{nil, {0, 0}, {1, 0}, {1 << 62, 1}} {
		other := make([]uint64, len(counts))
		for _, v := range []float64{PSI(counts, other), PSI(other, counts), JS(counts, counts), JS(other, counts), PSI(counts, counts)} {
			if v != 0 {
				t.Errorf("a score with an empty side, or of a histogram with itself, is %v, want 0", v)
			}
		}
	}
}

func TestNullExpectationsAreWhatSimulationFinds(t *testing.T) {
	const seed, bins, runs = 7, 20, 2000
	rng := rand.New(rand.NewPCG(seed, 0))
	draw := func(n int) []uint64 {
		counts := make([]uint64, bins)
		for range n {
			counts[rng.IntN(bins)]++
		}
		return counts
	}
	for _, size := range []struct{ n, m int }{{2000, 2000}, {2000, 400}} {
		psi, js := 0.0, 0.0
		for range runs {
			r, c := draw(size.n), draw(size.m)
			psi += PSI(r, c) / runs
			js += JS(r, c) / runs
		}
		if want := NullPSI(bins, uint64(size.n), uint64(size.m)); math.Abs(psi/want-1) > 0.06 {
			t.Errorf("seed %d, %+v: mean PSI %.5f, expected %.5f", seed, size, psi, want)
		}
		if want := NullJS(bins, uint64(size.n), uint64(size.m)); math.Abs(js/want-1) > 0.06 {
			t.Errorf("seed %d, %+v: mean JS %.5f, expected %.5f", seed, size, js, want)
		}
	}
}

func TestOnlinePSIApproachesThePlainOne(t *testing.T) {
	r, c := []uint64{40_000, 30_000, 20_000, 10_000}, []uint64{30_000, 30_000, 20_000, 20_000}
	plain := 0.0
	for i := range r {
		a, b := float64(r[i])/1e5, float64(c[i])/1e5
		plain += (a - b) * math.Log(a/b)
	}
	if got := PSI(r, c); math.Abs(got/plain-1) > 1e-3 {
		t.Errorf("PSI = %v, without smoothing %v", got, plain)
	}
}
