package consul

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	"go.uber.org/goleak"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/registry/consul/consultest"
	"github.com/weir-gateway/weir/registry/registrytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestStoreConforms runs the suite that every store must pass against a real
// server, each test under a prefix of its own.
func TestStoreConforms(t *testing.T) {
	server := consultest.Start(t, consultest.Options{})
	n := 0
	registrytest.Run(t, func(t *testing.T) registry.Store {
		n++
		return open(t, Options{Address: server.Address, Prefix: fmt.Sprintf("suite/%d", n)})
	})
}

func open(tb testing.TB, opts Options) *Store {
	tb.Helper()
	s, err := Open(opts)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// plain is a client without any of the store's care.
func plain(t *testing.T, server *consultest.Server) *api.Client {
	t.Helper()
	client, transport, err := connect(Options{Address: server.Address, Timeout: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return client
}

func version(name string) registry.Version {
	return registry.Version{
		Model: "flights", Version: name, Endpoints: []string{"http://127.0.0.1:9000/" + name}, By: "ci",
		Lineage: registry.Lineage{Git: "9f1c2ab", Params: map[string]string{"l2": "0.1"}},
	}
}

func whole(name string) registry.Traffic {
	return registry.Traffic{
		Model: "flights", Actor: "alice", Reason: "because", Cause: registry.CauseManual,
		Stable: name, Arms: []registry.Arm{{Version: name, Weight: registry.Full}},
	}
}

// seed registers two versions; the first has all traffic, as generation 1.
func seed(t *testing.T, s *Store) {
	t.Helper()
	for _, name := range []string{"1", "2"} {
		if _, err := s.Register(t.Context(), version(name)); err != nil {
			t.Fatal(err)
		}
	}
	commit(t, s, "1", 0)
}

func commit(t *testing.T, s *Store, name string, expect uint64) {
	t.Helper()
	if _, err := s.Commit(t.Context(), whole(name), expect); err != nil {
		t.Fatal(err)
	}
}

func generation(s registry.Snapshot) uint64 {
	if t := s.Models["flights"].Traffic; t != nil {
		return t.Generation
	}
	return 0
}

// watched is what a watch has delivered.
type watched struct {
	mu     sync.Mutex
	states []registry.Snapshot
	woken  chan struct{}
}

// watch follows a store until the test ends, and fails if a generation goes
// back or a model goes away.
func watch(t *testing.T, s *Store) *watched {
	t.Helper()
	w := &watched{woken: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		_ = s.Watch(ctx, func(state registry.Snapshot) { // ends with the test
			w.mu.Lock()
			defer w.mu.Unlock()
			if n := len(w.states); n > 0 && (generation(state) < generation(w.states[n-1]) || len(state.Models) < len(w.states[n-1].Models)) {
				t.Errorf("the watch went back from %+v to %+v", w.states[n-1], state)
			}
			w.states = append(w.states, state)
			select {
			case w.woken <- struct{}{}:
			default:
			}
		})
	})
	t.Cleanup(func() { cancel(); done.Wait() })
	return w
}

// until waits for a state.
func (w *watched) until(t *testing.T, what string, wished func(registry.Snapshot) bool) registry.Snapshot {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		w.mu.Lock()
		n := len(w.states)
		if n > 0 && wished(w.states[n-1]) {
			defer w.mu.Unlock()
			return w.states[n-1]
		}
		w.mu.Unlock()
		select {
		case <-w.woken:
		case <-deadline:
			t.Fatalf("the watch never delivered %s", what)
		}
	}
}

func lost(s registry.Snapshot) bool { return s.Lost != nil }
func well(s registry.Snapshot) bool { return s.Lost == nil && len(s.Problems) == 0 }
func risen(g uint64) func(registry.Snapshot) bool {
	return func(s registry.Snapshot) bool { return generation(s) == g && s.Lost == nil }
}

func TestIndexesAreFollowedByTheBook(t *testing.T) {
	for _, c := range []struct{ asked, answered, next uint64 }{
		{0, 17, 17}, {17, 17, 17}, {17, 18, 18}, {17, 3, 0}, {0, 0, 1}, {1, 0, 0},
	} {
		if got := following(c.asked, c.answered); got != c.next {
			t.Errorf("asked with %d and answered %d, the next is %d, want %d", c.asked, c.answered, got, c.next)
		}
	}
}

func TestPausesGrowAndAreBounded(t *testing.T) {
	const seed = 3
	random := rand.New(rand.NewPCG(seed, 0))
	for failures := range 200 {
		full := mostPause
		if failures < 6 {
			full = min(full, firstPause<<failures)
		}
		if p := pause(failures, random); p < full/2 || p > full {
			t.Errorf("seed %d: after %d failures a pause of %s, want from %s to %s", seed, failures, p, full/2, full)
		}
	}
}

func TestAnswersThatMayBeOldAreRefused(t *testing.T) {
	for what, c := range map[string]struct {
		meta api.QueryMeta
		ok   bool
	}{
		"the leader's": {api.QueryMeta{KnownLeader: true}, true},
		"a follower's": {api.QueryMeta{KnownLeader: true, LastContact: time.Second}, true},
		"an old one":   {api.QueryMeta{KnownLeader: true, LastContact: time.Minute}, false},
		"leaderless":   {api.QueryMeta{}, false},
	} {
		if err := fresh(&c.meta); (err == nil) != c.ok {
			t.Errorf("%s: %v", what, err)
		}
	}
}
