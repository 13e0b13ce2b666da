package gateway_test

import (
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry/consul/consultest"
)

// tells waits until the model is told of as wished.
func (r *running) tells(what string, wished func(api.Model) bool) {
	r.t.Helper()
	deadline := time.Now().Add(time.Minute) // Consul keeps a silent session for up to 20 s
	for {
		m, err := r.admin.Model(r.t.Context(), "m")
		if err == nil && wished(m) {
			return
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("%s: %+v, %s, %v", what, m.Replicas, m.ReplicasError, err)
		}
		time.Sleep(5 * time.Millisecond) // asks again; decides nothing
	}
}

// TestARollbackWaitsForAllGatewaysAndNamesTheOneThatIsCutOff: the one that is cut
// off is alive as far as anybody knows, and then it is not.
func TestARollbackWaitsForAllGatewaysAndNamesTheOneThatIsCutOff(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Dir: t.TempDir()})
	link := consultest.NewLink(t, server.Address)
	one, two := newModelServer(t), newModelServer(t)
	a := replica(t, server.Address, t.TempDir())
	a.register("1", one)
	a.register("2", two)
	a.switchTo("1")
	a.switchTo("2")
	b, c := replica(t, server.Address, t.TempDir()), replica(t, link.Address, t.TempDir())
	name := func(r *running) string {
		_, port, _ := strings.Cut(r.AdminAddress().String(), ":")
		return ":" + port
	}
	routedBy := func(n uint64) func(api.Model) bool {
		return func(m api.Model) bool {
			for _, r := range m.Replicas {
				if !r.Alive || !r.Configured || r.Behind || r.Routed != n {
					return false
				}
			}
			return len(m.Replicas) == 3
		}
	}
	a.tells("three gateways", routedBy(2))

	changed, err := a.admin.RollbackEverywhere(t.Context(), "m", 0, "bad", time.Minute)
	if err != nil || changed.Everywhere == nil || changed.Note != "" {
		t.Fatalf("%+v, %v", changed, err)
	}
	for _, r := range []*running{a, b, c} {
		if n := r.RoutedGeneration("m"); n != 3 {
			t.Errorf("a gateway routes by generation %d when the rollback has answered", n)
		}
	}
	t.Logf("routed here after %.1f ms, and everywhere is known after %.1f ms", 1000*changed.Took, 1000**changed.Everywhere)
	b.tells("all three after it", routedBy(3))

	link.Hold(true)
	changed, err = a.admin.RollbackEverywhere(t.Context(), "m", 2, "good after all", time.Second)
	if err != nil || changed.Everywhere != nil || !changed.Routed || !strings.Contains(changed.Note, name(c)+" (generation 3)") || strings.Contains(changed.Note, name(b)) {
		t.Fatalf("with one cut off: %+v, %v", changed, err)
	}
	b.tells("the one cut off is lost", func(m api.Model) bool {
		lost := 0
		for _, r := range m.Replicas {
			if !r.Alive && strings.HasSuffix(r.Name, name(c)) {
				lost++
			}
		}
		return lost == 1 && len(m.Replicas) == 3
	})
	changed, err = a.admin.RollbackEverywhere(t.Context(), "m", 1, "bad again", time.Minute)
	if err != nil || changed.Everywhere == nil || !strings.Contains(changed.Note, "not heard of") || !strings.Contains(changed.Note, name(c)) {
		t.Fatalf("with one lost: %+v, %v", changed, err)
	}
	link.Hold(false)
	a.tells("the one that is back", routedBy(5))
	b.shutDown()
	a.tells("one that has left", func(m api.Model) bool { return len(m.Replicas) == 2 })
}
