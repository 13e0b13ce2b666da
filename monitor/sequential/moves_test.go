package sequential

import (
	"math"
	"math/rand/v2"
	"testing"
)

// What is kept without its growth is what every bet on its own is. A
// group does not move to itself.
func TestMovesAreTheirSingleBets(t *testing.T) {
	rng := rand.New(rand.NewPCG(145, 1))
	counts := []uint64{500, 300, 150, 49, 0}
	k := len(counts)
	p := newMoves(counts)
	known, single := make([]float64, k), make([]float64, k*k)
	for i, n := range counts {
		known[i] = float64(n)
	}
	for n := range 5000 {
		group := drawGroup(rng, []float64{0.5, 0.3, 0.14, 0.059, 0.001})
		sum, weights := 0.0, 0.0
		for from := range k {
			for to := range k {
				if from == to {
					continue
				}
				pay := 1.0
				switch group {
				case to:
					pay = 1 + moved*known[from]/(known[to]+1)
				case from:
					pay = 1 - moved
				}
				m := &single[from*k+to]
				*m = pay * (*m + p.weights[from])
				sum += *m
				weights += p.weights[from]
			}
		}
		got := p.update(group, known, float64(n))
		known[group]++
		if math.Abs(got/sum-1) > 1e-9 {
			t.Fatalf("after %d: %g, one by one %g", n, got, sum)
		}
		if math.Abs(weights-moveShare) > 1e-12 {
			t.Fatalf("the weights sum to %g, want %g", weights, moveShare)
		}
	}
}

// Of n observations of one group and m of another the next of the two is of the
// second with a probability of at most (m+1)/(n+m+1) among exchangeable ones.
func TestBetsOnMovesAreFair(t *testing.T) {
	for _, c := range []struct{ n, m float64 }{{0, 0}, {0, 100}, {100, 0}, {3, 7}, {1e6, 1}} {
		for _, p := range []float64{(c.m + 1) / (c.n + c.m + 1), c.m / max(c.n+c.m, 1)} {
			if e := p*(1+moved*c.n/(c.m+1)) + (1-p)*(1-moved); e > 1+1e-12 {
				t.Errorf("%g and %g, share %g: E[L] = %v", c.n, c.m, p, e)
			}
		}
	}
}
