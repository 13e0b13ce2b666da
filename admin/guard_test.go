package admin

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/admin/access"
	"github.com/weir-gateway/weir/admin/api"
)

// TestEveryRouteHasARoleThatSomebodyChose fails for a route that is missing here, so that nobody adds one without
// saying who may call it; docs/admin-api.md says the same in words.
func TestEveryRouteHasARoleThatSomebodyChose(t *testing.T) {
	const model = "/api/v1/models/{model}"
	roles := map[string]access.Role{
		"GET /-/healthy": access.Nobody, "GET /-/ready": access.Nobody,
		"POST /api/v1/hooks/mlflow/{model}": access.Nobody, // signed

		"GET /api/v1/openapi.json": access.Viewer, "GET /api/v1/config": access.Viewer, "GET /api/v1/events": access.Viewer,
		"GET /api/v1/models": access.Viewer, "GET " + model: access.Viewer, "GET " + model + "/versions/{version}/profile": access.Viewer,
		"GET " + model + "/diff": access.Viewer, "GET " + model + "/traffic": access.Viewer, "GET " + model + "/history": access.Viewer,
		"GET " + model + "/rollout": access.Viewer, "GET " + model + "/report": access.Viewer, "GET " + model + "/monitor": access.Viewer,
		"GET /api/v1/profiles/{digest}": access.Viewer, "GET /metrics": access.Viewer,

		"PUT " + model + "/versions/{version}": access.Operator, "PUT " + model + "/traffic": access.Operator,
		"POST " + model + "/rollback": access.Operator, "POST " + model + "/feedback": access.Operator, "POST " + model + "/rollout": access.Operator,
		"POST " + model + "/rollout/pause": access.Operator, "POST " + model + "/rollout/resume": access.Operator,
		"POST " + model + "/rollout/abort": access.Operator, "POST /api/v1/profiles": access.Operator,

		"POST " + model + "/rollout/approve": access.Approver,

		"GET /api/v1/audit": access.Admin, "POST /-/reload": access.Admin,
	}
	for _, r := range (&server{}).routes() {
		call := r.method + " " + r.path
		want, chosen := roles[call]
		if !chosen {
			t.Errorf("%s has no role here; choose one, and say it in docs/admin-api.md", call)
		}
		if got := roleFor(r.method, r.path, Access{}); chosen && got != want {
			t.Errorf("%s takes the role %q, want %q", call, got, want)
		}
		delete(roles, call)
	}
	for call := range roles {
		t.Errorf("%s is no route", call)
	}
	if got := roleFor(http.MethodGet, "/metrics", Access{OpenMetrics: true}); got != access.Nobody {
		t.Errorf("open metrics take the role %q", got)
	}
}

// TestWithoutProofNobodyIsLetIn holds even where a listener that was to ask for certificates did not.
func TestWithoutProofNobodyIsLetIn(t *testing.T) {
	f := newFixture(t, func(d *Deps) { d.Access = Access{Certificates: true} })
	p := f.wantProblem(f.call("GET", "/api/v1/models", ""), http.StatusUnauthorized, "unauthorized")
	if p.Title == "" {
		t.Error("no title")
	}
	f.want(f.call("GET", "/-/healthy", ""), http.StatusOK, nil)
}

func TestIPv6IsCountedByNetwork(t *testing.T) {
	for remote, want := range map[string]string{
		"10.0.0.1:99":             "10.0.0.1",
		"[::ffff:10.0.0.1]:99":    "::ffff:10.0.0.1",
		"[2001:db8:1:2:3::4]:99":  "2001:db8:1:2::/64",
		"[2001:db8:1:2:9::9]:100": "2001:db8:1:2::/64",
		"[fe80::1%eth0]:9":        "fe80::/64",
		"@":                       "@",
	} {
		if got := origin(&http.Request{RemoteAddr: remote}); got != want {
			t.Errorf("%s is counted as %s, want %s", remote, got, want)
		}
	}
}

// records is an audit log in memory.
type records struct{ list []api.AuditRecord }

// Append implements AuditLog.
func (r *records) Append(record api.AuditRecord) error {
	r.list = append(r.list, record)
	return nil
}

// Last implements AuditLog.
func (r *records) Last(int) ([]api.AuditRecord, error) { return r.list, nil }

func TestARecordTellsWhatTheCallCommittedAndNotWhatIsRouted(t *testing.T) {
	kept := &records{}
	f := newFixture(t, func(d *Deps) { d.Audit = kept })
	f.register("1")
	f.settle("1", 0)
	f.gateway.awaitErr = errors.New("not configured")
	long := strings.Repeat("w", 5000)
	f.want(f.call("PUT", traffic, `{"stable":"1","arms":[{"version":"1","weight":100}],"reason":"again"}`, "If-Match", `"1"`, ActorHeader, "alice"), 202, nil)
	f.wantProblem(f.call("POST", "/api/v1/models/flights/rollback", `{"reason":"`+long+`"}`), 409, "conflict")
	f.gateway.reload = errors.New("line 7")
	f.call("POST", "/-/reload", "")
	f.call("GET", "/api/v1/models", "")
	if len(kept.list) != 5 {
		t.Fatalf("%d records: %+v", len(kept.list), kept.list)
	}
	// The double says that generation 7 is routed, whatever is committed.
	got := kept.list[2]
	if got.Actor != "alice" || got.Role != "" || got.Outcome != api.OutcomeDone || got.Status != 202 || *got.Before != 7 || *got.After != 2 || got.Reason != "again" {
		t.Errorf("a change that is not routed yet: %+v", got)
	}
	if got := kept.list[3]; got.Outcome != api.OutcomeRefused || len(got.Reason) != maxKept || got.Detail == "" || *got.After != 7 {
		t.Errorf("a refusal: %+v", got)
	}
	got = kept.list[4]
	if got.Actor != "anonymous" || got.Outcome != api.OutcomeFailed || got.Status != 500 || !strings.Contains(got.Detail, "line 7") || got.Before != nil || got.After != nil {
		t.Errorf("a reload that failed: %+v", got)
	}
	for _, limit := range []string{"0", "10001", "x"} {
		f.wantProblem(f.call("GET", "/api/v1/audit?limit="+limit, ""), 400, "invalid")
	}
}

// panicking is a gateway whose reload has a bug.
type panicking struct{ Configuration }

// Reload implements Configuration.
func (panicking) Reload(context.Context) error { panic("a bug") }

func TestACallThatPanicsIsInTheAuditLog(t *testing.T) {
	kept := &records{}
	f := newFixture(t, func(d *Deps) { d.Audit, d.Config = kept, panicking{d.Config} })
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.url+"/-/reload", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if response, err := f.http.Do(r); err == nil {
		response.Body.Close()
		t.Errorf("it was answered with %d", response.StatusCode)
	}
	if len(kept.list) != 1 || kept.list[0].Outcome != api.OutcomeFailed || kept.list[0].Call != "POST /-/reload" {
		t.Errorf("records: %+v", kept.list)
	}
}

func TestTakenLabelsDoNotPushChangesOutOfTheAuditLog(t *testing.T) {
	kept := &records{}
	f := newFixture(t, func(d *Deps) { d.Audit = kept })
	f.register("1")
	before := len(kept.list)
	f.want(f.call("POST", "/api/v1/models/flights/feedback", `[{"request_id":"a","label":1}]`), 200, nil)
	if len(kept.list) != before {
		t.Errorf("a record of labels that were taken: %+v", kept.list[before])
	}
	f.wantProblem(f.call("POST", "/api/v1/models/flights/feedback", `{}`), 400, "invalid")
	if len(kept.list) != before+1 || kept.list[before].Outcome != api.OutcomeRefused {
		t.Errorf("records of a refusal: %+v", kept.list[before:])
	}
}

func TestLabelsHaveAnAllowanceOfTheirOwn(t *testing.T) {
	f := newFixture(t, func(d *Deps) { d.Access = Access{MaxChanges: 2} })
	f.register("1") // the one change
	for range 2 {
		f.call("POST", "/api/v1/models/flights/feedback", `[]`)
	}
	f.wantProblem(f.call("POST", "/api/v1/models/flights/feedback", `[]`), 429, api.TypeTooManyRequests)
	if a := f.call("POST", "/-/reload", ""); a.status == 429 {
		t.Error("labels have used up what changes may take")
	}
}
