package monitor

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestTheCenterIsTheDirectionOfTheFirstVectors(t *testing.T) {
	const seed = 12
	rng := rand.New(rand.NewPCG(seed, 0))
	var rows []recordedRow
	for range 600 {
		r := drawRow(rng)
		r.vector = []float64{3 + rng.NormFloat64(), 4 + rng.NormFloat64(), rng.NormFloat64()}
		rows = append(rows, r)
	}
	p := describedProfile(t, rows)
	center := p.Derived[1].Center
	for i, want := range []float64{0.6, 0.8, 0} { // standard error 1/5/√256 = 0.0125
		if len(center) != 3 || math.Abs(center[i]-want) > 0.05 {
			t.Fatalf("seed %d: center %v", seed, center)
		}
	}
	f := profiled(t, p, "vector.center")
	if f.Count != 600-centerRows || math.Abs(f.Numeric.Mean-5) > 0.25 || math.Abs(f.Numeric.StdDev-1) > 0.15 {
		t.Errorf("seed %d: %+v %+v", seed, f, f.Numeric)
	}
	if p := describedProfile(t, rows[:centerRows-1]); p.Derived[1].Center != nil {
		t.Error("a table of too few vectors has a center")
	}
	for i := range rows {
		rows[i].vector = []float64{0, 0, 0}
	}
	if p := describedProfile(t, rows); p.Derived[1].Center != nil {
		t.Errorf("vectors around nothing have the center %v", p.Derived[1].Center)
	}
}
