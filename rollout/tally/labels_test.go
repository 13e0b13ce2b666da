package tally

import (
	"testing"

	"github.com/weir-gateway/weir/rollout/judge"
)

func TestALabelCountsInThePhaseOfItsRequestHoweverLate(t *testing.T) {
	b := NewBook(Options{})
	first := b.Phase(canary(1, .1))
	late := first.Label(first.Record(Observation{Arm: judge.Candidate, Key: 7 << 8}))
	if first.Label(first.Record(Observation{Arm: judge.Candidate, Key: 7 << 8})) != nil {
		t.Error("a second request of a key is no unit, but its label would count")
	}
	second := b.Phase(canary(2, .5))
	second.Label(second.Record(Observation{Arm: judge.Stable}))(Right)
	second.Label(second.Record(Observation{Arm: judge.Stable}))(Number)
	late(Wrong)
	phases := b.Phases()
	if got := phases[0].Counts.Labels; phases[0].Generation != 1 || got.Labelled != [2]int64{0, 1} || got.Wrong != [2]int64{0, 1} {
		t.Errorf("%+v", got)
	}
	if got := phases[1].Counts.Labels; got != (judge.Labels{Labelled: [2]int64{1, 0}, Numbers: [2]int64{1, 0}}) {
		t.Errorf("%+v", got)
	}
}

func TestALabelOfAKeyThatMovedCountsInItsStratum(t *testing.T) {
	b := NewBook(Options{})
	first := b.Phase(canary(1, .1))
	first.Record(Observation{Arm: judge.Stable, Key: 7 << 8})
	second := b.Phase(canary(2, .5))
	second.Label(second.Record(Observation{Arm: judge.Candidate, Key: 7 << 8}))(Right)
	for _, p := range b.Phases() {
		want := [2]int64{}
		if p.Generation == 2 && p.Stratum == 1 {
			want[judge.Candidate] = 1
		}
		if p.Counts.Labels.Labelled != want {
			t.Errorf("generation %d, stratum %d: %v", p.Generation, p.Stratum, p.Counts.Labels.Labelled)
		}
	}
}

func TestWhereNothingIsComparedLabelsCountNowhere(t *testing.T) {
	alone := NewBook(Options{}).Phase(Route{Generation: 1, Stable: "1"})
	if alone.Label(alone.Record(Observation{})) != nil || (*Tally)(nil).Label(2) != nil || alone.Label(0) != nil {
		t.Error("a label would count")
	}
}
