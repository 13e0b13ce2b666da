package monitor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/protocol"
)

// manyFeatures is a model of numbers and categories, some with missing values, whose
// rows are drawn from one distribution, as its reference was.
type manyFeatures struct {
	rng   *rand.Rand
	batch protocol.Batch
}

func newManyFeatures(n int, rng *rand.Rand) *manyFeatures {
	f := &manyFeatures{rng: rng}
	f.batch.Rows = 1
	for i := range n {
		f.batch.Columns = append(f.batch.Columns, protocol.Column{Name: fmt.Sprint("f", i), Cells: make([]protocol.Cell, 1)})
	}
	return f
}

// draw makes the next row. Features of a block of ten move together, as features do.
func (f *manyFeatures) draw() {
	common := 0.0
	for i := range f.batch.Columns {
		if i%10 == 0 {
			common = f.rng.NormFloat64()
		}
		cell := &f.batch.Columns[i].Cells[0]
		switch x := 0.8*common + 0.6*f.rng.NormFloat64(); {
		case i%10 == 3 && f.rng.IntN(50) == 0:
			*cell = protocol.Cell{}
		case i%5 == 4:
			*cell = protocol.Cell{Kind: protocol.Text, Text: []byte{'a' + byte(min(max(x+2, 0), 4))}}
		default:
			*cell = protocol.Cell{Kind: protocol.Number, Number: math.Round(100*x) / 100}
		}
	}
}

func (f *manyFeatures) profile(t *testing.T, rows int) *Profile {
	t.Helper()
	var table strings.Builder
	for i, c := range f.batch.Columns {
		if i > 0 {
			table.WriteByte(',')
		}
		table.WriteString(c.Name)
	}
	for range rows {
		f.draw()
		separator := byte('\n')
		for i := range f.batch.Columns {
			table.WriteByte(separator)
			separator = ','
			switch c := &f.batch.Columns[i].Cells[0]; c.Kind {
			case protocol.Number:
				fmt.Fprint(&table, c.Number)
			case protocol.Text:
				table.Write(c.Text)
			}
		}
	}
	p, err := BuildProfile(strings.NewReader(table.String()), ProfileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// 200 features have some 800 detectors, all of which share one budget. Every run has
// a reference of its own. Half of the requests are sampled: those that are left out
// are drawn, too, and count for the promise in requests.
func TestManyFeaturesKeepTheirRunLengthSampledOrNot(t *testing.T) {
	if testing.Short() {
		t.Skip("a simulation of 30 runs")
	}
	const runs, features, rows, every, longest, share, seed = 30, 200, 500, 500, 10 * 500, 0.5, 21
	rng := rand.New(rand.NewPCG(seed, 0))
	var lengths []float64
	mean, requests := 0.0, 0.0
	for run := range runs {
		f := newManyFeatures(features, rng)
		m := newIdle(Options{Model: "many", Protocol: fakeProtocol{}, FalseAlarmEvery: every, Sample: share, Seed: uint64(run)})
		if err := m.SetProfile("1", f.profile(t, rows)); err != nil {
			t.Fatal(err)
		}
		n, observed := 0, 0
		for rang := false; observed < longest && !rang; n++ {
			f.draw()
			x := Exchange{Version: "1", RequestID: fmt.Sprint(run, "-", n)}
			if m.passes(&x) == "" {
				observed++
				rang = len(m.observe(&x, decoded{in: &f.batch})) > 0
			}
		}
		lengths = append(lengths, float64(observed))
		mean += float64(observed) / runs
		requests += float64(n) / runs
	}
	se := 0.0
	for _, l := range lengths {
		se += (l - mean) * (l - mean) / (runs - 1) / runs
	}
	se = math.Sqrt(se)
	t.Logf("seed %d: mean run length %.0f ± %.0f observations, promised %d; %.0f requests, promised %.0f", seed, mean, se, every, requests, every/share)
	if mean < every-3*se || requests < (every-3*se)/share {
		t.Errorf("mean run length %.0f ± %.0f observations, %.0f requests; promised %d and %.0f", mean, se, requests, every, every/share)
	}
}

// The promise is no deafness: a shift of two standard deviations in one feature of 200
// is found, and named.
func TestOneOfManyFeaturesIsFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 0))
	f := newManyFeatures(200, rng)
	m := newIdle(Options{Model: "many", Protocol: fakeProtocol{}, FalseAlarmEvery: 1000})
	if err := m.SetProfile("1", f.profile(t, 500)); err != nil {
		t.Fatal(err)
	}
	for n := range 200 {
		f.draw()
		f.batch.Columns[77].Cells[0].Number += 2
		if alarms := m.observe(&Exchange{Version: "1"}, decoded{in: &f.batch}); len(alarms) > 0 {
			if alarms[0].Feature != "f77" {
				t.Errorf("rang for %s of %s", alarms[0].Kind, alarms[0].Feature)
			}
			t.Logf("found after %d observations, by %s", n+1, alarms[0].Kind)
			return
		}
	}
	t.Error("not found in 200 observations")
}
