package gateway_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry/consul/consultest"
)

// replica runs a gateway on a Consul, with folders of its own.
func replica(t *testing.T, address, dir string, model ...string) *running {
	t.Helper()
	path := filepath.Join(dir, "weir.yaml")
	text := `listen: {http: "127.0.0.1:0", admin: "127.0.0.1:0"}
registry: {kind: consul, address: "` + address + `"}
state_dir: ./state
drain_timeout: 5s
models: {m: {` + strings.Join(append([]string{"protocol: oip"}, model...), ", ") + `}}
`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return startIn(t, dir, path)
}

// connected is weir_registry_connected.
func (r *running) connected() bool {
	r.t.Helper()
	return strings.Contains(r.metrics(r.t), "\nweir_registry_connected 1\n")
}

func (r *running) check(name string) api.Check {
	checks := r.Ready()
	return checks[slices.IndexFunc(checks, func(c api.Check) bool { return c.Name == name })]
}

func TestAGatewayStartsAndServesWithConsulDownAndTakesOverWhenItComes(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Dir: t.TempDir()})
	one, two := newModelServer(t), newModelServer(t)
	dir := t.TempDir()
	r := replica(t, server.Address, dir)
	r.register("1", one)
	r.register("2", two)
	r.switchTo("1")
	kept := filepath.Join(dir, "state", "last-good.json")
	eventually(t, "the last good tables", func() bool { _, err := os.Stat(kept); return err == nil })
	r.shutDown()
	server.Kill()

	fresh := replica(t, server.Address, t.TempDir()) // one that knows nothing starts, too
	again := replica(t, server.Address, dir)
	if status, version, body := again.infer(); status != 200 || version != "1" {
		t.Errorf("with Consul down: %d from %q: %s", status, version, body)
	}
	if status, _, _ := fresh.infer(); status != 503 {
		t.Errorf("with Consul down and nothing known: %d", status)
	}
	if again.connected() {
		t.Error("weir_registry_connected is 1 with Consul down")
	}
	if check := again.check("registry"); check.OK || check.Required || !strings.Contains(check.Detail, "can't be read") {
		t.Errorf("readiness says %+v", check)
	}
	if m, err := again.admin.Model(t.Context(), "m"); err != nil || m.Traffic == nil || m.Traffic.Stable != "1" {
		t.Errorf("with Consul down the admin API says %+v, %v", m, err)
	}

	server.Start()
	eventually(t, "Consul at one", again.connected)
	eventually(t, "Consul at the other", func() bool { status, version, _ := fresh.infer(); return status == 200 && version == "1" })
	again.switchTo("2")
	eventually(t, "the switch at the other", func() bool { _, version, _ := fresh.infer(); return version == "2" })
}

func TestARolloutGoesOnOnceConsulIsBack(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Dir: t.TempDir()})
	one, two := newModelServer(t), newModelServer(t)
	dir := t.TempDir()
	r := replica(t, server.Address, dir)
	r.register("1", one)
	r.register("2", two)
	r.switchTo("1")
	if _, err := r.admin.StartRollout(t.Context(), "m", api.RolloutRequest{Version: "2"}); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(dir, "state", "last-good.json")
	eventually(t, "the last good tables", func() bool {
		content, err := os.ReadFile(kept)
		return err == nil && strings.Contains(string(content), `"generation": 2`)
	})
	r.shutDown()
	server.Kill()
	again := replica(t, server.Address, dir)
	if m, err := again.admin.Model(t.Context(), "m"); err != nil || m.RolloutError == "" || m.Traffic.Generation != 2 {
		t.Errorf("with Consul down the admin API says %+v, %v", m, err)
	}
	server.Start()
	// A walk that was not taken up can't be aborted.
	eventually(t, "the rollout", func() bool {
		walk, err := again.admin.AbortRollout(t.Context(), "m", "enough")
		return err == nil && walk.Status.Final()
	})
	if _, version, _ := again.infer(); version != "1" {
		t.Errorf("after the abort version %s answers", version)
	}
}

func TestTrafficGoesOnWhileConsulIsWipedAndARollbackPutsItBack(t *testing.T) {
	server := consultest.Start(t, consultest.Options{}) // in memory: a restart wipes it
	one, two := newModelServer(t), newModelServer(t)
	a, b := replica(t, server.Address, t.TempDir()), replica(t, server.Address, t.TempDir())
	a.register("1", one)
	a.register("2", two)
	a.switchTo("1")
	a.switchTo("2")
	eventually(t, "the switch at both", func() bool { _, version, _ := b.infer(); return version == "2" })
	finish := b.load(2)

	server.Kill()
	eventually(t, "the loss", func() bool { return !a.connected() && !b.connected() })
	server.Start()
	eventually(t, "the way back", func() bool { return a.connected() && b.connected() })
	if _, err := a.admin.Rollback(t.Context(), "m", 0, "wiped"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the rollback at the other", func() bool { _, version, _ := b.infer(); return version == "1" })
	if got := finish(); got.failed > 0 {
		t.Errorf("%d of %d requests failed: %s", got.failed, got.sent, got.first)
	}
	if m, err := b.admin.Model(t.Context(), "m"); err != nil || m.Traffic.Generation != 3 || m.Traffic.Restores != 1 {
		t.Errorf("the model is %+v, %v", m, err)
	}
}

// TestAllReplicasRouteByACommit measures, from the call of the store's Commit at
// one replica to another one's routing by it. The times are told, and decide
// nothing: WEIR_COMMITS=200 go test -run AllReplicas -v ./internal/gateway.
func TestAllReplicasRouteByACommit(t *testing.T) {
	commits := 20
	if os.Getenv("WEIR_COMMITS") == "200" {
		commits = 200
	}
	server := consultest.Start(t, consultest.Options{Dir: t.TempDir()})
	one, two := newModelServer(t), newModelServer(t)
	a := replica(t, server.Address, t.TempDir())
	others := []*running{replica(t, server.Address, t.TempDir()), replica(t, server.Address, t.TempDir())}
	a.register("1", one)
	a.register("2", two)
	var here, there []time.Duration
	for i := range uint64(commits) {
		began := time.Now()
		if changed := a.switchTo([]string{"1", "2"}[i%2]); changed.Traffic.Generation != i+1 {
			t.Fatalf("switch %d is generation %d", i, changed.Traffic.Generation)
		}
		here = append(here, time.Since(began))
		for _, r := range others {
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			err := r.AwaitGeneration(ctx, "m", i+1)
			cancel()
			if err != nil {
				t.Fatal(err)
			}
		}
		there = append(there, time.Since(began))
	}
	for what, times := range map[string][]time.Duration{"routed where it was asked for": here, "routed by all three": there} {
		slices.Sort(times)
		t.Logf("%s: p50 %s, p99 %s, max %s over %d switches", what, times[len(times)/2], times[len(times)*99/100], times[len(times)-1], len(times))
	}
}
