package drift

import (
	"math"
	"math/rand/v2"
	"slices"
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

// method returns one score of a comparison.
func method(t *testing.T, scores []Score, name string) Score {
	t.Helper()
	for _, s := range scores {
		if s.Method == name {
			return s
		}
	}
	t.Fatalf("there is no score %s in %+v", name, scores)
	return Score{}
}

func TestScoresAgreeWithTheTools(t *testing.T) {
	r, c := golden()
	large := func(rules Rules) []Score { return Compare(rules, Numbers(r, false), Numbers(c, false)) }
	small := Compare(Evidently, Numbers(r[:800], false), Numbers(c[:500], false))
	counts := func(a, b uint64) *Sample { return Categories(map[string]uint64{"no": a, "yes": b}) }
	shares := Compare(Evidently, counts(800-343, 343), counts(500-136, 136))
	for _, s := range []struct {
		name      string
		got, want float64 // want: Evidently 0.7.23, NannyML 0.13.1
	}{
		{"psi", method(t, large(Evidently), "psi").Value, 0.5485205854919838},
		{"js", method(t, large(Evidently), "js").Value, 0.18020972982003833},
		{"kl", method(t, large(Evidently), "kl").Value, 0.09954530087168859},
		{"hellinger", method(t, large(Evidently), "hellinger").Value, 0.20984032699308902},
		{"wasserstein_normed", method(t, large(Evidently), "wasserstein_normed").Value, 0.27250909320765687},
		{"NannyML's js", method(t, large(NannyML), "js").Value, 0.2525828021532178},
		{"ks", method(t, small, "ks").Value, 0.12},
		{"p of ks", *method(t, small, "ks").PValue, 0.00025680821023742233},
		{"p of z", *method(t, shares, "z").PValue, 1.1985327619257191e-08},
	} {
		if math.Abs(s.got-s.want) > 1e-6*min(1, 100*s.want) {
			t.Errorf("%s = %.15g, the tool says %.15g", s.name, s.got, s.want)
		}
	}
}

func TestDegenerateColumnsGiveFiniteScores(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	var samples []*Sample
	for _, values := range [][]float64{
		nil,
		{nan},
		{inf, -inf, nan},
		{1},
		{1, 1, 1},
		{0, 1},
		{0, 1, 2, 3},
		{0.1, 1e-300},
		{math.MaxFloat64, -math.MaxFloat64},
		{5e-324, 1e308},
		{5e-324, 1e-323},
		func() []float64 { r, _ := golden(); return append(r, math.MaxFloat64, -math.MaxFloat64) }(),
		make([]float64, 10_001),
		func() []float64 { r, _ := golden(); return slices.Concat(r, r, r, r) }(),
	} {
		samples = append(samples, Numbers(values, false), Numbers(values, true))
	}
	for _, counts := range []map[string]uint64{nil, {"a": 0}, {"a": 1}, {"a": 5, "b": 1}, {"b": 1}, {"a": 1 << 52, "c": 1}} {
		samples = append(samples, Categories(counts))
	}
	for i, r := range samples {
		for j, c := range samples {
			for _, rules := range []Rules{Evidently, NannyML, SageMaker} {
				scores := Compare(rules, r, c)
				if empty := r.Len() == 0 || c.Len() == 0 || r.numeric != c.numeric; empty != (len(scores) == 0) {
					t.Errorf("%s of samples %d and %d: %d scores", rules, i, j, len(scores))
				}
				for _, s := range scores {
					p := 0.5
					if s.PValue != nil {
						p = *s.PValue
					}
					for _, v := range []float64{s.Value, s.NullExpected, p} {
						if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
							t.Errorf("%s of samples %d and %d: %+v, p %v", rules, i, j, s, p)
						}
					}
					if i == j && s.Value > 1e-12 {
						t.Errorf("%s of sample %d with itself: %+v", rules, i, s)
					}
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

func TestExpectedScoresAreWhatSimulationFinds(t *testing.T) {
	const seed, runs = 8, 120
	rng := rand.New(rand.NewPCG(seed, 0))
	numbers := func(n int) *Sample {
		values := make([]float64, n)
		for i := range values {
			values[i] = math.Exp(rng.NormFloat64() / 2)
		}
		return Numbers(values, false)
	}
	categories := func(n int) *Sample {
		counts := map[string]uint64{}
		for range n {
			counts[string(rune('a'+int(15*rng.Float64()*rng.Float64())))]++
		}
		return Categories(counts)
	}
	for name, draw := range map[string]func(n int) *Sample{"numbers": numbers, "categories": categories} {
		for _, size := range []struct{ n, m int }{{3000, 1000}, {1000, 300}} {
			for _, rules := range []Rules{Evidently, NannyML, SageMaker} {
				means, nulls := map[string]float64{}, map[string]float64{}
				for range runs {
					for _, s := range Compare(rules, draw(size.n), draw(size.m)) {
						means[s.Method] += s.Value / runs
						nulls[s.Method] += s.NullExpected / runs
					}
				}
				for method, mean := range means {
					ratio := nulls[method] / mean
					t.Logf("seed %d, %s, %s, %+v, %s: mean %.5f, expected %.5f (%.2f)", seed, name, rules, size, method, mean, nulls[method], ratio)
					if method != "l_infinity_robust" && (ratio < 0.8 || ratio > 1.25) {
						t.Errorf("seed %d, %s, %s, %+v, %s: mean %.5f, expected %.5f", seed, name, rules, size, method, mean, nulls[method])
					}
				}
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
