package registrytest

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/weir-gateway/weir/registry"
)

func commitReturnsWhatIsStored(s *suite) {
	s.register("flights", "1", "2", "3")
	next := canary("flights", "1", "2", 33_3333)
	next.Shadows = []registry.Shadow{{Version: "3", Sample: 0.5}}
	next.Generation = 99 // the store's to set
	stored := s.commit(next, 0)
	if stored.Generation != 1 {
		s.Errorf("generation %d, want 1", stored.Generation)
	}
	if age := time.Since(stored.Time); age < -time.Minute || age > time.Minute {
		s.Errorf("time %v", stored.Time)
	}
	s.same("snapshot", *s.snapshot().Models["flights"].Traffic, stored)
	s.same("history", s.history("flights", 0), []registry.Traffic{stored})
	next.Generation, next.Time = stored.Generation, stored.Time
	s.same("stored", stored, next)
}

func generationsCountFromOne(s *suite) {
	s.register("flights", "1", "2")
	for i := range uint64(5) {
		stored := s.commit(canary("flights", "1", "2", registry.Weight(i)), i)
		if stored.Generation != i+1 {
			s.Fatalf("commit on %d made generation %d", i, stored.Generation)
		}
	}
}

func staleCommitsChangeNothing(s *suite) {
	s.register("flights", "1", "2")
	s.commit(whole("flights", "1"), 0)
	s.commit(whole("flights", "2"), 1)
	want := s.history("flights", 0)
	for _, expect := range []uint64{0, 1, 3, 1 << 60} {
		if _, err := s.store.Commit(s.ctx, whole("flights", "1"), expect); !errors.Is(err, registry.ErrStale) {
			s.Errorf("commit on %d where 2 is current: error %v, want stale", expect, err)
		}
	}
	s.same("history", s.history("flights", 0), want)
}

func invalidCommitsChangeNothing(s *suite) {
	s.register("flights", "1", "2")
	want := s.commit(whole("flights", "1"), 0)
	invalid := map[string]func(*registry.Traffic){
		"no arms":             func(t *registry.Traffic) { t.Arms = nil },
		"99.9999 per cent":    func(t *registry.Traffic) { t.Arms[0].Weight-- },
		"100.0001 per cent":   func(t *registry.Traffic) { t.Arms[0].Weight++ },
		"an unknown version":  func(t *registry.Traffic) { t.Arms[0].Version = "9"; t.Stable = "9" },
		"an unknown shadow":   func(t *registry.Traffic) { t.Shadows = []registry.Shadow{{Version: "9", Sample: 1}} },
		"a stable not an arm": func(t *registry.Traffic) { t.Stable = "2" },
		"an arm as shadow":    func(t *registry.Traffic) { t.Shadows = []registry.Shadow{{Version: "1", Sample: 1}} },
		"a sample of 0":       func(t *registry.Traffic) { t.Shadows = []registry.Shadow{{Version: "2"}} },
		"an arm on standby":   func(t *registry.Traffic) { t.Standby = []string{"1"} },
		"a restored future":   func(t *registry.Traffic) { t.Restores = 2 },
		"an unknown cause":    func(t *registry.Traffic) { t.Cause = "whim" },
	}
	for what, spoil := range invalid {
		next := whole("flights", "1")
		spoil(&next)
		if _, err := s.store.Commit(s.ctx, next, 1); !errors.Is(err, registry.ErrInvalid) {
			s.Errorf("%s: error %v, want invalid", what, err)
		}
	}
	if _, err := s.store.Commit(s.ctx, whole("nobody", "1"), 0); !errors.Is(err, registry.ErrNotFound) {
		s.Errorf("an unknown model: error %v, want not found", err)
	}
	s.same("history", s.history("flights", 0), []registry.Traffic{want})
}

func oneConcurrentCommitWins(s *suite) {
	s.register("flights", "1", "2")
	const writers, rounds = 4, 8
	for round := range uint64(rounds) {
		errs := make([]error, writers)
		stored := make([]registry.Traffic, writers)
		var wg sync.WaitGroup
		for i := range writers {
			wg.Go(func() {
				next := canary("flights", "1", "2", registry.Weight(i))
				next.Actor = fmt.Sprint(i)
				stored[i], errs[i] = s.store.Commit(s.ctx, next, round)
			})
		}
		wg.Wait()
		winners := 0
		for i, err := range errs {
			switch {
			case err == nil:
				winners++
				s.same("winner's generation", s.history("flights", 1), stored[i:i+1])
			case !errors.Is(err, registry.ErrStale):
				s.Errorf("writer %d: %v", i, err)
			}
		}
		if winners != 1 {
			s.Fatalf("round %d: %d of %d concurrent commits won, want exactly 1", round, winners, writers)
		}
	}
	if n := len(s.history("flights", 0)); n != rounds {
		s.Errorf("%d generations after %d rounds", n, rounds)
	}
}

func noCommitIsLost(s *suite) {
	s.register("flights", "1", "2")
	const writers, each = 4, 10
	var mu sync.Mutex
	acknowledged := map[uint64]string{}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n, expect := 0, uint64(0); n < each; {
				next := canary("flights", "1", "2", registry.Weight(n))
				next.Reason = fmt.Sprintf("writer %d change %d", w, n)
				stored, err := s.store.Commit(s.ctx, next, expect)
				switch {
				case err == nil:
					mu.Lock()
					acknowledged[stored.Generation] = stored.Reason
					mu.Unlock()
					n, expect = n+1, stored.Generation
				case errors.Is(err, registry.ErrStale):
					snapshot, err := s.store.Snapshot(s.ctx)
					if err != nil {
						s.Error(err)
						return
					}
					if traffic := snapshot.Models["flights"].Traffic; traffic != nil {
						expect = traffic.Generation
					}
				default:
					s.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	history := s.history("flights", 0)
	if len(history) != writers*each {
		s.Fatalf("%d generations after %d acknowledged commits", len(history), writers*each)
	}
	for _, traffic := range history {
		if traffic.Reason != acknowledged[traffic.Generation] {
			s.Errorf("generation %d is %q, acknowledged was %q", traffic.Generation, traffic.Reason, acknowledged[traffic.Generation])
		}
	}
}

func modelsAreIndependent(s *suite) {
	s.register("flights", "1")
	s.register("flights.eu", "1", "2")
	s.register("Trains-2", "1")
	s.commit(whole("flights", "1"), 0)
	eu := s.commit(whole("flights.eu", "2"), 0)
	s.commit(whole("flights", "1"), 1)
	models := s.snapshot().Models
	if len(models) != 3 {
		s.Errorf("%d models, want 3", len(models))
	}
	s.same("traffic of the other model", *models["flights.eu"].Traffic, eu)
	if models["Trains-2"].Traffic != nil {
		s.Error("a model without traffic has some")
	}
}

func recordIsKept(s *suite) {
	s.register("flights", "1", "2")
	s.commit(whole("flights", "2"), 0)
	next := whole("flights", "1")
	next.Actor, next.Reason = "rollout", "p99 20 % > 5 % & errors < 1 — “zurück”\nsecond line"
	next.Cause = registry.CauseGuardrail
	next.Evidence = json.RawMessage(`{"metric":"errors","e":1.2345678901234567e-9,"n":9007199254740993,"words":"a < b"}`)
	stored := s.commit(next, 1)
	got := s.history("flights", 1)[0]
	s.same("record", got, stored)
	if got.Actor != next.Actor || got.Reason != next.Reason || got.Cause != next.Cause {
		s.Errorf("kept %q, %q, %q", got.Actor, got.Reason, got.Cause)
	}
	if string(got.Evidence) != string(next.Evidence) {
		s.Errorf("evidence is %s, was %s", got.Evidence, next.Evidence)
	}
}

func standbyIsComputed(s *suite) {
	s.register("flights", "1", "2", "3")
	s.same("first", s.commit(whole("flights", "1"), 0).Standby, []string(nil))
	s.same("canary", s.commit(canary("flights", "1", "2", 1_0000), 1).Standby, []string(nil))
	s.same("promoted", s.commit(whole("flights", "2"), 2).Standby, []string{"1"})
	s.same("next", s.commit(whole("flights", "3"), 3).Standby, []string{"2", "1"})
	given := whole("flights", "3")
	given.Standby = []string{"1"}
	s.same("given", s.commit(given, 4).Standby, []string{"1"})
	none := whole("flights", "3")
	none.Standby = []string{}
	s.same("given as none", s.commit(none, 5).Standby, []string(nil))
}

func rollbackGoesBack(s *suite) {
	s.register("flights", "1", "2", "3")
	s.commit(whole("flights", "1"), 0)
	s.commit(whole("flights", "2"), 1)
	s.commit(canary("flights", "2", "3", 10_0000), 2)
	s.commit(whole("flights", "3"), 3)
	for i, want := range []string{"2", "1"} {
		expect := uint64(4 + i)
		target, err := registry.RollbackTarget(s.history("flights", 0), 0)
		s.must(err)
		if got := s.commit(target, expect); got.Stable != want || got.Arms[0] != (registry.Arm{Version: want, Weight: registry.Full}) {
			s.Errorf("rollback %d serves %v, want version %s", i+1, got.Arms, want)
		}
	}
	if _, err := registry.RollbackTarget(s.history("flights", 0), 0); !errors.Is(err, registry.ErrNotFound) {
		s.Errorf("a third rollback: error %v, want not found", err)
	}
}
