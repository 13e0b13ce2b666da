package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/registry/file"
	"github.com/weir-gateway/weir/rollout"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gatewayDouble stands in for the running gateway: the tests say how it is.
type gatewayDouble struct {
	leader     registry.Replica // that runs rollouts instead; none: this one
	replicas   []api.ReplicaStatus
	looks      int // at the replicas
	caughtUp   int // the look at which all have caught up; 0: never
	replicaErr error
	configured []string
	endpoints  map[string][]api.Endpoint // by version
	checks     []api.Check
	reload     error
	awaitErr   error
	hereErr    error
	summaries  map[string]monitor.Summary // by version
	sources    map[string]*api.Source     // by model
	hooks      []string                   // deliveries
	hookErr    error

	mu    sync.Mutex
	walks map[string]rollout.Rollout
	said  []string // what was asked of the rollouts
	plans []rollout.Plan
}

func (g *gatewayDouble) Source(model string) *api.Source { return g.sources[model] }

func (g *gatewayDouble) MLflowHook(model string, header http.Header, body []byte) error {
	g.hooks = append(g.hooks, model+" "+header.Get("X-MLflow-Signature")+" "+string(body))
	return g.hookErr
}

func (g *gatewayDouble) ConfiguredModels() []string { return g.configured }
func (g *gatewayDouble) Replicas(context.Context, string) ([]api.ReplicaStatus, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.looks++
	all := slices.Clone(g.replicas)
	for i := range all {
		if g.looks == g.caughtUp {
			all[i].Routed = 1 << 40
		}
	}
	return all, g.replicaErr
}

func (g *gatewayDouble) RollBackHere(model string, to uint64, actor, reason string) (registry.Traffic, error) {
	return registry.Traffic{Model: model, Generation: 7, Restores: to, Actor: actor, Reason: reason}, g.hereErr
}
func (g *gatewayDouble) Interim(string) *registry.Traffic { return nil }
func (g *gatewayDouble) RoutedGeneration(string) uint64   { return 7 }
func (g *gatewayDouble) AwaitGeneration(ctx context.Context, _ string, _ uint64) error {
	if errors.Is(g.awaitErr, context.DeadlineExceeded) {
		<-ctx.Done()
		return ctx.Err()
	}
	return g.awaitErr
}
func (g *gatewayDouble) Endpoints(_, version string) []api.Endpoint { return g.endpoints[version] }
func (g *gatewayDouble) Ready() []api.Check                         { return g.checks }
func (g *gatewayDouble) Reload(context.Context) error               { return g.reload }
func (g *gatewayDouble) EffectiveConfig() (json.RawMessage, error) {
	return json.RawMessage(`{"listen":{"http":"127.0.0.1:8080"}}`), nil
}

func (g *gatewayDouble) RolloutPlan(string) (rollout.Plan, error) {
	return rollout.Plan{Strategy: rollout.Canary, Automation: rollout.Supervised, FalseAlarm: 0.01, Deadline: time.Hour, Shadow: rollout.ShadowStage{MinPairs: 500, MaxDisagreement: 0.2}}, nil
}

func (g *gatewayDouble) Summary(_, version, slice string) (monitor.Summary, error) {
	s, ok := g.summaries[version]
	if !ok || slice != "" {
		return monitor.Summary{}, monitor.ErrUnknown
	}
	return s, nil
}

func (g *gatewayDouble) Report(model, version, slice string) (*monitor.LiveReport, error) {
	s, err := g.Summary(model, version, slice)
	return &monitor.LiveReport{Model: model, Version: version, Observations: s.Observations}, err
}

func (g *gatewayDouble) Label(_ string, labels []monitor.Label) (monitor.Feedback, error) {
	return monitor.Feedback{Labels: len(labels), Outcomes: map[string]int{"joined": len(labels)}, Bad: []monitor.BadLabel{}}, nil
}

func (g *gatewayDouble) Profile(_, version string) (*monitor.Profile, error) {
	if _, ok := g.summaries[version]; !ok {
		return nil, monitor.ErrUnknown
	}
	return sampleProfile(), nil
}

// sampleProfile is a small profile; building one from constant text cannot fail.
func sampleProfile() *monitor.Profile {
	p, err := monitor.BuildProfile(strings.NewReader("delay,late\n1,no\n2,yes\n3,no\n"), monitor.ProfileOptions{Outputs: []string{"late"}})
	if err != nil {
		panic(err)
	}
	return p
}

func (g *gatewayDouble) Start(_ context.Context, s rollout.Start) (rollout.Rollout, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.leader.Name != "" {
		return rollout.Rollout{}, fmt.Errorf("another leads: %w", registry.ErrNotLeader)
	}
	g.plans = append(g.plans, s.Plan)
	walk := rollout.Rollout{ID: "1", Model: s.Model, Candidate: s.Candidate, Plan: s.Plan, By: s.By, Reason: s.Reason, Status: rollout.Running, Ledger: &rollout.Ledger{}}
	g.walks[s.Model] = walk
	return walk, nil
}

func (g *gatewayDouble) Leader() (registry.Replica, bool) { return g.leader, g.leader.Name != "" }

func (g *gatewayDouble) Status(_ context.Context, model string) (rollout.Rollout, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	walk, ok := g.walks[model]
	if !ok {
		return walk, registry.ErrNotFound
	}
	return walk, nil
}

func (g *gatewayDouble) say(word, model, by, reason string) (rollout.Rollout, error) {
	if g.leader.Name != "" {
		return rollout.Rollout{}, fmt.Errorf("another leads: %w", registry.ErrNotLeader)
	}
	walk, err := g.Status(context.Background(), model)
	if err != nil {
		return walk, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.said = append(g.said, fmt.Sprintf("%s %s by %s: %s", word, model, by, reason))
	return walk, nil
}

func (g *gatewayDouble) Pause(_ context.Context, model, by, reason string) (rollout.Rollout, error) {
	return g.say("pause", model, by, reason)
}

func (g *gatewayDouble) Resume(_ context.Context, model, by, reason string) (rollout.Rollout, error) {
	return g.say("resume", model, by, reason)
}

func (g *gatewayDouble) Approve(_ context.Context, model, by, reason string) (rollout.Rollout, error) {
	return g.say("approve", model, by, reason)
}

func (g *gatewayDouble) Abort(_ context.Context, model, by, reason string) (rollout.Rollout, error) {
	return g.say("abort", model, by, reason)
}

// fixture is an API over a real file store, with a double for the rest of the gateway.
type fixture struct {
	*testing.T
	gateway *gatewayDouble
	store   registry.Store
	hub     *Hub
	deps    Deps
	url     string
	http    *http.Client
}

func newFixture(t *testing.T, change ...func(*Deps)) *fixture {
	t.Helper()
	store, err := file.Open(t.TempDir(), file.Options{})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{
		T: t, store: store, hub: NewHub(HubOptions{}),
		gateway: &gatewayDouble{configured: []string{"flights"}, walks: map[string]rollout.Rollout{}},
	}
	f.deps = Deps{
		Store: store, Router: f.gateway, Health: f.gateway, Monitors: f.gateway, Config: f.gateway, Sources: f.gateway, Events: f.hub,
		Rollouts: f.gateway, RolloutControl: f.gateway,
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "weir_up 1\n") }),
	}
	for _, c := range change {
		c(&f.deps)
	}
	server := httptest.NewUnstartedServer(New(f.deps))
	server.Config.RegisterOnShutdown(f.deps.Events.Close)
	server.Start()
	f.url, f.http = server.URL, server.Client()
	t.Cleanup(func() {
		f.deps.Events.Close()
		server.Close()
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// call makes a request; headers are given as name, value pairs.
func (f *fixture) call(method, path, body string, headers ...string) answer {
	f.Helper()
	r, err := http.NewRequestWithContext(f.Context(), method, f.url+path, strings.NewReader(body))
	if err != nil {
		f.Fatal(err)
	}
	for pair := range slices.Chunk(headers, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	response, err := f.http.Do(r)
	if err != nil {
		f.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		f.Fatal(err)
	}
	return answer{response.StatusCode, response.Header, data}
}

// want checks the status and reads the document into v, where given.
func (f *fixture) want(a answer, status int, v any) {
	f.Helper()
	if a.status != status {
		f.Fatalf("status %d, want %d: %s", a.status, status, a.body)
	}
	if v == nil {
		return
	}
	if err := json.Unmarshal(a.body, v); err != nil {
		f.Fatalf("%v in %s", err, a.body)
	}
}

// wantProblem checks status and type and gives the problem.
func (f *fixture) wantProblem(a answer, status int, slug string) api.Problem {
	f.Helper()
	var p api.Problem
	f.want(a, status, &p)
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		f.Errorf("content type %q", got)
	}
	if !p.HasType(slug) || p.Status != status || p.Title == "" || p.Detail == "" {
		f.Fatalf("got the problem %s, want type %s", a.body, slug)
	}
	return p
}

// register adds versions of flights.
func (f *fixture) register(versions ...string) {
	f.Helper()
	for _, v := range versions {
		f.want(f.call("PUT", "/api/v1/models/flights/versions/"+v, `{"endpoints":["http://127.0.0.1:9000/`+v+`"]}`), 201, nil)
	}
}

const traffic = "/api/v1/models/flights/traffic"

// settle gives a version of flights all traffic.
func (f *fixture) settle(version string, generation int) {
	f.Helper()
	f.want(f.call("PUT", traffic, fmt.Sprintf(`{"stable":%q,"arms":[{"version":%q,"weight":100}]}`, version, version),
		"If-Match", fmt.Sprintf("%q", fmt.Sprint(generation))), 200, nil)
}
