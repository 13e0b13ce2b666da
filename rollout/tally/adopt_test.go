package tally

import (
	"testing"

	"github.com/weir-gateway/weir/rollout/judge"
)

func predict(tl *Tally, n int) {
	for i := range n {
		tl.PredictText(tl.Record(Observation{}), []byte([]string{"on time", "late"}[i%2]))
	}
}

func TestABookThatMayNotFixBinsCountsByThoseItAdopts(t *testing.T) {
	may := false
	leader, other := NewBook(Options{}), NewBook(Options{Fixes: func() bool { return may }})
	first, second := leader.Phase(canary(1, .5)), other.Phase(canary(1, .5))
	predict(first, 300)
	predict(second, 300)
	bins := leader.Phases()[0].Bins
	if bins == nil || other.Phases()[0].Bins != nil {
		t.Fatalf("the leader has %+v, the other %+v", bins, other.Phases()[0].Bins)
	}
	other.Adopt("1", "3", bins) // of another candidate
	other.Adopt("1", "2", &judge.Bins{Classes: []string{"a"}, Expected: []float64{1}})
	other.Adopt("1", "2", &judge.Bins{Classes: make([]string, mostBins), Expected: make([]float64, mostBins+1)})
	if got := other.Phases()[0].Bins; got != nil {
		t.Fatalf("adopted %+v", got)
	}
	other.Adopt("1", "2", bins)
	predict(second, 10)
	got := other.Phases()[0]
	if !got.Bins.Equal(bins) || got.Counts.Predictions[judge.Stable][0] != 5 {
		t.Errorf("%+v", got)
	}
	other.Adopt("1", "2", &judge.Bins{Classes: []string{"late"}, Expected: []float64{.5, .5}})
	may = true // it leads now, and goes on by what it has counted by
	predict(second, 300)
	if got := other.Phases()[0]; !got.Bins.Equal(bins) || got.Counts.Predictions[judge.Stable][0] != 155 {
		t.Errorf("%+v", got)
	}
}

func TestAPhaseTellsThatStickyKeysWereCounted(t *testing.T) {
	b := NewBook(Options{})
	tl := b.Phase(canary(1, .5))
	tl.Record(Observation{})
	if b.Phases()[0].Keyed {
		t.Error("there was no key")
	}
	tl.Record(Observation{Key: 1 << 40})
	if !b.Phases()[0].Keyed {
		t.Error("there was a key")
	}
}
