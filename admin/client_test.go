package admin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/admin/client"
	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout"
)

// The client is tested here, against the real server: that the two agree is the point.

func (f *fixture) client() *client.Client {
	f.Helper()
	c, err := client.New(f.url, client.Options{Actor: "alice", HTTP: f.http})
	if err != nil {
		f.Fatal(err)
	}
	return c
}

// must gives the value of a call that may not fail.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func arm(version string, perCent registry.Weight) registry.Arm {
	return registry.Arm{Version: version, Weight: perCent * registry.Full / 100}
}

func TestClientMovesTraffic(t *testing.T) {
	f := newFixture(t)
	c, ctx, changed := f.client(), t.Context(), must[api.Changed](t)
	f.register("1", "2", "3", "4")
	if _, err := c.Shadow(ctx, "flights", []registry.Shadow{{Version: "2", Sample: 1}}, ""); err == nil {
		t.Error("a model without traffic has nothing to copy")
	}
	if got := must[registry.Traffic](t)(c.Traffic(ctx, "flights")); got.Generation != 0 {
		t.Errorf("before any traffic: %+v", got)
	}
	if got := changed(c.Switch(ctx, "flights", "1", "begin")).Traffic; got.Stable != "1" || got.Actor != "alice" || got.Reason != "begin" {
		t.Errorf("switched to %+v", got)
	}
	shadows := []registry.Shadow{{Version: "2", Sample: 0.5}, {Version: "3", Sample: 1}}
	if got := changed(c.Shadow(ctx, "flights", shadows, "")).Traffic; len(got.Shadows) != 2 || got.Stable != "1" {
		t.Errorf("shadowed %+v", got)
	}
	got := changed(c.Split(ctx, "flights", []registry.Arm{arm("1", 40), arm("2", 60)}, "", "")).Traffic
	if got.Stable != "1" || len(got.Shadows) != 1 || got.Shadows[0].Version != "3" {
		t.Errorf("split to %+v: stable must stay, and a shadow that becomes an arm must go", got)
	}
	if got := changed(c.Split(ctx, "flights", []registry.Arm{arm("3", 40), arm("2", 60)}, "", "")).Traffic; got.Stable != "2" {
		t.Errorf("split to %+v: without the old stable the largest arm is stable", got)
	}
	if got := changed(c.Split(ctx, "flights", []registry.Arm{arm("3", 40), arm("2", 60)}, "3", "")).Traffic; got.Stable != "3" {
		t.Errorf("split to %+v: stable was named", got)
	}
	if got := changed(c.Shadow(ctx, "flights", nil, "")).Traffic; len(got.Shadows) != 0 {
		t.Errorf("unshadowed %+v", got)
	}
	if got := changed(c.Rollback(ctx, "flights", 0, "bad")).Traffic; got.Stable != "1" || len(got.Arms) != 1 {
		t.Errorf("rolled back to %+v", got)
	}
	history := must[api.History](t)(c.History(ctx, "flights", 3))
	if len(history.Generations) != 3 || history.Generations[0].Restores == 0 {
		t.Errorf("history %+v", history)
	}
}

func TestClientNeverOverwritesAnothersChangeUnseen(t *testing.T) {
	other := whole("1", registry.CauseManual, 0)
	other.Actor, other.Reason = "bob", "again"
	for _, c := range []struct {
		name   string
		steps  []registry.Traffic
		fails  bool
		serves string
	}{
		{"the same content again is no reason to stop", []registry.Traffic{other, other}, false, "2"},
		{"another content is", []registry.Traffic{whole("3", registry.CauseManual, 0)}, true, "3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			stepping := &steppingStore{}
			f := newFixture(t, func(d *Deps) {
				stepping.Store = d.Store
				d.Store = stepping
			})
			f.register("1", "2", "3")
			f.settle("1", 0)
			stepping.steps = c.steps
			_, err := f.client().Switch(t.Context(), "flights", "2", "")
			if c.fails != errors.Is(err, client.ErrChanged) || !c.fails && err != nil {
				t.Errorf("error %v", err)
			}
			if now := must[registry.Traffic](t)(f.client().Traffic(t.Context(), "flights")); now.Stable != c.serves {
				t.Errorf("%s serves, want %s", now.Stable, c.serves)
			}
		})
	}
}

func TestClientReadsEverything(t *testing.T) {
	f := newFixture(t)
	c, ctx := f.client(), t.Context()
	f.gateway.summaries = map[string]monitor.Summary{"1": {Version: "1"}}
	registered := must[api.Registered](t)
	profile := must[[]byte](t)(sampleProfile().Encode())
	digest := must[string](t)(c.PutProfile(ctx, profile))
	registered(c.Register(ctx, "flights", "1", api.Registration{Endpoints: []string{"http://x"}, Profile: digest}))
	if again := registered(c.Register(ctx, "flights", "1", api.Registration{Endpoints: []string{"http://x"}, Profile: digest})); again.Created {
		t.Error("registered twice")
	}
	registered(c.Register(ctx, "flights", "2", api.Registration{Endpoints: []string{"http://y"}}))
	f.settle("1", 0)

	asBytes := must[json.RawMessage](t)
	if got := asBytes(c.Profile(ctx, digest)); string(got) != string(profile) {
		t.Errorf("profile %s", got)
	}
	if got := asBytes(c.Monitor(ctx, "flights", "", "")); !strings.Contains(string(got), `"version":"1"`) {
		t.Errorf("monitor %s", got)
	}
	if got := asBytes(c.LiveProfile(ctx, "flights", "1")); must[*monitor.Profile](t)(monitor.DecodeProfile(got)) == nil {
		t.Errorf("live profile %s", got)
	}
	if got := asBytes(c.Config(ctx)); !strings.Contains(string(got), "listen") {
		t.Errorf("config %s", got)
	}
	if got := must[api.Diff](t)(c.Diff(ctx, "flights", "1", "2")); len(got.Changes) != 2 {
		t.Errorf("diff %+v", got)
	}
	if got := must[api.Models](t)(c.Models(ctx)); len(got.Models) != 1 {
		t.Errorf("models %+v", got)
	}
	if got := must[api.Model](t)(c.Model(ctx, "flights")); len(got.Versions) != 2 || got.Versions[0].Weight.String() != "100" {
		t.Errorf("model %+v", got)
	}
	must[api.Reloaded](t)(c.Reload(ctx))
	f.gateway.checks = []api.Check{{Name: "serving", Required: true, Detail: "draining"}}
	if got := must[api.Readiness](t)(c.Ready(ctx)); got.Ready || len(got.Checks) != 1 {
		t.Errorf("ready %+v", got)
	}
}

func TestClientWalksRollouts(t *testing.T) {
	f := newFixture(t)
	c, ctx, walk := f.client(), t.Context(), must[rollout.Rollout](t)
	f.register("1", "2")
	f.settle("1", 0)
	if got := walk(c.StartRollout(ctx, "flights", api.RolloutRequest{Version: "2"})); got.Candidate != "2" || got.By != "alice" {
		t.Errorf("started %+v", got)
	}
	for _, say := range []func(context.Context, string, string) (rollout.Rollout, error){
		c.PauseRollout, c.ResumeRollout, c.ApproveRollout, c.AbortRollout,
	} {
		walk(say(ctx, "flights", ""))
	}
	if got := walk(c.Rollout(ctx, "flights")); got.ID != "1" || len(f.gateway.said) != 4 {
		t.Errorf("rollout %+v, said %v", got, f.gateway.said)
	}
}

func TestClientFollowsEvents(t *testing.T) {
	f := newFixture(t)
	enough := errors.New("enough")
	f.hub.Publish(api.Event{Type: api.EventAlarm})
	var got []string
	err := f.client().Events(t.Context(), "", "before-1", func(e api.Event) error {
		got = append(got, e.Type)
		if len(got) == 1 {
			f.hub.Publish(api.Event{Type: api.EventHealth})
		}
		if len(got) == 3 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || strings.Join(got, " ") != "gap alarm health" {
		t.Errorf("got %v, %v", got, err)
	}
	err = f.client().Events(t.Context(), "", "before-1", func(api.Event) error {
		f.hub.Close()
		return nil
	})
	if !errors.Is(err, io.EOF) {
		t.Errorf("at the stream's end: %v", err)
	}
}

func TestClientTellsWhatWentWrong(t *testing.T) {
	f := newFixture(t)
	_, err := f.client().Model(t.Context(), "trains")
	var p *api.Problem
	if !errors.As(err, &p) || !p.HasType(api.TypeNotFound) {
		t.Errorf("unknown model: %v", err)
	}
	if _, err := f.client().Model(t.Context(), "a/b?c"); !errors.As(err, &p) || !strings.Contains(p.Detail, `"a/b?c"`) {
		t.Errorf("a name with a slash: %v", err)
	}

	nobody := must[*client.Client](t)(client.New("127.0.0.1:1", client.Options{}))
	var unreachable *client.UnreachableError
	if _, err := nobody.Models(t.Context()); !errors.As(err, &unreachable) || unreachable.Address != "http://127.0.0.1:1" {
		t.Errorf("nobody there: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.client().Models(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
	for _, address := range []string{"", "ftp://x", "http://", "http://a b"} {
		if _, err := client.New(address, client.Options{}); err == nil {
			t.Errorf("address %q is accepted", address)
		}
	}
}

func TestClientSaysWhenItTalksToSomethingElse(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "I am a teapot", http.StatusTeapot)
	}))
	defer server.Close()
	c := must[*client.Client](t)(client.New(server.URL, client.Options{HTTP: server.Client()}))
	_, err := c.Models(t.Context())
	if err == nil || !strings.Contains(err.Error(), "teapot") || !strings.Contains(err.Error(), "is this a gateway") {
		t.Errorf("error %v", err)
	}
}
