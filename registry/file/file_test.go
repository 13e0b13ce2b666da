package file

import (
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/registry/registrytest"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		os.Exit(child(dir))
	}
	goleak.VerifyTestMain(m)
}

func TestStoreConforms(t *testing.T) {
	registrytest.Run(t, func(t *testing.T) registry.Store { return openWith(t, t.TempDir(), Options{}) })
}

// open opens a store that is quicker to look and to complain than usual.
func open(t testing.TB, dir string) *Store {
	t.Helper()
	return openWith(t, dir, Options{Poll: 100 * time.Millisecond, Settle: 20 * time.Millisecond})
}

func openWith(t testing.TB, dir string, opts Options) *Store {
	t.Helper()
	s, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
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

// seeded is a store with two versions of which the first has all traffic.
func seeded(t testing.TB, dir string) *Store {
	t.Helper()
	s := open(t, dir)
	for _, name := range []string{"1", "2"} {
		if _, err := s.Register(t.Context(), version(name)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Commit(t.Context(), whole("1"), 0); err != nil {
		t.Fatal(err)
	}
	return s
}
