package admin

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
)

func TestAWebhookIsHandedOnAsItCame(t *testing.T) {
	f := newFixture(t)
	const path = "/api/v1/hooks/mlflow/flights"
	a := f.call("POST", path, `{"a":1, "a":2} `, "X-MLflow-Signature", "v1,x")
	if a.status != 204 || len(f.gateway.hooks) != 1 || f.gateway.hooks[0] != `flights v1,x {"a":1, "a":2} ` {
		t.Errorf("%d, handed on %q", a.status, f.gateway.hooks)
	}
	f.gateway.hookErr = fmt.Errorf("the signature does not match: %w", ErrForbidden)
	if p := f.wantProblem(f.call("POST", path, "{}"), 403, api.TypeForbidden); p.Detail != "the signature does not match" {
		t.Errorf("detail %q", p.Detail)
	}
	f.gateway.hookErr = fmt.Errorf("flights takes no webhooks: %w", registry.ErrNotFound)
	f.wantProblem(f.call("POST", path, "{}"), 404, api.TypeNotFound)
	f.wantProblem(f.call("POST", path, strings.Repeat(" ", maxDocument+1)), 413, api.TypeBodyTooLarge)
	f.wantProblem(f.call("GET", path, ""), 405, api.TypeMethodNotAllowed)
}

func TestForgedDeliveriesDoNotFillTheAuditLog(t *testing.T) {
	kept := &records{}
	f := newFixture(t, func(d *Deps) { d.Audit, d.Access = kept, Access{MaxFailures: 3} })
	const path = "/api/v1/hooks/mlflow/flights"
	f.gateway.hookErr = fmt.Errorf("the signature does not match: %w", ErrForbidden)
	for i := range 50 {
		if i < 3 {
			f.wantProblem(f.call("POST", path, "{}"), 403, api.TypeForbidden)
		} else {
			f.wantProblem(f.call("POST", path, "{}"), 429, api.TypeTooManyRequests)
		}
	}
	if len(kept.list) != 4 {
		t.Errorf("%d records of 50 forged deliveries, want 3 and that there were too many", len(kept.list))
	}
	f.gateway.hookErr = nil
	if a := f.call("POST", path, "{}"); a.status != 204 || len(kept.list) != 5 {
		t.Errorf("a true delivery: %d, %d records", a.status, len(kept.list))
	}
}

func TestAModelTellsHowItsSourceIs(t *testing.T) {
	f := newFixture(t)
	f.gateway.sources = map[string]*api.Source{"flights": {Kind: "mlflow", Connected: true, Aliases: map[string]string{"champion": "3"}}}
	var m api.Model
	f.want(f.call("GET", "/api/v1/models/flights", ""), 200, &m)
	if m.Source == nil || !m.Source.Connected || m.Source.Aliases["champion"] != "3" {
		t.Errorf("source %+v", m.Source)
	}
}
