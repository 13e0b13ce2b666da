package monitor

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/weir-gateway/weir/protocol"
)

// simDims is a usual number of dimensions, that of all-MiniLM-L6-v2.
const simDims = 384

// vectors draws vectors of length 1 around a mean, as embeddings mostly are: their
// norm says nothing.
type vectors struct{ mean, out []float64 }

func newVectors(rng *rand.Rand) *vectors {
	v := &vectors{mean: make([]float64, simDims), out: make([]float64, simDims)}
	for i := range v.mean {
		v.mean[i] = rng.NormFloat64() / 2
	}
	return v
}

func (v *vectors) draw(rng *rand.Rand) []float64 {
	squares := 0.0
	for i := range v.out {
		v.out[i] = v.mean[i] + rng.NormFloat64()
		squares += v.out[i] * v.out[i]
	}
	for i := range v.out {
		v.out[i] /= math.Sqrt(squares)
	}
	return v.out
}

// center is the direction that a table of such vectors would have.
func (v *vectors) center(rng *rand.Rand) (center []float64) {
	var mean firstMean
	for center == nil {
		center = mean.add(v.draw(rng))
	}
	return center
}

// move takes the mean in a random direction: every element by about so many of its
// standard deviations.
func (v *vectors) move(rng *rand.Rand, by float64) {
	for i := range v.mean {
		v.mean[i] += by * rng.NormFloat64()
	}
}

// simulated is one stream with a reference of its own.
type simulated struct {
	v   *version
	row decoded
}

// newSimulated makes a reference of rows from draw, which writes a row's numbers.
func newSimulated(t *testing.T, rows int, every float64, seed uint64, d Derivation, draw func(out []float64)) *simulated {
	t.Helper()
	b := newDerivedBuilder(newDerivedColumn(d), seed)
	numbers := make([]float64, len(b.parts))
	for range rows {
		draw(numbers)
		for i, part := range b.parts {
			part.number(numbers[i])
		}
	}
	p := &Profile{Format: profileFormat, Rows: uint64(rows), Derived: []Derivation{d}, Features: b.features()}
	m := newIdle(Options{FalseAlarmEvery: every, Seed: seed})
	if err := m.SetProfile("1", p); err != nil {
		t.Fatal(err)
	}
	v, err := newVersion(m, "1", m.o.Now())
	if err != nil {
		t.Fatal(err)
	}
	s := &simulated{v: v}
	m.versions["1"] = s.v
	in := &protocol.Batch{Rows: 1}
	for _, f := range p.Features {
		in.Columns = append(in.Columns, protocol.Column{Name: f.Name, Cells: make([]protocol.Cell, 1)})
	}
	s.row = decoded{in: in, described: true}
	return s
}

// until observes rows until one rings, at most so many.
func (s *simulated) until(limit int, draw func(out []float64)) int {
	numbers := make([]float64, len(s.row.in.Columns))
	for n := 1; n <= limit; n++ {
		draw(numbers)
		for i, x := range numbers {
			s.row.in.Columns[i].Cells[0] = protocol.Cell{Kind: protocol.Number, Number: x}
		}
		if len(s.v.m.observe(&Exchange{Version: "1"}, s.row)) > 0 {
			return n
		}
	}
	return limit
}

// drawers returns what draws a text's or an embedding's numbers.
func drawTexts(rng *rand.Rand, c *derivedColumn, language *[]string, words *int) func([]float64) {
	return func(out []float64) { c.text([]byte(remark(rng, *language, *words)), out) }
}

func median(lengths []int) int {
	slices.Sort(lengths)
	return lengths[len(lengths)/2]
}

// Without a change the mean run length is as promised, although the features of one
// column depend on each other.
func TestDerivedFeaturesKeepTheRunLength(t *testing.T) {
	if testing.Short() {
		t.Skip("simulations of 200 runs")
	}
	const every, runs = 200, 200
	text := Derivation{Column: "c", Role: roleInput, Kind: derivedText}
	vector := newEmbedding("v", roleInput, simDims).Derivation
	for _, d := range []Derivation{text, vector} {
		var sum, squares float64
		for run := range uint64(runs) {
			rng := rand.New(rand.NewPCG(run, 31))
			v := newVectors(rng)
			if d.Kind == derivedEmbedding {
				d.Center = v.center(rng)
			}
			c := newDerivedColumn(d)
			var draw func([]float64)
			if d.Kind == derivedText {
				language, words := english(), 8
				draw = drawTexts(rng, c, &language, &words)
			} else {
				draw = func(out []float64) { c.project(v.draw(rng), out) }
			}
			n := float64(newSimulated(t, 500, every, run, d, draw).until(10*every, draw))
			sum, squares = sum+n, squares+n*n
		}
		mean := sum / runs
		se := math.Sqrt((squares/runs - mean*mean) / runs)
		t.Logf("%s: %.0f ± %.0f", d.Kind, mean, se)
		if mean < every-3*se {
			t.Errorf("seeds 0 to %d: %s: mean run length %.0f ± %.0f, promised %d", runs-1, d.Kind, mean, se, every)
		}
	}
}

// With the promise of a million observations.
func TestChangesOfTextsAndEmbeddingsAreFound(t *testing.T) {
	if testing.Short() {
		t.Skip("simulations of 30 runs a change")
	}
	const every, runs, limit = 1_000_000, 30, 3000
	for _, c := range []struct {
		change string
		most   int
		by     float64 // of an embedding's elements
		text   func(language *[]string, words *int)
	}{
		{change: "half a standard deviation", by: 0.5, most: 100},
		{change: "a quarter", by: 0.25, most: 350},
		{change: "another language", most: 20, text: func(l *[]string, _ *int) { *l = german() }},
		{change: "a third longer", most: 550, text: func(_ *[]string, w *int) { *w = 11 }},
		{change: "twice as long", most: 140, text: func(_ *[]string, w *int) { *w = 16 }},
	} {
		var delays []int
		for run := range uint64(runs) {
			rng := rand.New(rand.NewPCG(run, 32))
			d, v := Derivation{Column: "c", Role: roleInput, Kind: derivedText}, newVectors(rng)
			if c.by > 0 {
				d = newEmbedding("v", roleInput, simDims).Derivation
				d.Center = v.center(rng)
			}
			column, language, words := newDerivedColumn(d), english(), 8
			draw := drawTexts(rng, column, &language, &words)
			if c.by > 0 {
				draw = func(out []float64) { column.project(v.draw(rng), out) }
			}
			s := newSimulated(t, 5000, every, run, d, draw)
			if n := s.until(500, draw); n < 500 {
				t.Errorf("run %d of %s: rings at %d without a change", run, c.change, n)
			}
			if c.by > 0 {
				v.move(rng, c.by)
			} else {
				c.text(&language, &words)
			}
			delays = append(delays, s.until(limit, draw))
		}
		slices.Sort(delays)
		t.Logf("%s: median %d, slowest tenth from %d", c.change, median(delays), delays[runs*9/10])
		if got := median(delays); got > c.most {
			t.Errorf("seeds 0 to %d: %s is found after %d observations (median), want at most %d", runs-1, c.change, got, c.most)
		}
	}
}
