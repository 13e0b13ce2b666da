package gateway_test

import (
	"testing"
	"time"

	"github.com/weir-gateway/weir/admin/api"
)

func TestAHedgeIsConfiguredAndCounted(t *testing.T) {
	hung, well := newModelServer(t), newModelServer(t)
	hung.hang.Store(true)
	r := start(t, "idempotent: true", "timeout: 30s", "upstream: {hedge: {after: 5ms, budget: 100}}")
	endpoints := []string{hung.URL, well.URL}
	if _, err := r.admin.Register(t.Context(), "m", "1", api.Registration{Endpoints: endpoints}); err != nil {
		t.Fatal(err)
	}
	r.switchTo("1")
	for n := 0; hung.calls.Load() == 0; n++ {
		began := time.Now()
		if status, _, body := r.infer(); status != 200 {
			t.Fatalf("got %d %s", status, body)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("it took %v", took)
		}
		if n == 100 {
			t.Fatal("the server that hangs was never asked")
		}
	}
	if n := metric(r.metrics(t), `weir_upstream_hedges_total{model="m",outcome="won",version="1"}`); n < 1 {
		t.Errorf("%v hedges won", n)
	}
}
