package registry

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// past builds a history, newest first, from words, oldest first: "v1" gives
// version 1 everything, "v1=90,v2=10" splits, "+v3" adds a shadow, "<2" marks
// the generation as the rollback that restored generation 2.
func past(t *testing.T, words ...string) []Traffic {
	t.Helper()
	var history []Traffic
	for i, word := range words {
		traffic := Traffic{Model: "m", Generation: uint64(i + 1)}
		word, restores, _ := strings.Cut(word, "<")
		if restores != "" {
			if _, err := fmt.Sscan(restores, &traffic.Restores); err != nil {
				t.Fatal(err)
			}
		}
		word, shadow, _ := strings.Cut(word, "+")
		if shadow != "" {
			traffic.Shadows = []Shadow{{Version: shadow, Sample: 1}}
		}
		for part := range strings.SplitSeq(word, ",") {
			name, share, split := strings.Cut(part, "=")
			arm := Arm{Version: name, Weight: Full}
			if split {
				var err error
				if arm.Weight, err = ParseWeight(share); err != nil {
					t.Fatal(err)
				}
			}
			traffic.Arms = append(traffic.Arms, arm)
		}
		traffic.Stable = traffic.Arms[0].Version
		history = slices.Insert(history, 0, traffic)
	}
	return history
}

// brief is what a rollback brings back, and from which generation.
func brief(t Traffic) string {
	var b strings.Builder
	for _, arm := range t.Arms {
		fmt.Fprintf(&b, "%s=%s ", arm.Version, arm.Weight)
	}
	for _, shadow := range t.Shadows {
		fmt.Fprintf(&b, "+%s ", shadow.Version)
	}
	return fmt.Sprintf("%sstable %s from %d", &b, t.Stable, t.Restores)
}

func TestRollbackBringsBackTheLastSettledOther(t *testing.T) {
	for _, test := range []struct{ history, want string }{
		{"v1 v2", "v1=100 stable v1 from 1"},
		{"v1 v1 v2 v2", "v1=100 stable v1 from 2"},
		{"v1 v1=90,v2=10 v1=50,v2=50", "v1=100 stable v1 from 1"},
		{"v1 v1=90,v2=10 v1=50,v2=50 v2", "v1=100 stable v1 from 1"},
		{"v1 v2 v2=99,v3=1 v2", "v1=100 stable v1 from 1"},
		{"v1 v2 v3 v2<2", "v1=100 stable v1 from 1"},
		{"v1 v2 v3 v2<2 v4", "v2=100 stable v2 from 2"},
		{"v1 v2 v3 v2<2 v4 v2<2", "v1=100 stable v1 from 1"},
		{"v1 v2 v3 v2<2 v4 v2<4", "v1=100 stable v1 from 1"},
		{"v1 v2 v3 v2<2 v2=90,v4=10", "v2=100 stable v2 from 2"},
		{"v1 v2=0,v1=100 v2", "v2=0 v1=100 stable v2 from 2"},
		{"v1 v1+v2 v1=90,v2=10", "v1=100 stable v1 from 2"},
		{"v1 v1+v2 v3", "v1=100 +v2 stable v1 from 2"},
		{"v1 v1+v2", "not found"},
		{"v1", "not found"},
		{"v1 v2 v1<1", "not found"},
		{"v1=90,v2=10 v2", "not found"},
		{"", "not found"},
	} {
		got, err := RollbackTarget(past(t, strings.Fields(test.history)...), 0)
		text := brief(got)
		if errors.Is(err, ErrNotFound) {
			text = "not found"
		}
		if text != test.want {
			t.Errorf("after %s: %s, want %s (%v)", test.history, text, test.want, err)
		}
	}
}

func TestRollbackToANamedGeneration(t *testing.T) {
	history := past(t, "v1+v3", "v1=50,v2=50", "v2", "v3", "v2<3")
	for to, want := range map[uint64]string{
		1: "v1=100 +v3 stable v1 from 1",
		2: "v1=50 v2=50 stable v1 from 2",
		4: "v3=100 stable v3 from 4",
	} {
		got, err := RollbackTarget(history, to)
		if err != nil || brief(got) != want {
			t.Errorf("to %d: %s, %v; want %s", to, brief(got), err, want)
		}
	}
	for to, want := range map[uint64]error{5: ErrInvalid, 3: ErrInvalid, 6: ErrNotFound} {
		if _, err := RollbackTarget(history, to); !errors.Is(err, want) {
			t.Errorf("to %d: error %v, want %v", to, err, want)
		}
	}
}

func TestRollbackSharesNothingWithHistory(t *testing.T) {
	history := past(t, "v1+v3", "v2")
	for _, to := range []uint64{0, 1} {
		target, err := RollbackTarget(history, to)
		if err != nil {
			t.Fatal(err)
		}
		target.Arms[0].Version, target.Shadows[0].Version = "spoilt", "spoilt"
	}
	if history[1].Arms[0].Version != "v1" || history[1].Shadows[0].Version != "v3" {
		t.Errorf("history became %+v", history[1])
	}
}

// TestRollbackIsAStack compares random walks with a simple model: going back
// pops, anything else pushes, and what was popped stays away.
func TestRollbackIsAStack(t *testing.T) {
	const seed = 11
	random := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		var history []Traffic
		stacks := map[uint64][]Traffic{} // by generation; the top is the current content
		for generation := uint64(1); generation <= 30; generation++ {
			var next Traffic
			stack := stacks[generation-1]
			if random.IntN(3) == 0 && len(history) > 0 {
				want := slices.Clone(stack)
				for len(want) > 0 && (!isSettled(want[len(want)-1]) || sameArms(want[len(want)-1], history[0])) {
					want = want[:len(want)-1]
				}
				target, err := RollbackTarget(history, 0)
				if len(want) == 0 {
					if !errors.Is(err, ErrNotFound) {
						t.Fatalf("seed %d: %v: %s, %v; want not found", seed, history, brief(target), err)
					}
					again(&history, stacks, generation)
					continue
				}
				top := want[len(want)-1]
				if err != nil || !sameArms(target, top) || target.Restores != top.Generation {
					t.Fatalf("seed %d: after %d generations: %s, %v; want generation %d", seed, len(history), brief(target), err, top.Generation)
				}
				next, stack = target, want
			} else {
				next = randomTraffic(random)
			}
			next.Generation = generation
			if next.Restores == 0 {
				stack = append(slices.Clone(stack), next)
			}
			stacks[generation] = stack
			history = slices.Insert(history, 0, next)
		}
	}
}

// again commits the current content again, for want of anything else.
func again(history *[]Traffic, stacks map[uint64][]Traffic, generation uint64) {
	next := (*history)[0].Clone()
	next.Generation, next.Restores = generation, 0
	stacks[generation] = append(slices.Clone(stacks[generation-1]), next)
	*history = slices.Insert(*history, 0, next)
}

func randomTraffic(random *rand.Rand) Traffic {
	a := fmt.Sprint("v", 1+random.IntN(4))
	b := fmt.Sprint("v", 5+random.IntN(4))
	traffic := Traffic{Model: "m", Stable: a, Arms: []Arm{{Version: a, Weight: Full}}}
	if random.IntN(2) == 0 {
		traffic.Arms = []Arm{{Version: a, Weight: Full - 1}, {Version: b, Weight: 1}}
	}
	return traffic
}

func TestStandbyIsWhatARollbackNeeds(t *testing.T) {
	for _, test := range []struct{ previous, next, standby, want string }{
		{"v1", "v2", "", "v1"},
		{"v1", "v1=99,v2=1", "", ""},
		{"v1=50,v2=50", "v2", "", "v1"},
		{"v2=95,v3=5", "v2=90,v3=10", "v1", "v1"},
		{"v3", "v4", "v2 v1", "v3 v2"},
		{"v3", "v2", "v2 v1", "v3 v1"},
		{"v1=10,v2=60,v3=30", "v4", "", "v1 v2"},
		{"v1", "v2+v1", "", ""},
		{"v1", "v2=100,v1=0", "", ""},
	} {
		previous := past(t, test.previous)[0]
		previous.Standby = strings.Fields(test.standby)
		got := strings.Join(Standby(previous, past(t, test.next)[0]), " ")
		if got != test.want {
			t.Errorf("%s [%s] → %s: standby %q, want %q", test.previous, test.standby, test.next, got, test.want)
		}
	}
	if got := Standby(Traffic{}, past(t, "v1")[0]); got != nil {
		t.Errorf("for the first traffic: %q", got)
	}
}
