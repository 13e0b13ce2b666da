package gateway

import (
	"reflect"
	"testing"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
	"github.com/weir-gateway/weir/rollout/tally"
)

func TestCountsAreReadAsTheyWereTold(t *testing.T) {
	now := time.Date(2026, 11, 22, 1, 2, 3, 456789012, time.FixedZone("", 3600))
	b := tally.NewBook(tally.Options{Now: func() time.Time { return now }})
	tl := b.Phase(tally.Route{Generation: 2, Stable: "1", Candidate: "2", Weight: .25})
	b.Adopt("1", "2", &judge.Bins{Classes: []string{"late"}, Expected: []float64{.5, .5}})
	for i := range 40 {
		u := tl.Record(tally.Observation{Arm: judge.Arm(i % 2), Failed: i%8 == 0, Latency: time.Duration(i) * time.Millisecond})
		tl.PredictText(u, []byte("late"), tl.InSlice(u, "origin", []byte("JFK"), false))
	}
	for range 3 {
		tl.Record(tally.Observation{Key: 77, Arm: judge.Candidate})
	}
	want := b.Phases()
	for i := range want {
		want[i].Counts.InFlight = [2]int64{0, 3}
	}
	doc, err := encodeCounts(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := decodeCounts(registry.Notice{Process: "p", Doc: doc})
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		want[i].Process = "p"
		if !got[i].Since.Equal(want[i].Since) {
			t.Errorf("counted since %s, told %s", want[i].Since, got[i].Since)
		}
		got[i].Since = want[i].Since
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("told  %+v\nread %+v", want, got)
	}
}
