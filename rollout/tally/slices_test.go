package tally

import (
	"fmt"
	"testing"

	"github.com/weir-gateway/weir/rollout/judge"
)

func TestUnitsCountUnderTheirSlice(t *testing.T) {
	b := NewBook(Options{})
	alone := b.Phase(Route{Generation: 1, Stable: "1"})
	for i := range 300 {
		alone.PredictText(alone.Record(Observation{}), []byte([]string{"on time", "late"}[i%2]))
	}
	if alone.InSlice(alone.Record(Observation{}), "origin", []byte("JFK"), false) != 0 {
		t.Error("a slice was counted with nothing to compare")
	}
	for generation := range uint64(2) { // both phases number the values alike
		tl := b.Phase(canary(2+generation, .5))
		for i := range 30 {
			u := tl.Record(Observation{Arm: judge.Candidate, Failed: i == 0})
			s := tl.InSlice(u, "origin", fmt.Appendf(nil, "%d", i), i == 0)
			if i > 0 {
				tl.PredictText(u, []byte("late"), s)
			}
		}
		tl.InSlice(0, "origin", []byte("0"), true) // not a unit
	}
	for _, p := range b.Phases()[1:] {
		got := p.Counts.Slices["origin"]
		if len(got) != judge.MostSlices+1 || got["0"].Errors != [2]int64{0, 1} || got["0"].Units != [2]int64{0, 1} {
			t.Errorf("%+v", got)
		}
		rest := got[judge.OtherSlices]
		late := p.Bins.Classes[0] == "late"
		bin := 1
		if late {
			bin = 0
		}
		if rest.Units[judge.Candidate] != 10 || rest.Predictions[judge.Candidate][bin] != 10 {
			t.Errorf("the rest is %+v, want 10 of %v", rest, p.Bins.Classes)
		}
	}
}

func TestAValueNamedLikeTheRestCountsThere(t *testing.T) {
	tl := NewBook(Options{}).Phase(canary(1, .5))
	for i := range 30 {
		tl.InSlice(tl.Record(Observation{}), "x-tenant", fmt.Append(nil, i), false)
	}
	tl.InSlice(tl.Record(Observation{}), "x-tenant", []byte("(other)"), false)
	if got := tl.phases()[0].Counts.Slices["x-tenant"]["(other)"].Units[judge.Stable]; got != 11 {
		t.Errorf("%d units in the rest, want 10 and the one that claims to be", got)
	}
}

func TestFieldsBeyondTheRoomAreNotCounted(t *testing.T) {
	tl := NewBook(Options{}).Phase(canary(1, .5))
	u := tl.Record(Observation{})
	for i := range mostFields + 3 {
		tl.InSlice(u, fmt.Sprint(i), []byte("x"), false)
	}
	if got := tl.phases()[0].Counts.Slices; len(got) != mostFields {
		t.Errorf("%d fields", len(got))
	}
}
