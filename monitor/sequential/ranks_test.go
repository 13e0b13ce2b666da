package sequential

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// E[L] = 1 under a uniform rank, and weights of sum 1, are what the guarantee rests on.
func TestBetsOnRanksAreFair(t *testing.T) {
	b := newBetTable()
	weights := 0.0
	for i := range bets {
		mean := 0.0
		for c := range slots {
			if b.pays[c][i] <= 0 {
				t.Errorf("bet %d pays %g in cell %d: one observation would ruin it", i, b.pays[c][i], c)
			}
			mean += b.pays[c][i] * (edge(c+1) - edge(c))
		}
		if math.Abs(mean-1) > 1e-12 {
			t.Errorf("bet %d has the mean %.15f, want 1", i, mean)
		}
		weights += b.weights[i]
	}
	for _, k := range b.spots {
		weights += k.weight * float64(k.parts)
	}
	if math.Abs(weights-1) > 1e-12 {
		t.Errorf("the weights sum to %.15f, want 1", weights)
	}
}

// A reference of 100 rows is off by much; its ranks alone would show that for ever.
func TestRanksAmongAllAreUniformWhateverTheReference(t *testing.T) {
	const rows, observations, runs = 100, 400, 2000
	rng := rand.New(rand.NewPCG(5, 5))
	plain, among := 0.0, 0.0 // mean squares of sums of P₁, 1/3 an observation if they are independent
	for range runs {
		reference := sample(rng, rows, normal)
		r := newRanks(rows)
		sumPlain, sumAmong := 0.0, 0.0
		for range observations {
			x := normal(rng)
			// n values make n+1 gaps; a rank is uniform in the gap that x falls in
			low := 0
			for low < rows && reference[low] < x {
				low++
			}
			u := (float64(low) + rng.Float64()) / (rows + 1)
			sumPlain += 2*u - 1
			sumAmong += 2*r.next(u) - 1
		}
		plain += 3 * sumPlain * sumPlain / observations / runs
		among += 3 * sumAmong * sumAmong / observations / runs
	}
	se := math.Sqrt(2.0 / runs)
	t.Logf("seed 5: variance of the sum %.2f ± %.2f with ranks in the reference, %.2f among all; 1 if independent", plain, plain*se, among)
	if math.Abs(among-1) > 4*se {
		t.Errorf("variance of the sum %.3f, want 1 ± %.3f", among, 4*se)
	}
	if plain < 3 {
		t.Errorf("ranks in the reference alone have %.2f: this simulation could not fail", plain)
	}
}

func TestAStateFromBeforeTheRanksKeepsItsQuietPeriod(t *testing.T) {
	d := NewDistribution(1000, 1e6)
	old := State{M: make([]float64, statesBefore), Current: make([]float64, polynomials), Quiet: 700, Repeats: 3, Since: 300}
	for i := range old.M {
		old.M[i] = 1e9 // would ring at once if it were taken for evidence
	}
	if err := d.Restore(old); err != nil {
		t.Fatal(err)
	}
	s := d.State()
	if s.Quiet != 700 || s.Repeats != 3 || s.Since != 300 {
		t.Errorf("quiet %d, repeats %d, since %d, want 700, 3, 300", s.Quiet, s.Repeats, s.Since)
	}
	if e := d.EvidenceLog10(); e != 0 {
		t.Errorf("evidence %g of another detector's bets, want 0", e)
	}
	ranks := State{Form: formRanks, M: make([]float64, statesRanks), Ranks: make([]uint32, cells), Current: make([]float64, polynomials), Quiet: 800}
	if err := d.Restore(ranks); err != nil || d.State().Quiet != 800 {
		t.Errorf("of a state before the spots: error %v, quiet %d, want 800", err, d.State().Quiet)
	}
	s.Ranks = s.Ranks[1:]
	if err := d.Restore(s); !errors.Is(err, ErrState) {
		t.Errorf("error %v for a state that lacks ranks, want ErrState", err)
	}
}

func TestStatesOfSharesFromBeforeKeepTheirQuietPeriods(t *testing.T) {
	old := State{M: []float64{1e9, 1e9, 1e9, 1e9, 1e9, 1e9, 1e9, 1e9}, Current: []float64{0}, Quiet: 700, Repeats: 3, Since: 300}
	r := NewRate(20, 1000, true, 1e6)
	if err := r.Restore(old); err != nil {
		t.Fatal(err)
	}
	old.Current = []float64{0, 0}
	c := NewCategories([]uint64{500, 500}, 1e6)
	if err := c.Restore(old); err != nil {
		t.Fatal(err)
	}
	ranks := State{
		Form: formRanks, M: []float64{1e9, 1e9, 1e9, 1e9, 1e9, 1e9, 1e9, 1e9}, Seen: []float64{9, 5, 4}, Current: []float64{0, 0},
		Quiet: 700, Repeats: 3, Since: 300,
	}
	withMoves := NewCategories([]uint64{500, 500}, 1e6)
	if err := withMoves.Restore(ranks); err != nil {
		t.Fatal(err)
	}
	for _, d := range []interface {
		State() State
		EvidenceLog10() float64
	}{r, c, withMoves} {
		if s := d.State(); s.Quiet != 700 || s.Repeats != 3 || s.Since != 300 || d.EvidenceLog10() != 0 {
			t.Errorf("%T: quiet %d, repeats %d, since %d, evidence %g, want 700, 3, 300, 0", d, s.Quiet, s.Repeats, s.Since, d.EvidenceLog10())
		}
	}
	s := c.State()
	s.Seen[1] = 5 // more in a group than in all
	if err := c.Restore(s); !errors.Is(err, ErrState) {
		t.Errorf("error %v for more hits than observations, want ErrState", err)
	}
}

// The whole of a detector of numbers, with all levels of its history.
func TestADetectorOfNumbersTakesTwoKiB(t *testing.T) {
	d := NewDistribution(1000, 1e12)
	d.history.level(historyLevels - 1)
	levels := cap(d.history.sums) * int(unsafe.Sizeof(float32(0)))
	size := int(unsafe.Sizeof(*d)) + levels + len(d.history.current)*int(unsafe.Sizeof(float64(0)))
	t.Logf("%d bytes", size)
	if size > 2048 {
		t.Errorf("a detector takes %d bytes, want 2048 at most", size)
	}
}
