package judge

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestHowLongASwitchGoesWrong measures what ADR 0087 says of blue-green: requests
// to a bad candidate until the walk goes back, by how much the past was known.
// The level is that of a plan with false_alarm 0.01 and no copies.
func TestHowLongASwitchGoesWrong(t *testing.T) {
	for _, c := range []struct {
		before     int64
		rate       float64
		most       int // median; 0: hardly ever found
		everybody  bool
		hardlyEver bool
	}{
		{before: 500, rate: 1, most: 20, everybody: true},
		{before: 500, rate: 0.2, most: 150, everybody: true},
		{before: 2000, rate: 0.05, most: 1500, everybody: true},
		{before: 10_000, rate: 0.03, most: 6000, everybody: true},
		{before: 500, rate: 0.03, hardlyEver: true},
	} {
		n := 20 * *runs
		var took []int
		for seed := range n {
			if at := goesBackAfter(rand.New(rand.NewPCG(uint64(seed), 9)), c.before, c.rate); at > 0 {
				took = append(took, at)
			}
		}
		slices.Sort(took)
		median := 0
		if len(took) > 0 {
			median = took[len(took)/2]
		}
		t.Logf("known from %d requests at 1 %%, then %v %%: %d of %d went back, after %d (median)", c.before, c.rate*100, len(took), n, median)
		switch {
		case c.hardlyEver && len(took) > n/4:
			t.Errorf("%d of %d went back", len(took), n)
		case c.everybody && (len(took) < n*9/10 || median > c.most):
			t.Errorf("%d of %d went back, after %d", len(took), n, median)
		}
	}
}

// goesBackAfter looks every 10 requests; 0: not within 20,000.
func goesBackAfter(r *rand.Rand, before int64, rate float64) int {
	b := Bake{Margin: 0.5, Level: 0.01, BeforeUnits: before, After: []Batch{{Start: 1}}}
	for range before {
		b.BeforeErrors += int64(count(r.Float64() < 0.01))
	}
	for n := 10; n <= 20_000; n += 10 {
		for range 10 {
			b.After[0].Counts.Units[Stable]++
			b.After[0].Counts.Errors[Stable] += int64(count(r.Float64() < rate))
		}
		if b.Judge().Outcome == Fail {
			return n
		}
	}
	return 0
}
