package monitor

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func slicedProfile(t *testing.T, rows int, rng *rand.Rand) *Profile {
	t.Helper()
	return mustProfile(t, trainingTable(rows, rng), ProfileOptions{Outputs: []string{"late"}, Slices: []string{"carrier"}})
}

func TestAProfileHasTheReferencesOfSlices(t *testing.T) {
	p := slicedProfile(t, 3000, rand.New(rand.NewPCG(1, 0)))
	if len(p.Slices) != 3 || p.Slices[0].Field != "carrier" {
		t.Fatalf("%d slices", len(p.Slices))
	}
	var rows uint64
	for _, s := range p.Slices {
		rows += s.Rows
		if len(s.Features) != 3 || s.Features[0].Count != s.Rows || s.Features[2].Role != roleOutput {
			t.Errorf("%s: %+v", s.Value, s.Features)
		}
	}
	if rows != 3000 {
		t.Errorf("%d rows in slices", rows)
	}
	data, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodeProfile(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, back); diff != "" || bytes.Count(data, []byte("\n")) != 5 {
		t.Errorf("read back differently, or not one line a feature: %s", diff)
	}
}

func TestSlicesOfAProfileAreBoundedAndChecked(t *testing.T) {
	var table strings.Builder
	table.WriteString("a,origin\n")
	for i := range 3000 {
		fmt.Fprintf(&table, "%d,%d\n", i, i%12)
	}
	table.WriteString("1,rare\n")
	p := mustProfile(t, table.String(), ProfileOptions{Slices: []string{"origin"}})
	if len(p.Slices) != maxProfileValues {
		t.Errorf("%d slices, want the first %d", len(p.Slices), maxProfileValues)
	}
	few := mustProfile(t, "a,origin\n1,x\n2,x\n", ProfileOptions{Slices: []string{"origin"}})
	if few.Slices != nil {
		t.Errorf("a slice of two rows has a reference: %+v", few.Slices)
	}
	for name, o := range map[string]ProfileOptions{
		"an output": {Outputs: []string{"origin"}, Slices: []string{"origin"}},
		"ignored":   {Ignore: []string{"origin"}, Slices: []string{"origin"}},
		"twice":     {Slices: []string{"origin", "origin"}},
		"unknown":   {Slices: []string{"dest"}},
	} {
		if _, err := BuildProfile(strings.NewReader(table.String()), o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for name, change := range map[string]func(*ProfileSlice){
		"no field":    func(s *ProfileSlice) { s.Field = "" },
		"no features": func(s *ProfileSlice) { s.Features = nil },
		"twice":       func(s *ProfileSlice) { s.Value = "1" },
		"the rest":    func(s *ProfileSlice) { s.Value = restOfSlices },
	} {
		bad := mustProfile(t, table.String(), ProfileOptions{Slices: []string{"origin"}})
		change(&bad.Slices[0])
		if err := bad.Validate(); err == nil || !strings.Contains(err.Error(), "slices[") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// One promise for the model: any alarm of any detector of any feature of any slice.
func TestTheRunLengthWithSlicesIsAsPromised(t *testing.T) {
	if testing.Short() {
		t.Skip("a simulation of 100 runs")
	}
	const promised, runs, longest, seed = 300, 100, 3000, 22
	rng := rand.New(rand.NewPCG(seed, 0))
	mean, square := 0.0, 0.0
	for i := range runs {
		f := newFeed(t, slicedProfile(t, 3000, rng), Options{FalseAlarmEvery: promised, Seed: uint64(i), Slices: []string{"carrier"}})
		n := 1
		for n < longest && len(f.healthy(rng)) == 0 {
			n++
		}
		mean += float64(n) / runs
		square += float64(n) * float64(n) / runs
		f.Close()
	}
	se := math.Sqrt((square - mean*mean) / runs)
	t.Logf("seed %d: mean run length %.0f ± %.0f observations (runs cut at %d), promised %d", seed, mean, se, longest, promised)
	if mean < promised-3*se {
		t.Errorf("mean run length %.0f ± %.0f is below the promised %d", mean, se, promised)
	}
}

func TestADriftOfOneSliceIsFoundThereWithItsPromise(t *testing.T) {
	rng := rand.New(rand.NewPCG(23, 0))
	p := slicedProfile(t, 6000, rng)
	f := newFeed(t, p, Options{FalseAlarmEvery: 1e5, Slices: []string{"carrier"}})
	whole := f.references["1"]
	alone, err := newReference(&Profile{Format: p.Format, Rows: p.Rows, Features: p.Features}, referenceProfile)
	if err != nil {
		t.Fatal(err)
	}
	if want := alone.detectors * 4; whole.detectors != want {
		t.Errorf("%d detectors share the budget, want %d of the whole and three slices", whole.detectors, want)
	}
	var first *Alarm
	for i := 0; i < 20_000 && first == nil; i++ {
		c, d := carrier(rng), delay(rng)
		if c == "B6" { // one in six; in the whole it is a shift of a sixth of this
			d += 12
		}
		if alarms := f.row(fmt.Sprint(d), c, fmt.Sprint(late(rng))); len(alarms) > 0 {
			first = &alarms[0]
		}
	}
	if first == nil || first.Slice != "carrier=B6" || first.Feature != "delay" || first.Direction != "up" {
		t.Fatalf("%+v", first)
	}
	if g := first.Guarantee; g.Detectors != whole.detectors || math.Abs(g.ThresholdLog10-math.Log10(1e5*float64(whole.detectors))) > 1e-9 || first.EvidenceLog10 < g.ThresholdLog10 {
		t.Errorf("%+v, evidence %.2f", g, first.EvidenceLog10)
	}
	s, err := f.Summary("1", "carrier=B6")
	var rows uint64
	for _, slice := range p.Slices {
		if slice.Value == "B6" {
			rows = slice.Rows
		}
	}
	if err != nil || s.Reference == nil || s.Reference.Rows != rows {
		t.Fatalf("%+v, %v", s.Reference, err)
	}
	if d := find(t, s, "delay"); len(d.Scores) == 0 || d.AlarmsTotal != 1 || d.EvidenceLog10 < 0 {
		t.Errorf("%+v", d)
	}
	if got := f.Metrics().Versions[0].Alarms; got["distribution"] != 1 {
		t.Errorf("alarms %v", got)
	}
}

func TestASliceWithAReferenceHasRoomWhateverComesFirst(t *testing.T) {
	p := slicedProfile(t, 3000, rand.New(rand.NewPCG(3, 0)))
	f := newFeed(t, p, Options{Slices: []string{"carrier"}})
	for i := range 30 {
		f.row("1", fmt.Sprintf("new%d", i), "0")
	}
	f.row("1", "DL", "0")
	s, err := f.Summary("1", "carrier=DL")
	if err != nil || s.Observations != 1 || s.Reference.Guarantee == nil {
		t.Errorf("%+v, %v", s, err)
	}
	if other, err := f.Summary("1", "carrier=new3"); err != nil || other.Reference.Guarantee != nil {
		t.Errorf("a slice without a reference of its own promises: %+v, %v", other.Reference, err)
	}
}
