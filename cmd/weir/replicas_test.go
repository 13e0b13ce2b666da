package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout"
)

// answering is a gateway that answers every call alike.
func answering(t *testing.T, status int, v any) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if err := json.NewEncoder(w).Encode(v); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func replicaStatus(name string, alive, configured, behind bool) api.ReplicaStatus {
	return api.ReplicaStatus{Replica: registry.Replica{Name: name}, Alive: alive, Configured: configured, Routed: 3, Behind: behind}
}

var served = registry.Traffic{Model: "flights", Generation: 4, Stable: "1", Arms: []registry.Arm{{Version: "1", Weight: registry.Full}}}

func TestStatusNamesTheGatewaysThatAreBehind(t *testing.T) {
	url := answering(t, http.StatusOK, api.Model{
		Name: "flights", Configured: true, Routed: 4, Traffic: &served,
		Replicas: []api.ReplicaStatus{
			replicaStatus("a", true, true, false), replicaStatus("b", true, true, true), replicaStatus("c", true, false, false), replicaStatus("d", false, true, false),
		},
	})
	code, out, _ := follow(t, false, url, "status", "flights")
	for _, line := range []string{
		"routed by 1 of 4 gateways: a\n", "b is behind: it routes by generation 3\n", "c has no route for this model\n",
		"d is not heard of; it last told of generation 3\n",
	} {
		if code != 0 || !strings.Contains(out, line) {
			t.Errorf("exit %d, without %q:\n%s", code, line, out)
		}
	}
	if code, out, _ := follow(t, false, answering(t, http.StatusOK, api.Model{Name: "flights", Traffic: &served}), "status", "flights"); code != 0 || strings.Contains(out, "gateways") {
		t.Errorf("where there is one gateway: exit %d\n%s", code, out)
	}
}

func TestRollbackThatWaitsFailsWhereAGatewayIsBehind(t *testing.T) {
	took := .25
	for _, c := range []struct {
		what, want string
		answer     api.Changed
		args       []string
		code       int
	}{
		{
			"all route by it", "routed by all 2 gateways after 250ms", api.Changed{
				Traffic: served, Routed: true, Everywhere: &took,
				Replicas: []api.ReplicaStatus{replicaStatus("a", true, true, false), replicaStatus("b", true, true, false), replicaStatus("d", false, true, false)},
			}, []string{"--wait"}, 0,
		},
		{
			"one is behind", "not routed after 10s by b (generation 3)", api.Changed{
				Traffic: served, Routed: true, Note: "not routed after 10s by b (generation 3)",
			}, []string{"--wait=10s"}, 1,
		},
		{"nobody waits", "routed after", api.Changed{Traffic: served, Routed: true}, nil, 0},
		{"there is one gateway", "routed after", api.Changed{Traffic: served, Routed: true, Everywhere: &took}, []string{"--wait"}, 0},
	} {
		code, out, stderr := follow(t, false, answering(t, http.StatusOK, c.answer), append([]string{"rollback", "flights"}, c.args...)...)
		if code != c.code || !strings.Contains(out, c.want) {
			t.Errorf("%s: exit %d, want %d and %q:\n%s%s", c.what, code, c.code, c.want, out, stderr)
		}
	}
}

func TestRolloutStatusSaysOverHowManyGatewaysItJudged(t *testing.T) {
	for want, r := range map[string]*rollout.Replicas{
		"judged over 1 gateway":                             {Judged: 1},
		"judged over 3 gateways, 1 of them gone":            {Judged: 3, Gone: 1},
		"judged over 1 gateway; 2 left out: of sticky keys": {Judged: 1, LeftOut: 2, Why: "of sticky keys"},
		"": nil,
	} {
		w := walk(rollout.Running, 0)
		w.Replicas = r
		_, out, _ := follow(t, false, scripted(t, w), "rollout", "status", "flights")
		if want == "" && strings.Contains(out, "judged over") || !strings.Contains(out, want) {
			t.Errorf("without %q:\n%s", want, out)
		}
	}
}
