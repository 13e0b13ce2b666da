package sequential

import (
	"math"
	"math/rand/v2"
	"testing"
)

// What is kept relative to a bet without a hit is what every bet on its own is.
func TestSpotsAreTheirSingleBets(t *testing.T) {
	rng := rand.New(rand.NewPCG(69, 1))
	s, r := newSpots(), newRanks(1000)
	var seen []float64
	offset := [spotKinds]float64{3: 1.0 / 16}
	single := make([][]float64, spotKinds)
	for i, k := range table.spots {
		single[i] = make([]float64, k.parts)
	}
	for n := range 5000 {
		p := rng.Float64()
		if n%1000 > 975 { // evidence that grows to 10⁸ and goes away
			p = 0.71
		}
		sum := 0.0
		for i, k := range table.spots {
			for c := range single[i] {
				pay := k.miss
				if math.Floor(math.Mod(p+offset[i], 1)*float64(k.parts)) == float64(c) {
					count := 1 + 1001/float64(k.parts)
					for _, q := range seen {
						if math.Floor(math.Mod(q+offset[i], 1)*float64(k.parts)) == float64(c) {
							count++
						}
					}
					pay += k.share * float64(1001+len(seen)) / count
				}
				single[i][c] = pay * (single[i][c] + k.weight)
				sum += single[i][c]
			}
		}
		if got := s.update(&table.spots, &r, p); math.Abs(got/sum-1) > 1e-4 || math.Abs(s.total()/got-1) > 1e-9 {
			t.Fatalf("after %d: update %g, total %g, one by one %g", n, got, s.total(), sum)
		}
		r.next(p)
		seen = append(seen, p)
	}
}

// A few per cent of the rows at one value, new or already frequent, were not found
// by bets on eighths within 20,000 observations. The bounds are what this simulation
// gave, and a fifth.
func TestAFewPerCentAtOneValueAreFound(t *testing.T) {
	const runs, rows, before, longest, threshold, seed = 40, 20_000, 1000, 20_000, 64e6, 69
	for _, c := range []struct {
		name        string
		share, from float64 // of the rows, and the rank where the value begins
		width       float64 // how much of the reference is at that value
		bound       float64 // of the mean delay
	}{
		{"3 % at a value that hardly occurred", 0.03, 0.9, 0.001, 1510},
		{"5 % at a value that 3 % had", 0.05, 0.88, 0.03, 1480},
		{"5 % at a value that 10 % had", 0.05, 0.5, 0.1, 3500},
	} {
		rng := rand.New(rand.NewPCG(seed, 7))
		var delays []float64
		missed := 0
		for range runs {
			d := NewDistribution(rows, threshold)
			n := runLength(before+longest, func(i int) bool {
				u := rng.Float64()
				if i > before && rng.Float64() < c.share {
					u = c.from + c.width*u
				}
				_, ring := d.Update(u)
				return ring
			})
			if n == before+longest {
				missed++
			}
			delays = append(delays, float64(n-before))
		}
		mean, se := meanAndError(delays)
		t.Logf("%s, seed %d: mean delay %.0f ± %.0f, missed %d of %d", c.name, seed, mean, se, missed, runs)
		if mean > c.bound || missed > 0 {
			t.Errorf("%s: mean delay %.0f, bound %.0f; missed %d of %d", c.name, mean, c.bound, missed, runs)
		}
	}
}
