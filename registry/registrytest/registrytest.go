package registrytest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/weir-gateway/weir/registry"
)

// patience bounds every wait of the suite. It decides only how long a broken
// store takes to fail.
const patience = 30 * time.Second

// Run checks a store. Open returns an empty store and sees to its being closed
// when the test ends; Run may close it before.
func Run(t *testing.T, open func(t *testing.T) registry.Store) {
	t.Helper()
	tests := []struct {
		name string
		run  func(*suite)
	}{
		{"a registered version can be read back", registeredVersionReadsBack},
		{"registering the same again returns the first", registerIsIdempotent},
		{"a version never changes", versionsAreImmutable},
		{"an invalid version is refused", invalidVersionsAreRefused},
		{"registering never changes traffic", registerLeavesTrafficAlone},
		{"two writers of one version: one content wins", concurrentRegistrations},
		{"a commit returns what is stored", commitReturnsWhatIsStored},
		{"generations count from one", generationsCountFromOne},
		{"a stale commit changes nothing", staleCommitsChangeNothing},
		{"an invalid commit changes nothing", invalidCommitsChangeNothing},
		{"of concurrent commits exactly one wins", oneConcurrentCommitWins},
		{"no commit is lost under contention", noCommitIsLost},
		{"models are independent", modelsAreIndependent},
		{"history only grows", historyOnlyGrows},
		{"history is newest first and limited", historyIsLimited},
		{"long history stays whole", longHistoryStaysWhole},
		{"what brought a change about is kept", recordIsKept},
		{"standby is computed unless given", standbyIsComputed},
		{"a rollback goes back and never toggles", rollbackGoesBack},
		{"callers cannot change the store's state", stateIsIsolated},
		{"watch delivers the state at once", watchDeliversAtOnce},
		{"watch delivers changes", watchDeliversChanges},
		{"watch coalesces while its receiver is slow", watchCoalesces},
		{"watch never goes back", watchNeverGoesBack},
		{"watch ends with its context", watchEndsWithContext},
		{"watch ends when the store closes", watchEndsWithStore},
		{"profiles are addressed by content", profilesAreContentAddressed},
		{"a rollout's document is kept", rolloutIsKept},
		{"an ended context has no effect", endedContextHasNoEffect},
		{"a closed store says so", closedStoreSaysSo},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			test.run(&suite{T: t, ctx: ctx, store: open(t)})
		})
	}
}

// suite is one test of the suite.
type suite struct {
	*testing.T
	ctx   context.Context
	store registry.Store
}

func version(model, name string) registry.Version {
	return registry.Version{
		Model: model, Version: name, Endpoints: []string{"http://127.0.0.1:9000/" + name}, By: "ci",
		Lineage: registry.Lineage{Git: "9f1c2ab", Data: "sha256:d", Artifact: "sha256:a", Run: "mlflow:1", Params: map[string]string{"l2": "0.1", "depth": "6"}},
	}
}

// whole is traffic that gives one version everything.
func whole(model, name string) registry.Traffic {
	return registry.Traffic{
		Model: model, Actor: "alice", Reason: "because", Cause: registry.CauseManual,
		Stable: name, Arms: []registry.Arm{{Version: name, Weight: registry.Full}},
	}
}

// canary is traffic that gives a candidate a share.
func canary(model, stable, candidate string, weight registry.Weight) registry.Traffic {
	traffic := whole(model, stable)
	traffic.Arms = []registry.Arm{{Version: stable, Weight: registry.Full - weight}, {Version: candidate, Weight: weight}}
	return traffic
}

func (s *suite) register(model string, names ...string) {
	s.Helper()
	for _, name := range names {
		if _, err := s.store.Register(s.ctx, version(model, name)); err != nil {
			s.Fatalf("register %s %s: %v", model, name, err)
		}
	}
}

func (s *suite) commit(next registry.Traffic, expect uint64) registry.Traffic {
	s.Helper()
	stored, err := s.store.Commit(s.ctx, next, expect)
	if err != nil {
		s.Fatalf("commit on %d: %v", expect, err)
	}
	return stored
}

func (s *suite) snapshot() registry.Snapshot {
	s.Helper()
	snapshot, err := s.store.Snapshot(s.ctx)
	if err != nil {
		s.Fatalf("snapshot: %v", err)
	}
	for _, problem := range snapshot.Problems {
		s.Errorf("the snapshot has a problem: %v", problem)
	}
	return snapshot
}

func (s *suite) history(model string, limit int) []registry.Traffic {
	s.Helper()
	history, err := s.store.History(s.ctx, model, limit)
	if err != nil {
		s.Fatalf("history: %v", err)
	}
	return history
}

func (s *suite) same(what string, got, want any) {
	s.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		s.Errorf("%s differs (-want +got):\n%s", what, diff)
	}
}

func (s *suite) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}
