package sequential

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Simulations of the two promises: the mean run length without a change is at
// least the threshold (minus three standard errors of the simulation), and a change
// is found within a stated number of observations. Every seed is fixed and printed.

const (
	target  = 1000        // threshold of the null simulations
	longest = 10 * target // runs are cut here, which only lowers their mean
)

// ecdf ranks by a sorted reference sample, randomised at ties.
type ecdf []float64

func sample(rng *rand.Rand, n int, draw func(*rand.Rand) float64) ecdf {
	s := make(ecdf, n)
	for i := range s {
		s[i] = draw(rng)
	}
	slices.Sort(s)
	return s
}

func (e ecdf) rank(x float64, rng *rand.Rand) float64 {
	low, _ := slices.BinarySearch(e, x)
	high, _ := slices.BinarySearch(e, math.Nextafter(x, math.Inf(1)))
	return (float64(low) + rng.Float64()*float64(high-low)) / float64(len(e))
}

// simulation skips what takes seconds, and minutes under the race detector.
func simulation(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("a simulation of 400 runs")
	}
}

// runLength counts the updates until ring reports an alarm.
func runLength(limit int, ring func(i int) bool) int {
	for i := 1; i <= limit; i++ {
		if ring(i) {
			return i
		}
	}
	return limit
}

func meanAndError(lengths []float64) (mean, se float64) {
	for _, l := range lengths {
		mean += l / float64(len(lengths))
	}
	for _, l := range lengths {
		se += (l - mean) * (l - mean)
	}
	n := float64(len(lengths))
	return mean, math.Sqrt(se / (n - 1) / n)
}

func normal(r *rand.Rand) float64 { return r.NormFloat64() }

// tied is mostly a handful of values: a third zeros, small counts, a few larger.
func tied(r *rand.Rand) float64 {
	if r.IntN(3) == 0 {
		return 0
	}
	return math.Floor(r.ExpFloat64() * 4)
}

func TestDistributionKeepsItsRunLengthWithEstimatedReferencesAndTies(t *testing.T) {
	simulation(t)
	const runs = 400
	for _, draw := range []struct {
		name string
		f    func(*rand.Rand) float64
	}{{"normal", normal}, {"tied", tied}} {
		for _, rows := range []int{500, 2000, 10_000} {
			t.Run(fmt.Sprintf("%s/%d", draw.name, rows), func(t *testing.T) {
				seed := uint64(rows)
				rng := rand.New(rand.NewPCG(seed, 1))
				lengths := make([]float64, runs)
				for i := range lengths {
					reference := sample(rng, rows, draw.f)
					d := NewDistribution(uint64(rows), target)
					lengths[i] = float64(runLength(longest, func(int) bool {
						_, ring := d.Update(reference.rank(draw.f(rng), rng))
						return ring
					}))
				}
				mean, se := meanAndError(lengths)
				t.Logf("seed %d: mean run length %.0f ± %.0f, promised %d", seed, mean, se, target)
				if mean < target-3*se {
					t.Errorf("mean run length %.0f ± %.0f is below the promised %d", mean, se, target)
				}
			})
		}
	}
}

func TestRatesKeepTheirRunLength(t *testing.T) {
	simulation(t)
	const runs, rows = 400, 2000
	for i, p := range []float64{0, 0.002, 0.02, 0.3, 0.9} {
		for _, both := range []bool{false, true} {
			seed := uint64(i)
			rng := rand.New(rand.NewPCG(seed, 2))
			lengths := make([]float64, runs)
			for k := range lengths {
				hits := uint64(0)
				for range rows {
					if rng.Float64() < p {
						hits++
					}
				}
				d := NewRate(hits, rows, both, target)
				lengths[k] = float64(runLength(longest, func(int) bool {
					_, ring := d.Update(rng.Float64() < p)
					return ring
				}))
			}
			mean, se := meanAndError(lengths)
			t.Logf("share %g, both %v, seed %d: mean run length %.0f ± %.0f", p, both, seed, mean, se)
			if mean < target-3*se {
				t.Errorf("share %g, both %v: mean run length %.0f ± %.0f is below the promised %d", p, both, mean, se, target)
			}
		}
	}
}

var groupShares = []float64{0.4, 0.25, 0.15, 0.1, 0.05, 0.03, 0.015, 0.005}

func drawGroup(rng *rand.Rand, shares []float64) int {
	u := rng.Float64()
	for i, p := range shares {
		if u -= p; u < 0 {
			return i
		}
	}
	return len(shares) - 1
}

func referenceCounts(rng *rand.Rand, shares []float64, rows int) []uint64 {
	counts := make([]uint64, len(shares))
	for range rows {
		counts[drawGroup(rng, shares)]++
	}
	return counts
}

func TestCategoriesKeepTheirRunLength(t *testing.T) {
	simulation(t)
	const runs = 400
	for _, rows := range []int{500, 5000} {
		seed := uint64(rows)
		rng := rand.New(rand.NewPCG(seed, 3))
		lengths := make([]float64, runs)
		for i := range lengths {
			d := NewCategories(referenceCounts(rng, groupShares, rows), target)
			lengths[i] = float64(runLength(longest, func(int) bool {
				_, ring := d.Update(drawGroup(rng, groupShares))
				return ring
			}))
		}
		mean, se := meanAndError(lengths)
		t.Logf("%d rows, seed %d: mean run length %.0f ± %.0f", rows, seed, mean, se)
		if mean < target-3*se {
			t.Errorf("%d rows: mean run length %.0f ± %.0f is below the promised %d", rows, mean, se, target)
		}
	}
}

// The bounds are what this simulation gave, plus a fifth.
func TestAChangeIsFoundInTime(t *testing.T) {
	const runs, rows, before, threshold = 200, 20_000, 500, 10_000
	for _, c := range []struct {
		name  string
		shift float64
		scale float64
		bound float64
		words string
	}{
		{"shift of 0.25 sigma", 0.25, 1, 235, Up},
		{"shift of 0.5 sigma", 0.5, 1, 84, Up},
		{"shift of -1 sigma", -1, 1, 25, Down},
		{"scale times 1.5", 0, 1.5, 50, Wider},
		{"scale times 0.5", 0, 0.5, 41, Narrower},
	} {
		t.Run(c.name, func(t *testing.T) {
			const seed = 11
			rng := rand.New(rand.NewPCG(seed, 4))
			reference := sample(rng, rows, normal)
			var delays, began []float64
			words := map[string]int{}
			for len(delays) < runs {
				d := NewDistribution(rows, threshold)
				var found *Finding
				n := runLength(before+20_000, func(i int) bool {
					x := normal(rng)
					if i > before {
						x = c.shift + c.scale*x
					}
					f, ring := d.Update(reference.rank(x, rng))
					found = f
					return ring
				})
				if n <= before {
					continue // a false alarm is not a detection
				}
				delays = append(delays, float64(n-before))
				began = append(began, math.Abs(float64(n)-float64(found.Began)-before))
				words[found.Direction]++
			}
			slices.Sort(began)
			mean, se := meanAndError(delays)
			t.Logf("seed %d: mean delay %.1f ± %.1f, median error of the change point %.0f, directions %v",
				seed, mean, se, began[runs/2], words)
			if mean > c.bound {
				t.Errorf("mean delay %.1f, bound %.0f", mean, c.bound)
			}
			if began[runs/2] > max(mean/2, 16) {
				t.Errorf("median error of the change point is %.0f at a delay of %.0f", began[runs/2], mean)
			}
			if words[c.words] < runs*9/10 {
				t.Errorf("directions %v, want %q in 90 %%", words, c.words)
			}
		})
	}
}

func TestAChangedRateIsFoundInTime(t *testing.T) {
	const runs, rows, before, threshold = 200, 20_000, 500, 10_000
	for _, c := range []struct{ from, to, bound float64 }{
		{0.02, 0.04, 640}, {0.02, 0.10, 102}, {0, 0.02, 122}, {0.3, 0.15, 120},
	} {
		const seed = 12
		rng := rand.New(rand.NewPCG(seed, 5))
		var delays []float64
		inside := 0
		for len(delays) < runs {
			d := NewRate(uint64(c.from*rows), rows, true, threshold)
			var found *Finding
			n := runLength(before+20_000, func(i int) bool {
				p := c.from
				if i > before {
					p = c.to
				}
				f, ring := d.Update(rng.Float64() < p)
				found = f
				return ring
			})
			if n <= before {
				continue
			}
			delays = append(delays, float64(n-before))
			if change := c.to - c.from; found.Low <= change && change <= found.High {
				inside++
			}
		}
		mean, se := meanAndError(delays)
		t.Logf("%g → %g, seed %d: mean delay %.0f ± %.0f, interval covers in %d of %d", c.from, c.to, seed, mean, se, inside, runs)
		if mean > c.bound {
			t.Errorf("%g → %g: mean delay %.0f, bound %.0f", c.from, c.to, mean, c.bound)
		}
		if inside < runs*8/10 {
			t.Errorf("%g → %g: the interval of the size covers the truth in %d of %d", c.from, c.to, inside, runs)
		}
	}
}

func TestAChangedCategoryIsFoundAndNamed(t *testing.T) {
	const runs, rows, before, threshold, seed = 200, 20_000, 500, 10_000, 13
	changed := []float64{0.4, 0.15, 0.15, 0.2, 0.05, 0.03, 0.015, 0.005} // a tenth moves from group 1 to 3
	rng := rand.New(rand.NewPCG(seed, 6))
	var delays []float64
	named := 0
	for len(delays) < runs {
		d := NewCategories(referenceCounts(rng, groupShares, rows), threshold)
		var found *Finding
		n := runLength(before+20_000, func(i int) bool {
			shares := groupShares
			if i > before {
				shares = changed
			}
			f, ring := d.Update(drawGroup(rng, shares))
			found = f
			return ring
		})
		if n <= before {
			continue
		}
		delays = append(delays, float64(n-before))
		if found.Group == 3 && found.Direction == Up || found.Group == 1 && found.Direction == Down {
			named++
		}
	}
	mean, se := meanAndError(delays)
	t.Logf("seed %d: mean delay %.0f ± %.0f, the moved group named in %d of %d", seed, mean, se, named, runs)
	if mean > 165 || named < runs*9/10 {
		t.Errorf("mean delay %.0f (bound 165), named in %d of %d", mean, named, runs)
	}
}
