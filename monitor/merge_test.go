package monitor

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/weir-gateway/weir/protocol"
)

// A window is the sum of its panes: dealt out to panes in any way and merged in any
// order, the values have the moments, bins and quantiles of one pane that saw them all.
func TestPanesMergeToTheWindowThatSawEverything(t *testing.T) {
	rng := rand.New(rand.NewPCG(51, 0))
	p := mustProfile(t, trainingTable(2000, rng), ProfileOptions{Outputs: []string{"late"}})
	for round := range 20 {
		clock := newClock()
		newOne := func() *Monitor {
			m := newIdle(Options{Model: "flights", Protocol: fakeProtocol{}, Now: clock.Now, FalseAlarmEvery: 1e12})
			if err := m.SetProfile("1", p); err != nil {
				t.Fatal(err)
			}
			return m
		}
		dealt, one := newOne(), newOne()
		order := rng.Perm(panes)
		for range 2000 {
			in := &protocol.Batch{Rows: 1, Columns: []protocol.Column{
				{Name: "delay", Cells: []protocol.Cell{{Kind: protocol.Number, Number: 40 * rng.NormFloat64()}}},
				{Name: "carrier", Cells: []protocol.Cell{fakeCell(carrier(rng))}},
			}}
			if rng.IntN(10) == 0 {
				in.Columns[0].Cells[0] = protocol.Cell{}
			}
			for _, m := range []*Monitor{dealt, one} {
				m.observe(&Exchange{Version: "1"}, decoded{in: in})
			}
			// Only where values go differs: the clock of both stands still.
			dealt.versions["1"].whole.pane = order[rng.IntN(1+rng.IntN(panes))]
		}
		for i, f := range dealt.versions["1"].whole.inputs.features {
			want := one.versions["1"].whole.inputs.features[i]
			sameWindow(t, f, want)
			var backward pane
			for k := range f.panes {
				backward.merge(&f.panes[panes-1-k])
			}
			whole := &want.panes[one.versions["1"].whole.pane]
			if backward.count != whole.count || backward.missing != whole.missing || !near(backward.mean, whole.mean) || !near(backward.m2, whole.m2) {
				t.Errorf("round %d: %s: merged backward %+v, want %+v", round, f.name, backward, *whole)
			}
		}
	}
}

func sameWindow(t *testing.T, got, want *feature) {
	t.Helper()
	mean, deviation := got.moments()
	wantMean, wantDeviation := want.moments()
	if !near(*mean, *wantMean) || !near(*deviation, *wantDeviation) || got.missingRatio() != want.missingRatio() {
		t.Errorf("%s: %v ± %v, %v missing; want %v ± %v, %v", got.name, *mean, *deviation, got.missingRatio(), *wantMean, *wantDeviation, want.missingRatio())
	}
	a, b := got.bins(), want.bins()
	if len(a) != len(b) {
		t.Fatalf("%s: %d bins, want %d", got.name, len(a), len(b))
	}
	for k := range a {
		if a[k] != b[k] {
			t.Errorf("%s: bin %d has %d, want %d", got.name, k, a[k], b[k])
		}
	}
	for q := 0.0; q <= 1; q += 1.0 / 16 {
		x, okX := got.window().Quantile(q)
		y, okY := want.window().Quantile(q)
		if x != y || okX != okY {
			t.Errorf("%s: the %g-quantile is %v, want %v", got.name, q, x, y)
		}
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(b)) }
