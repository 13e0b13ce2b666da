package admin

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
)

// three are gateways of which one is behind, one has no route for the model, and
// one is not heard of.
func three() []api.ReplicaStatus {
	status := func(name string, s api.ReplicaStatus) api.ReplicaStatus {
		s.Replica = registry.Replica{Name: name}
		return s
	}
	return []api.ReplicaStatus{
		status("a", api.ReplicaStatus{Alive: true, Configured: true, Here: true, Routed: 1 << 40}),
		status("b", api.ReplicaStatus{Alive: true, Configured: true, Routed: 1}),
		status("c", api.ReplicaStatus{Alive: true}),
		status("d", api.ReplicaStatus{Configured: true, Routed: 1}),
	}
}

func (f *fixture) twoSwitches() {
	f.Helper()
	f.register("1", "2")
	for _, v := range []string{"1", "2"} {
		if _, err := f.client().Switch(f.Context(), "flights", v, "test"); err != nil {
			f.Fatal(err)
		}
	}
}

func TestARollbackThatWaitsAnswersOnceAllLiveReplicasRouteByIt(t *testing.T) {
	f := newFixture(t)
	f.twoSwitches()
	f.gateway.replicas, f.gateway.looks, f.gateway.caughtUp = three(), 0, 3
	changed, err := f.client().RollbackEverywhere(t.Context(), "flights", 0, "bad", time.Minute)
	if err != nil || changed.Everywhere == nil || len(changed.Replicas) != 4 || changed.Traffic.Stable != "1" {
		t.Fatalf("%+v, %v", changed, err)
	}
	if f.gateway.looks != 3 {
		t.Errorf("answered after %d looks at the replicas", f.gateway.looks)
	}
	if !strings.Contains(changed.Note, "d") || strings.Contains(changed.Note, "b (") {
		t.Errorf("the note is %q", changed.Note)
	}
}

func TestARollbackThatWaitsNamesTheReplicasThatAreBehind(t *testing.T) {
	f := newFixture(t)
	f.twoSwitches()
	f.gateway.replicas = three()
	changed, err := f.client().RollbackEverywhere(t.Context(), "flights", 0, "bad", 20*time.Millisecond)
	if err != nil || changed.Everywhere != nil || !changed.Routed {
		t.Fatalf("%+v, %v", changed, err)
	}
	if want := "not routed after 20ms by b (generation 1); not heard of, and so not waited for: d"; changed.Note != want {
		t.Errorf("the note is %q, want %q", changed.Note, want)
	}
}

func TestARollbackWaitsForNobodyUnlessAsked(t *testing.T) {
	f := newFixture(t)
	f.twoSwitches()
	f.gateway.replicas, f.gateway.looks = three(), 0
	changed, err := f.client().Rollback(t.Context(), "flights", 0, "bad")
	if err != nil || changed.Replicas != nil || f.gateway.looks != 0 {
		t.Errorf("%+v after %d looks, %v", changed, f.gateway.looks, err)
	}
	if _, err := f.client().RollbackEverywhere(t.Context(), "flights", 0, "bad", time.Hour); err == nil {
		t.Error("a wait of an hour was taken")
	}
}

func TestAModelTellsWhichReplicasAreBehind(t *testing.T) {
	f := newFixture(t)
	f.twoSwitches()
	f.gateway.replicas = three()
	m, err := f.client().Model(t.Context(), "flights")
	if err != nil || len(m.Replicas) != 4 {
		t.Fatalf("%+v, %v", m.Replicas, err)
	}
	for _, r := range m.Replicas {
		if r.Behind != (r.Name == "b") {
			t.Errorf("%s is behind: %v", r.Name, r.Behind)
		}
	}
	f.gateway.replicas, f.gateway.replicaErr = nil, errors.New("consul can't be read")
	if m, err := f.client().Model(t.Context(), "flights"); err != nil || m.ReplicasError != "consul can't be read" {
		t.Errorf("%+v, %v", m, err)
	}
}
