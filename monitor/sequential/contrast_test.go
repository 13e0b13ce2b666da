package sequential

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestTheSumsOutsideAreThoseOfAllButTheGroup(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	c := NewContrast(4)
	var n, sum, v, all, count float64 // outside of group 2, by the definition
	for range 1000 {
		g, x := r.IntN(4), r.Float64()
		guess := (all + 0.5) / (count + 1)
		if g != 2 {
			n, sum, v = n+1, sum+x, v+(x-guess)*(x-guess)
		}
		all, count = all+x, count+1
		c.Update(g, x)
	}
	o := c.Outside(2)
	if o.n != n || math.Abs(o.sum-sum) > 1e-9 || math.Abs(o.v-v) > 1e-9 {
		t.Errorf("outside %+v, not n %v, sum %v, v %v", o, n, sum, v)
	}
}

// Features with no say in it: no group of any may ever look concentrated, but for
// the level, however often one looks; and the bounds hold where there is something.
func TestNoGroupOfManyIsEverConcentratedByChance(t *testing.T) {
	const runs, length, features, groups, level = 200, 2000, 4, 10, 0.05
	const inside, elsewhere = 0.3, 0.05
	byChance, naive, wrong, found := 0, 0, 0, 0
	for seed := range uint64(runs) {
		r := rand.New(rand.NewPCG(seed, 130))
		var none [features]*Contrast
		for i := range none {
			none[i] = NewContrast(groups)
		}
		some := NewContrast(groups)
		rang, rangNaive, missed := false, false, false
		for i := range length {
			x := float64(bernoulli(r, elsewhere))
			for _, c := range none {
				c.Update(r.IntN(groups), x)
			}
			g := r.IntN(groups)
			some.Update(g, float64(bernoulli(r, []float64{elsewhere, inside}[truth(g == 3)])))
			if i%200 != 199 {
				continue
			}
			for _, c := range none {
				for g := range groups {
					low, high := c.Bounds(g, level/(features*groups))
					l, h, ok := c.Above(g, level/(features*groups))
					if ok != (low > 0) || ok && (l != low || h != high) {
						t.Fatalf("above 0: %v … %v, %v; the bounds are %v … %v", l, h, ok, low, high)
					}
					rang = rang || ok
					rangNaive = rangNaive || fixed(c, g)
				}
			}
			low, high := some.Bounds(3, level)
			missed = missed || low > inside-elsewhere || high < inside-elsewhere
		}
		byChance += truth(rang)
		naive += truth(rangNaive)
		wrong += truth(missed)
		_, _, ok := some.Above(3, level/groups)
		found += truth(ok)
	}
	t.Logf("of %d runs: concentrated by chance in %d (by fixed-sample intervals in %d), bounds wrong in %d, found in %d", runs, byChance, naive, wrong, found)
	limit := int((level + 3*math.Sqrt(level*(1-level)/runs)) * runs)
	if byChance > limit || wrong > limit || found < runs*9/10 || naive < runs/2 {
		t.Errorf("by chance %d and wrong %d, at most %d each; found %d of %d; naive %d", byChance, wrong, limit, found, runs, naive)
	}
}

// fixed says whether a 95 % interval for one look at one group has it concentrated.
func fixed(c *Contrast, group int) bool {
	in, out := c.Inside(group), c.Outside(group)
	p, q := in.Value(), out.Value()
	return in.n > 0 && p-q > 1.96*math.Sqrt(p*(1-p)/in.n+q*(1-q)/out.n)
}

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}
