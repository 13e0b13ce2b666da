package admin

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
)

func TestTrafficIsReplacedOnlyByWhoReadIt(t *testing.T) {
	f := newFixture(t)
	f.register("1", "2")
	p := f.wantProblem(f.call("GET", traffic, ""), 404, api.TypeNoTraffic)
	if p.Generation == nil || *p.Generation != 0 {
		t.Errorf("a model without traffic is at generation %v, want 0", p.Generation)
	}
	one := `{"stable":"1","arms":[{"version":"1","weight":100}],"reason":"first"}`
	f.wantProblem(f.call("PUT", traffic, one), 428, api.TypePreconditionRequired)
	f.wantProblem(f.call("PUT", traffic, one, "If-Match", "*"), 400, api.TypeInvalid)

	var changed api.Changed
	a := f.call("PUT", traffic, one, "If-Match", `"0"`, ActorHeader, "alice")
	f.want(a, 200, &changed)
	if a.header.Get("ETag") != `"1"` || !changed.Routed || changed.Took < 0 {
		t.Errorf("ETag %s, answer %s", a.header.Get("ETag"), a.body)
	}
	if got := changed.Traffic; got.Actor != "alice" || got.Reason != "first" || got.Cause != registry.CauseManual {
		t.Errorf("recorded %+v", got)
	}

	p = f.wantProblem(f.call("PUT", traffic, one, "If-Match", `"0"`), 412, api.TypePreconditionFailed)
	if p.Generation == nil || *p.Generation != 1 {
		t.Errorf("412 tells generation %v, want 1", p.Generation)
	}
	a = f.call("GET", traffic, "")
	var now registry.Traffic
	f.want(a, 200, &now)
	if now.Generation != 1 || a.header.Get("ETag") != `"1"` {
		t.Errorf("now %s with ETag %s", a.body, a.header.Get("ETag"))
	}
}

func TestInvalidTrafficNamesTheField(t *testing.T) {
	f := newFixture(t)
	f.register("1", "2")
	for _, c := range []struct{ body, field string }{
		{`{"stable":"1","arms":[{"version":"1","weight":99}]}`, "arms"},
		{`{"stable":"1","arms":[{"version":"9","weight":100}]}`, "arms[0].version"},
		{`{"stable":"2","arms":[{"version":"1","weight":100}]}`, "stable"},
		{`{"stable":"1","arms":[{"version":"1","weight":100}],"shadows":[{"version":"2","sample":2}]}`, "shadows[0].sample"},
		{`{"stable":"1","arms":[{"version":"1","weight":"100"}]}`, "weight"},
		{`{"stable":"1","arms":[{"version":"1","weight":33.33333}]}`, "weight"},
		{`{"stable":"1","arms":[{"version":"1","weight":100}],"shadow":[]}`, "shadow"},
		{`{"stable":1,"arms":[]}`, "stable"},
		{`{"stable":"1","stable":"2"}`, "stable"},
		{`{"arms":[{"version":"1","version":"2"}]}`, "arms[0].version"},
		{`{"stable":"1"} {}`, "body"},
		{`[]`, "body"},
		{`{"stable":`, "body"},
		{`nonsense`, "body"},
	} {
		p := f.wantProblem(f.call("PUT", traffic, c.body, "If-Match", `"0"`), 400, api.TypeInvalid)
		if len(p.Fields) != 1 || p.Fields[0].Name != c.field {
			t.Errorf("%s: fields %+v, want %s (%s)", c.body, p.Fields, c.field, p.Detail)
		}
	}
}

func TestChangeThatThisReplicaDoesNotRouteIsAcceptedAndSaysWhy(t *testing.T) {
	f := newFixture(t, func(d *Deps) { d.RouteWait = time.Millisecond })
	f.register("1")
	f.gateway.awaitErr = errors.New("the model is not in this gateway's configuration")
	one := `{"stable":"1","arms":[{"version":"1","weight":100}]}`
	var changed api.Changed
	f.want(f.call("PUT", traffic, one, "If-Match", `"0"`), 202, &changed)
	if changed.Routed || changed.Note == "" || changed.Traffic.Generation != 1 {
		t.Errorf("answer %+v", changed)
	}
	f.gateway.awaitErr = context.DeadlineExceeded
	f.want(f.call("PUT", traffic, one, "If-Match", `"1"`), 202, &changed)
	if changed.Routed || changed.Traffic.Generation != 2 {
		t.Errorf("answer %+v", changed)
	}
}

func TestRollbackBringsTheLastSettledContentBack(t *testing.T) {
	f := newFixture(t)
	const rollback = "/api/v1/models/flights/rollback"
	f.register("1", "2")
	f.wantProblem(f.call("POST", rollback, ""), 409, api.TypeConflict)
	f.settle("1", 0)
	f.wantProblem(f.call("POST", rollback, ""), 409, api.TypeConflict)
	f.settle("2", 1)

	f.wantProblem(f.call("POST", rollback, `{}`, "If-Match", `"1"`), 412, api.TypePreconditionFailed)
	var changed api.Changed
	f.want(f.call("POST", rollback, `{"reason":"pager 4711"}`, ActorHeader, "bob"), 200, &changed)
	got := changed.Traffic
	if got.Generation != 3 || got.Stable != "1" || got.Restores != 1 || got.Actor != "bob" || got.Reason != "pager 4711" {
		t.Errorf("rolled back to %+v", got)
	}
	if len(got.Standby) != 1 || got.Standby[0] != "2" {
		t.Errorf("standby %v: what was rolled back from must stay connected", got.Standby)
	}
	f.want(f.call("POST", rollback, `{"to":2}`), 200, &changed)
	if changed.Traffic.Stable != "2" || changed.Traffic.Restores != 2 {
		t.Errorf("rolled back to %+v", changed.Traffic)
	}
	f.wantProblem(f.call("POST", rollback, `{"to":99}`), 404, api.TypeNotFound)
	p := f.wantProblem(f.call("POST", rollback, `{"to":-1}`), 400, api.TypeInvalid)
	if p.Fields[0].Name != "to" {
		t.Errorf("fields %+v", p.Fields)
	}
}

// steppingStore commits something of its own before the first tries of somebody else's commits.
type steppingStore struct {
	registry.Store
	mu    sync.Mutex
	steps []registry.Traffic
}

func (s *steppingStore) Commit(ctx context.Context, next registry.Traffic, expect uint64) (registry.Traffic, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.steps) > 0 {
		step := s.steps[0]
		s.steps = s.steps[1:]
		if _, err := s.Store.Commit(ctx, step, expect); err != nil {
			return registry.Traffic{}, err
		}
	}
	return s.Store.Commit(ctx, next, expect)
}

func whole(version, cause string, restores uint64) registry.Traffic {
	return registry.Traffic{
		Model: "flights", Stable: version, Cause: cause, Restores: restores,
		Arms: []registry.Arm{{Version: version, Weight: registry.Full}},
	}
}

func TestRollbackAgainstOthers(t *testing.T) {
	canary := whole("2", registry.CauseRollout, 0)
	canary.Arms = []registry.Arm{{Version: "2", Weight: registry.Full / 2}, {Version: "3", Weight: registry.Full / 2}}
	for _, c := range []struct {
		name       string
		step       registry.Traffic
		status     int
		generation uint64
		stable     string
	}{
		{"a rollout's step neither stops nor turns it", canary, 200, 4, "1"},
		{"somebody else's rollback to the same is it", whole("1", registry.CauseManual, 1), 200, 3, "1"},
		{"somebody else's decision is not overwritten", whole("3", registry.CauseManual, 0), 412, 3, "3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			stepping := &steppingStore{}
			f := newFixture(t, func(d *Deps) {
				stepping.Store = d.Store
				d.Store = stepping
			})
			f.register("1", "2", "3")
			f.settle("1", 0)
			f.settle("2", 1)
			stepping.steps = []registry.Traffic{c.step}
			f.want(f.call("POST", "/api/v1/models/flights/rollback", `{}`), c.status, nil)
			var now registry.Traffic
			f.want(f.call("GET", traffic, ""), 200, &now)
			if now.Generation != c.generation || now.Stable != c.stable {
				t.Errorf("generation %d serves %s, want %d and %s", now.Generation, now.Stable, c.generation, c.stable)
			}
		})
	}
}

func TestHistoryIsNewestFirst(t *testing.T) {
	f := newFixture(t)
	f.register("1", "2")
	var history api.History
	f.want(f.call("GET", "/api/v1/models/flights/history", ""), 200, &history)
	if history.Generations == nil || len(history.Generations) != 0 {
		t.Errorf("history of a model without traffic: %+v", history)
	}
	f.settle("1", 0)
	f.settle("2", 1)
	f.settle("1", 2)
	f.want(f.call("GET", "/api/v1/models/flights/history?limit=2", ""), 200, &history)
	if g := history.Generations; len(g) != 2 || g[0].Generation != 3 || g[1].Generation != 2 {
		t.Errorf("history %+v", g)
	}
	for _, limit := range []string{"0", "-1", "x", "10001"} {
		f.wantProblem(f.call("GET", "/api/v1/models/flights/history?limit="+limit, ""), http.StatusBadRequest, api.TypeInvalid)
	}
	f.wantProblem(f.call("GET", "/api/v1/models/trains/history", ""), 404, api.TypeNotFound)
}
