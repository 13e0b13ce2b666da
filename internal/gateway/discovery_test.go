package gateway_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry/consul/consultest"
)

func TestRequestsGoToTheInstancesThatConsulHasNow(t *testing.T) {
	server := consultest.Start(t, consultest.Options{})
	one, two := newModelServer(t), newModelServer(t)
	server.Service(t, one.URL, "models", "v1", "passing")

	dir := t.TempDir()
	path := filepath.Join(dir, "weir.yaml")
	text := `listen: {http: "127.0.0.1:0", admin: "127.0.0.1:0"}
registry: {kind: file, dir: ./registry}
state_dir: ./state
drain_timeout: 5s
discovery: {consul: {address: "` + server.Address + `"}}
models: {m: {protocol: oip, upstream: {resolve_interval: 1s}}}
`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	r := startIn(t, dir, path)
	registration := api.Registration{Endpoints: []string{"http://v1.models.service.consul"}}
	if _, err := r.admin.Register(t.Context(), "m", "1", registration); err != nil {
		t.Fatal(err)
	}
	r.switchTo("1")
	// answered says who answers the next request.
	answered := func() *modelServer {
		before := two.calls.Load()
		if status, _, _ := r.infer(); status != 200 {
			return nil
		}
		if two.calls.Load() > before {
			return two
		}
		return one
	}
	eventually(t, "the first instance", func() bool { return answered() == one })

	server.Service(t, two.URL, "models", "v1", "passing")
	server.Service(t, one.URL, "models", "v1", "critical")
	eventually(t, "the second alone", func() bool {
		for range 20 {
			if answered() != two {
				return false
			}
		}
		return true
	})

	// Nobody passes: an empty answer takes nothing away.
	server.Service(t, two.URL, "models", "v1", "critical")
	eventually(t, "a look that finds nobody", func() bool {
		return strings.Contains(r.logged.String(), "has no instance for v1.models.service.consul")
	})
	if answered() != two {
		t.Error("an empty answer has taken the last endpoint away")
	}
	server.Kill()
	eventually(t, "a look at nobody", func() bool { return strings.Contains(r.logged.String(), "connection refused") })
	if answered() != two {
		t.Error("with Consul down the last endpoint is gone")
	}
}
