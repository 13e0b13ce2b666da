package consul

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/registry/consul/consultest"
)

// quick makes a store notice soon what a test does to it.
func quick(address string) Options {
	return Options{Address: address, Timeout: 500 * time.Millisecond}
}

func TestAKilledServerIsLostAndFoundAgain(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Dir: t.TempDir()})
	s := open(t, quick(server.Address))
	w := watch(t, s)
	seed(t, s)
	w.until(t, "the traffic", risen(1))

	server.Kill()
	state := w.until(t, "the loss", lost)
	if generation(state) != 1 || len(state.Models["flights"].Versions) != 2 {
		t.Errorf("the last good state went with the server: %+v", state)
	}
	snapshot, err := s.Snapshot(t.Context())
	if err != nil || snapshot.Lost == nil || generation(snapshot) != 1 {
		t.Errorf("without the server the snapshot is %+v, %v", snapshot, err)
	}
	if _, err := s.Commit(t.Context(), whole("2"), 1); err == nil || !strings.Contains(err.Error(), server.Address) {
		t.Errorf("a commit without the server: %v, want an error that names it", err)
	}

	server.Start()
	w.until(t, "the way back", well)
	commit(t, s, "2", 1)
	w.until(t, "a commit after it", risen(2))
	history, err := s.History(t.Context(), "flights", 0)
	if err != nil || len(history) != 2 {
		t.Errorf("the history is %+v, %v", history, err)
	}
}

func TestAStoreOpenedWithoutTheServerServesWhatWasKnown(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Dir: t.TempDir()})
	first := open(t, quick(server.Address))
	seed(t, first)
	known, err := first.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	server.Kill()

	opts := quick(server.Address)
	opts.Known = known
	s := open(t, opts)
	snapshot, err := s.Snapshot(t.Context())
	if err != nil || snapshot.Lost == nil || generation(snapshot) != 1 {
		t.Fatalf("the snapshot is %+v, %v", snapshot, err)
	}
	w := watch(t, s)
	w.until(t, "the loss", lost)
	server.Start()
	w.until(t, "the way back", well)
	commit(t, s, "2", 1)
}

func TestAWipedStoreTakesNothingAwayAndIsFilledByTheNextCommit(t *testing.T) {
	server := consultest.Start(t, consultest.Options{}) // in memory: a restart wipes it
	s := open(t, quick(server.Address))
	other := open(t, quick(server.Address))
	w, v := watch(t, s), watch(t, other)
	seed(t, s)
	commit(t, s, "2", 1)
	w.until(t, "the traffic", risen(2))
	v.until(t, "the traffic", risen(2))

	server.Kill()
	w.until(t, "the loss", lost)
	server.Start()
	state := w.until(t, "the wipe", func(s registry.Snapshot) bool { return s.Lost == nil && len(s.Problems) > 0 })
	if generation(state) != 2 || len(state.Models["flights"].Versions) != 2 {
		t.Errorf("the wipe took something away: %+v", state)
	}
	var problem *registry.Problem
	if !errors.As(state.Problems[0], &problem) || problem.Place != "weir/models/flights/" || problem.Model != "flights" {
		t.Errorf("the problem is %v", state.Problems[0])
	}
	history, err := s.History(t.Context(), "flights", 0)
	if err != nil || len(history) != 2 {
		t.Fatalf("what is remembered of the history is %+v, %v", history, err)
	}
	target, err := registry.RollbackTarget(history, 0)
	if err != nil {
		t.Fatal(err)
	}
	if stored, err := s.Commit(t.Context(), target, 2); err != nil || stored.Generation != 3 || stored.Stable != "1" {
		t.Fatalf("the rollback on a wiped store: %+v, %v", stored, err)
	}
	v.until(t, "the rollback", func(s registry.Snapshot) bool { return generation(s) == 3 && well(s) })

	// One who knows nothing sees all of it.
	third := open(t, quick(server.Address))
	if history, err = third.History(t.Context(), "flights", 0); err != nil || len(history) != 3 {
		t.Errorf("the history is now %+v, %v", history, err)
	}
}

func TestAnOlderBackupDoesNotTakeGenerationsBack(t *testing.T) {
	server := consultest.Start(t, consultest.Options{})
	s := open(t, quick(server.Address))
	w := watch(t, s)
	seed(t, s)
	kv := plain(t, server).KV()
	backup, _, err := kv.List("weir/", nil)
	if err != nil {
		t.Fatal(err)
	}
	commit(t, s, "2", 1)
	commit(t, s, "1", 2)
	if _, err := kv.DeleteTree("weir/", nil); err != nil {
		t.Fatal(err)
	}
	for _, pair := range backup {
		if _, err := kv.Put(&api.KVPair{Key: pair.Key, Value: pair.Value}, nil); err != nil {
			t.Fatal(err)
		}
	}
	w.until(t, "a problem", func(s registry.Snapshot) bool {
		return len(s.Problems) == 1 && strings.Contains(s.Problems[0].Error(), "went back from generation 3 to 1")
	})
	commit(t, s, "2", 3)
	w.until(t, "the next generation", func(s registry.Snapshot) bool { return generation(s) == 4 && well(s) })
	if history, err := s.History(t.Context(), "flights", 0); err != nil || len(history) != 4 {
		t.Errorf("the history is %+v, %v", history, err)
	}
}

func TestEditsByHandThatBreakARuleChangeNothing(t *testing.T) {
	server := consultest.Start(t, consultest.Options{})
	s := open(t, quick(server.Address))
	w := watch(t, s)
	seed(t, s)
	kv := plain(t, server).KV()
	const traffic, v2 = "weir/models/flights/traffic", "weir/models/flights/versions/2"
	goodTraffic, _, err := kv.Get(traffic, nil)
	if err != nil {
		t.Fatal(err)
	}
	goodVersion, _, err := kv.Get(v2, nil)
	if err != nil {
		t.Fatal(err)
	}
	edited := func(text, from, to string) []byte { return []byte(strings.ReplaceAll(text, from, to)) }
	for want, edit := range map[string]api.KVPair{
		"can't be read":                           {Key: traffic, Value: []byte(`{"model":`)},
		"which is not what its key says":          {Key: traffic, Value: edited(string(goodTraffic.Value), "flights", "trains")},
		"was changed by hand within generation 1": {Key: traffic, Value: edited(string(goodTraffic.Value), `"1"`, `"2"`)},
		"version 9 is not registered":             {Key: traffic, Value: edited(string(edited(string(goodTraffic.Value), `"1"`, `"9"`)), `"generation":1`, `"generation":2`)},
		"is gone from Consul; the model keeps":    {Key: traffic},
		"is gone from Consul; a registered":       {Key: v2},
		"its checksum does not fit":               {Key: v2, Value: edited(string(goodVersion.Value), ":9000", ":9001")},
	} {
		if edit.Value == nil {
			_, err = kv.Delete(edit.Key, nil)
		} else {
			_, err = kv.Put(&edit, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		state := w.until(t, want, func(s registry.Snapshot) bool {
			return len(s.Problems) > 0 && strings.Contains(s.Problems[0].Error(), want)
		})
		if m := state.Models["flights"]; generation(state) != 1 || m.Traffic.Stable != "1" || len(m.Versions) != 2 {
			t.Errorf("%s: the model is now %+v", want, m)
		}
		for _, good := range []*api.KVPair{goodTraffic, goodVersion} {
			if _, err := kv.Put(&api.KVPair{Key: good.Key, Value: good.Value}, nil); err != nil {
				t.Fatal(err)
			}
		}
		w.until(t, "the mended key", well)
	}
}

func TestAPartitionIsNoticedAndEnds(t *testing.T) {
	server := consultest.Start(t, consultest.Options{})
	link := consultest.NewLink(t, server.Address)
	s := open(t, quick(link.Address))
	w := watch(t, s)
	seed(t, s)
	w.until(t, "the traffic", risen(1))

	link.Hold(true) // the blocking query hangs, and nobody says so
	snapshot, err := s.Snapshot(t.Context())
	if err != nil || snapshot.Lost == nil || generation(snapshot) != 1 {
		t.Errorf("behind a partition the snapshot is %+v, %v", snapshot, err)
	}
	w.until(t, "the loss", lost)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := s.Commit(ctx, whole("2"), 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a commit behind a partition: %v, want the context's error", err)
	}
	beyond := open(t, quick(server.Address))
	commit(t, beyond, "2", 1)

	link.Hold(false)
	w.until(t, "what happened beyond", risen(2))
}

func TestASlowConnectionIsSlowAndNoMore(t *testing.T) {
	server := consultest.Start(t, consultest.Options{})
	link := consultest.NewLink(t, server.Address)
	s := open(t, Options{Address: link.Address})
	w := watch(t, s)
	seed(t, s)
	link.Delay(100 * time.Millisecond)
	for i := range uint64(3) {
		commit(t, s, "2", 1+i)
	}
	w.until(t, "the last commit", risen(4))
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, state := range w.states {
		if state.Lost != nil {
			t.Errorf("a slow server counts as lost: %v", state.Lost)
		}
	}
}

func TestACommitWhoseAnswerIsLostIsMadeOnce(t *testing.T) {
	server := consultest.Start(t, consultest.Options{})
	link := consultest.NewLink(t, server.Address)
	s := open(t, quick(link.Address))
	seed(t, s)
	direct := watch(t, open(t, quick(server.Address)))

	link.Lose("PUT /v1/txn")
	stored, err := s.Commit(t.Context(), whole("2"), 1)
	if err != nil || stored.Generation != 2 || stored.Stable != "2" {
		t.Fatalf("the commit is %+v, %v", stored, err)
	}
	direct.until(t, "the commit", risen(2))
	if history, err := s.History(t.Context(), "flights", 0); err != nil || len(history) != 2 {
		t.Errorf("the history is %+v, %v", history, err)
	}
}

func TestTwoWritersAtOnceGetOneGenerationEach(t *testing.T) {
	server := consultest.Start(t, consultest.Options{})
	seed(t, open(t, quick(server.Address)))
	const writers, each = 2, 25
	var mu sync.Mutex
	owners := map[uint64]string{}
	var all sync.WaitGroup
	for i := range writers {
		s := open(t, quick(server.Address))
		name := []string{"alice", "bob"}[i]
		all.Go(func() {
			for made := 0; made < each; {
				snapshot, err := s.Snapshot(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				next := whole("2")
				next.Actor = name
				stored, err := s.Commit(t.Context(), next, generation(snapshot))
				if errors.Is(err, registry.ErrStale) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				owners[stored.Generation] = name
				mu.Unlock()
				made++
			}
		})
	}
	all.Wait()
	history, err := open(t, quick(server.Address)).History(t.Context(), "flights", 0)
	if err != nil || len(history) != 1+writers*each || len(owners) != writers*each {
		t.Fatalf("%d generations and %d acknowledged, %v", len(history), len(owners), err)
	}
	for _, g := range history[:writers*each] {
		if g.Actor != owners[g.Generation] {
			t.Errorf("generation %d is %s's, and %s was told that it is theirs", g.Generation, g.Actor, owners[g.Generation])
		}
	}
}
