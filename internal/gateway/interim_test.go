package gateway_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/registry/consul"
	"github.com/weir-gateway/weir/registry/consul/consultest"
)

// rollBackAlone goes back at a gateway that can't reach the registry.
func (r *running) rollBackAlone() api.Changed {
	r.t.Helper()
	changed, err := r.admin.Rollback(r.t.Context(), "m", 0, "it is bad")
	if err != nil {
		r.t.Fatal(err)
	}
	if !changed.Routed || !changed.Interim || !strings.Contains(changed.Note, "alone") {
		r.t.Fatalf("the answer is %+v", changed)
	}
	return changed
}

// remembers tells whether a gateway has kept so many generations on the disk.
func (r *running) remembers(dir string, generations int) bool {
	content, err := os.ReadFile(filepath.Join(dir, "state", "past", "m.json"))
	return err == nil && strings.Count(string(content), `"generation"`) == generations
}

func (r *running) answers(want string) {
	r.t.Helper()
	if status, version, body := r.infer(); status != 200 || version != want {
		r.t.Errorf("%d from version %q, not %q: %s", status, version, want, body)
	}
}

func (r *running) model() api.Model {
	r.t.Helper()
	m, err := r.admin.Model(r.t.Context(), "m")
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

// settledAt waits until nothing is laid over the traffic, which has the generation.
func (r *running) settledAt(generation uint64) api.Model {
	r.t.Helper()
	eventually(r.t, "the settlement", func() bool {
		m := r.model()
		return m.Interim == nil && m.Routed == generation
	})
	return r.model()
}

// twoVersions gives version 1, then version 2 all traffic.
func (r *running) twoVersions(t *testing.T) {
	r.register("1", newModelServer(t))
	r.register("2", newModelServer(t))
	r.switchTo("1")
	r.switchTo("2")
}

func TestARollbackWithConsulDeadIsRoutedAtOnceAndCommittedOnceWhenItIsBack(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Dir: t.TempDir()})
	a, b := replica(t, server.Address, t.TempDir()), replica(t, server.Address, t.TempDir())
	a.twoVersions(t)
	eventually(t, "the switch at the other", func() bool { _, version, _ := b.infer(); return version == "2" })
	finish := a.load(2)
	server.Kill()
	for _, r := range []*running{a, b} {
		if changed := r.rollBackAlone(); changed.Traffic.Generation != 2 || changed.Traffic.Restores != 1 {
			t.Errorf("the rollback is %+v", changed.Traffic)
		}
		r.answers("1")
		if m := r.model(); m.Routed != 2 || m.Traffic.Stable != "2" || m.Interim == nil || m.Interim.Stable != "1" {
			t.Errorf("the status is %+v", m)
		}
		if text := r.metrics(t); !strings.Contains(text, `weir_traffic_interim{model="m"} 1`) || !strings.Contains(text, `weir_traffic_weight{model="m",version="1"} 100`) {
			t.Error("the metrics do not tell of the rollback")
		}
	}
	server.Start()
	for _, r := range []*running{a, b} {
		m := r.settledAt(3)
		if m.Traffic.Restores != 1 || m.Traffic.Reason != "it is bad" || m.Traffic.Actor == "" {
			t.Errorf("what was committed is %+v", m.Traffic)
		}
		r.answers("1")
	}
	if got := finish(); got.failed > 0 {
		t.Errorf("%d of %d requests failed: %s", got.failed, got.sent, got.first)
	}
}

func TestARollbackWithoutConsulOutlivesARestart(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Dir: t.TempDir()})
	dir := t.TempDir()
	first := replica(t, server.Address, dir)
	first.twoVersions(t)
	eventually(t, "the past on the disk", func() bool { return first.remembers(dir, 2) })
	first.shutDown()
	server.Kill()
	second := replica(t, server.Address, dir) // has seen nothing happen
	second.answers("2")
	second.rollBackAlone()
	second.shutDown()
	third := replica(t, server.Address, dir)
	third.answers("1")
	server.Start()
	third.settledAt(3)
	third.answers("1")
}

func TestAPersonsChangeSupersedesARollbackOfAGatewayThatWasCutOff(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Dir: t.TempDir()})
	link := consultest.NewLink(t, server.Address)
	a, b := replica(t, link.Address, t.TempDir()), replica(t, server.Address, t.TempDir())
	a.twoVersions(t)
	a.register("3", newModelServer(t))
	eventually(t, "the switch at the other", func() bool { _, version, _ := b.infer(); return version == "2" })
	link.Refuse(true)
	a.rollBackAlone()
	b.switchTo("3")
	a.answers("1")
	link.Refuse(false)
	a.settledAt(3)
	a.answers("3")
	if history, err := b.admin.History(t.Context(), "m", 10); err != nil || len(history.Generations) != 3 {
		t.Errorf("the history is %+v, %v", history, err)
	}
}

func TestAStepOfARolloutDoesNotUndoARollbackOfAGatewayThatWasCutOff(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Dir: t.TempDir()})
	link := consultest.NewLink(t, server.Address)
	a := replica(t, link.Address, t.TempDir())
	a.twoVersions(t)
	link.Refuse(true)
	a.rollBackAlone()
	store, err := consul.Open(consul.Options{Address: server.Address})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	step := registry.Traffic{Model: "m", Stable: "2", Arms: []registry.Arm{{Version: "2", Weight: registry.Full / 2}, {Version: "1", Weight: registry.Full / 2}}, Cause: registry.CauseRollout}
	if _, err := store.Commit(t.Context(), step, 2); err != nil {
		t.Fatal(err)
	}
	link.Refuse(false)
	if m := a.settledAt(4); m.Traffic.Stable != "1" || m.Traffic.Restores != 1 {
		t.Errorf("the model is %+v", m.Traffic)
	}
}

func TestWithoutConsulOneGoesBackFurtherAndToAGenerationThatIsNamed(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Dir: t.TempDir()})
	dir := t.TempDir()
	a := replica(t, server.Address, dir)
	a.twoVersions(t)
	a.register("3", newModelServer(t))
	a.switchTo("3")
	eventually(t, "the past", func() bool { return a.remembers(dir, 3) })
	server.Kill()
	a.rollBackAlone()
	a.answers("2")
	a.rollBackAlone()
	a.answers("1")
	if _, err := a.admin.Rollback(t.Context(), "m", 2, "no, the other"); err != nil {
		t.Fatal(err)
	}
	a.answers("2")
	began := time.Now()
	if _, err := a.admin.Switch(t.Context(), "m", "3", "forward"); err == nil {
		t.Error("a change forward was made without the registry")
	}
	t.Logf("a switch was refused after %s", time.Since(began))
}
