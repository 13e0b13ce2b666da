package tally

import (
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/weir-gateway/weir/rollout/judge"
)

func canary(generation uint64, weight float64) Route {
	return Route{Generation: generation, Stable: "1", Candidate: "2", Weight: weight}
}

func TestCountsStandUnderTheirArmAndGeneration(t *testing.T) {
	b := NewBook(Options{})
	first := b.Phase(canary(1, .1))
	second := b.Phase(canary(2, .5))
	// An answer that comes after the next generation began counts for its own.
	first.Record(Observation{Arm: judge.Candidate, Failed: true, Latency: time.Millisecond})
	second.Record(Observation{Arm: judge.Stable, Latency: time.Millisecond})
	phases := b.Phases()
	got := phases[0].Counts
	if got.Units != [2]int64{0, 1} || got.Errors != [2]int64{0, 1} || got.Latency[judge.Candidate].Total != 1 || got.Latency[judge.Stable] != nil {
		t.Errorf("generation 1: %+v", got)
	}
	if phases[0].Weight != .1 || phases[0].Generation != 1 {
		t.Errorf("generation 1: %+v", phases[0])
	}
	if n := len(phases); phases[n-2].Counts.Units != [2]int64{1, 0} {
		t.Errorf("generation 2: %+v", phases[n-2].Counts)
	}
}

func TestTheSameGenerationKeepsItsTally(t *testing.T) {
	b := NewBook(Options{})
	if first := b.Phase(canary(1, .1)); first != b.Phase(canary(1, .1)) {
		t.Error("a reload began the counts anew")
	}
}

func TestOldPhasesAreLetGo(t *testing.T) {
	b := NewBook(Options{Phases: 2})
	for g := range 5 {
		b.Phase(Route{Generation: uint64(g + 1), Stable: "1"})
	}
	if phases := b.Phases(); len(phases) != 2 || phases[0].Generation != 4 {
		t.Errorf("%+v", phases)
	}
}

func TestInFlightIsWhatBeganAndDidNotEnd(t *testing.T) {
	tl := NewBook(Options{}).Phase(canary(1, .5))
	tl.Begin(judge.Candidate)
	tl.Begin(judge.Candidate)
	tl.Begin(judge.Candidate)
	tl.Record(Observation{Arm: judge.Candidate})
	tl.Discard(judge.Candidate)
	counts := tl.phases()[0].Counts
	if counts.InFlight[judge.Candidate] != 1 || counts.Units[judge.Candidate] != 1 {
		t.Errorf("%+v", counts)
	}
}

func TestAKeyIsOneUnitAPhase(t *testing.T) {
	tl := NewBook(Options{}).Phase(canary(1, .5))
	for range 10 {
		tl.Record(Observation{Arm: judge.Stable, Key: 77 << 20, Failed: true})
	}
	for range 3 {
		tl.Record(Observation{Arm: judge.Stable}) // no key
	}
	counts := tl.phases()[0].Counts
	if counts.Requests[judge.Stable] != 13 || counts.Units[judge.Stable] != 4 || counts.Errors[judge.Stable] != 1 {
		t.Errorf("%+v", counts)
	}
}

func TestARaisedShareDrawsTheOldStableKeysAnew(t *testing.T) {
	b := NewBook(Options{})
	r := rand.New(rand.NewPCG(1, 1))
	place := map[uint64]float64{}
	for range 20_000 {
		place[r.Uint64()|1<<63] = r.Float64()
	}
	serve := func(tl *Tally, weight float64) {
		for key, u := range place {
			arm := judge.Stable
			if u < weight {
				arm = judge.Candidate
			}
			tl.Record(Observation{Arm: arm, Key: key})
		}
	}
	serve(b.Phase(canary(1, .1)), .1)
	serve(b.Phase(canary(2, .5)), .5)
	phases := b.Phases()
	if n := len(phases); n != 3 {
		t.Fatalf("%d phases and strata, want 3", n)
	}
	old := phases[2]
	if want := (.5 - .1) / .9; math.Abs(old.Weight-want) > 1e-12 {
		t.Errorf("a key that was stable at 10 %% gets the candidate at 50 %% with chance %.4f, the stratum says %.4f", want, old.Weight)
	}
	units := old.Counts.Units[0] + old.Counts.Units[1]
	share := float64(old.Counts.Units[judge.Candidate]) / float64(units)
	if units < 17_500 || share < old.Weight-.015 || share > old.Weight+.015 {
		t.Errorf("%d units, share %.4f; want about 18,000 and %.4f", units, share, old.Weight)
	}
	if fresh := phases[1].Counts; fresh.Units != [2]int64{} || fresh.Requests[0]+fresh.Requests[1] != 20_000 {
		t.Errorf("no key is new at 50 %%: %+v", fresh)
	}
}

func TestAFullSetOfKeysSaysSo(t *testing.T) {
	tl := NewBook(Options{Keys: 64}).Phase(canary(1, .5))
	r := rand.New(rand.NewPCG(2, 2))
	for range 1000 {
		tl.Record(Observation{Arm: judge.Stable, Key: r.Uint64()})
	}
	counts := tl.phases()[0].Counts
	if counts.Units[judge.Stable] > 64 || counts.Units[judge.Stable]+counts.Overflow != 1000 {
		t.Errorf("%+v", counts)
	}
}

func TestPredictionsAreCountedByBinsFixedBefore(t *testing.T) {
	b := NewBook(Options{})
	alone := b.Phase(Route{Generation: 1, Stable: "1"})
	for i := range 300 {
		alone.PredictNumber(alone.Record(Observation{}), float64(i%100))
	}
	if alone.phases()[0].Bins != nil {
		t.Error("bins without a comparison")
	}
	tl := b.Phase(canary(2, .5))
	bins := tl.bins()
	if bins == nil || len(bins.Edges) != 9 || bins.Edges[4] != 50 {
		t.Fatalf("bins %+v, want the deciles of 0…99", bins)
	}
	tl.PredictNumber(tl.Record(Observation{Arm: judge.Candidate}), 1e9)
	tl.PredictNumber(0, 5) // not a unit
	tl.PredictText(tl.Record(Observation{Arm: judge.Candidate}), []byte("late"))
	counts := tl.phases()[0].Counts
	if got := counts.Predictions[judge.Candidate]; got[9] != 2 || counts.Units[judge.Candidate] != 2 {
		t.Errorf("a huge number and a text among numbers belong to the last bin: %v", got)
	}
	if !bins.Equal(b.Phase(canary(3, .8)).bins()) {
		t.Error("the next step counts by other bins")
	}
	b.Phase(Route{Generation: 4, Stable: "1"})
	if b.Phase(canary(5, .1)).bins() == bins {
		t.Error("another walk kept the bins of the last")
	}
}

func TestWithoutAPastTheFirstPredictionsFixTheBins(t *testing.T) {
	tl := NewBook(Options{}).Phase(canary(1, .5))
	classes := []string{"on time", "on time", "late", "cancelled"}
	for i := range enoughNew {
		tl.PredictText(tl.Record(Observation{}), []byte(classes[i%4]))
	}
	bins := tl.bins()
	if bins == nil || bins.Classes[0] != "on time" || bins.Expected[0] != .5 || len(bins.Expected) != 4 {
		t.Fatalf("%+v", bins)
	}
	if got := tl.phases()[0].Counts.Predictions[judge.Stable]; got[0]+got[1]+got[2]+got[3] != 0 {
		t.Errorf("predictions that made the bins were counted by them: %v", got)
	}
	tl.PredictText(tl.Record(Observation{Arm: judge.Candidate}), []byte("diverted"))
	if got := tl.phases()[0].Counts.Predictions[judge.Candidate]; got[3] != 1 {
		t.Errorf("an unseen class belongs to the last bin: %v", got)
	}
}

func TestManyEqualPredictionsKeepLessAndEqualApart(t *testing.T) {
	for name, sample := range map[string][]float64{
		"constant": {3, 3, 3, 3, 3, 3, 3, 3, 3, 3},
		"flags":    {0, 0, 0, 0, 0, 0, 0, 1, 1, 1},
		"two":      {1, 2},
	} {
		bins := edges(sample)
		sum := 0.0
		for _, p := range bins.Expected {
			sum += p
		}
		if len(bins.Expected) > mostBins || sum < .999 || sum > 1.001 {
			t.Errorf("%s: %+v", name, bins)
		}
		low, is := numberBin(bins, sample[0]-1), numberBin(bins, sample[0])
		if low == is {
			t.Errorf("%s: %v and less share bin %d of %v", name, sample[0], is, bins.Edges)
		}
	}
}

func TestNothingIsAllocatedAndANilTallyIsSilent(t *testing.T) {
	tl := NewBook(Options{}).Phase(canary(1, .5))
	key := uint64(0)
	allocs := testing.AllocsPerRun(1000, func() {
		key += 1 << 40
		tl.Begin(judge.Stable)
		tl.Record(Observation{Arm: judge.Stable, Key: key, Latency: time.Millisecond})
	})
	if allocs > 0 {
		t.Errorf("%v allocations a request", allocs)
	}
	var none *Tally
	none.Begin(judge.Stable)
	none.Discard(judge.Stable)
	none.PredictNumber(none.Record(Observation{}), 1)
	none.PredictText(1, nil)
}

func TestManyWritersLoseNothing(t *testing.T) {
	b := NewBook(Options{})
	tl := b.Phase(canary(1, .5))
	const writers, each = 8, 5000
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 3))
			for range each {
				arm := judge.Arm(r.IntN(2))
				tl.Begin(arm)
				u := tl.Record(Observation{Arm: arm, Key: uint64(r.IntN(100)+1) << 30, Failed: true, Latency: time.Microsecond})
				tl.PredictText(u, []byte("x"))
				if r.IntN(1000) == 0 {
					b.Phases()
				}
			}
		})
	}
	group.Wait()
	counts := tl.phases()[0].Counts
	if counts.Requests[0]+counts.Requests[1] != writers*each || counts.Units[0]+counts.Units[1] != 100 || counts.InFlight != [2]int64{} {
		t.Errorf("%+v", counts)
	}
}

func BenchmarkRecord(b *testing.B) {
	for _, keyed := range []bool{false, true} {
		b.Run(fmt.Sprintf("keyed=%v", keyed), func(b *testing.B) {
			tl := NewBook(Options{}).Phase(canary(1, .5))
			o := Observation{Arm: judge.Stable, Latency: 3 * time.Millisecond}
			b.ReportAllocs()
			for i := range b.N {
				if keyed {
					o.Key = uint64(i%1000+1) * 0x9e3779b97f4a7c15
				}
				tl.Begin(judge.Stable)
				tl.Record(o)
			}
		})
	}
}
