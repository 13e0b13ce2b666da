package gateway

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/weir-gateway/weir/admin"
	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/config"
	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout"
	"github.com/weir-gateway/weir/rollout/judge"
)

// adminDeps are the parts of the gateway that the admin API speaks for.
func (g *Gateway) adminDeps() admin.Deps {
	deps := admin.Deps{
		Store:          g.store,
		Router:         g,
		Health:         g,
		Monitors:       g,
		Rollouts:       g.rollouts,
		RolloutControl: g.rollouts,
		Config:         g,
		Sources:        g.sources,
		Events:         g.events,
		Metrics:        g.metrics.handler(),
		Logger:         g.log,
		Now:            g.now,
	}
	g.guarded.guard(g.applied.Load().cfg.Admin, &deps)
	return deps
}

// ConfiguredModels implements admin.Router.
func (g *Gateway) ConfiguredModels() []string { return g.applied.Load().cfg.ModelNames() }

// RoutedGeneration implements admin.Router.
func (g *Gateway) RoutedGeneration(model string) uint64 {
	if t := g.applied.Load().traffic[model]; t != nil {
		return t.Generation
	}
	return 0
}

// Endpoints implements admin.Health.
func (g *Gateway) Endpoints(model, version string) []api.Endpoint {
	var endpoints []api.Endpoint
	for _, p := range g.applied.Load().pools {
		if p.model != model || p.version != version {
			continue
		}
		for _, e := range p.Endpoints() {
			endpoints = append(endpoints, endpoint(e))
		}
	}
	return endpoints
}

// Ready implements admin.Health. A stale registry or a refused configuration is
// told and does not take the replica out: it serves by the last good tables.
func (g *Gateway) Ready() []api.Check {
	g.sync.mu.Lock()
	registryCheck := api.Check{Name: "registry", OK: g.sync.connected && len(g.sync.problems) == 0, Detail: "never read"}
	if !g.sync.last.IsZero() {
		registryCheck.Detail = "last read " + g.sync.last.UTC().Format("2006-01-02T15:04:05Z")
	}
	if g.sync.lost != nil {
		registryCheck.Detail += "; " + g.sync.lost.Error()
	}
	if err := errors.Join(g.sync.problems...); err != nil {
		registryCheck.Detail += "; " + err.Error()
	}
	g.sync.mu.Unlock()
	g.metrics.reload.mu.Lock()
	configCheck := api.Check{Name: "configuration", OK: g.metrics.reload.good}
	if !configCheck.OK {
		configCheck.Detail = "the last reload failed; the configuration before it is in force"
	}
	g.metrics.reload.mu.Unlock()
	serving := api.Check{Name: "serving", OK: !g.draining.Load(), Required: true}
	if !serving.OK {
		serving.Detail = "draining"
	}
	return []api.Check{serving, configCheck, registryCheck}
}

// monitorOf returns a model's monitor.
func (g *Gateway) monitorOf(model string) (*monitor.Monitor, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.models[model]
	switch {
	case m == nil:
		return nil, fmt.Errorf("this gateway has no route for %s: %w", model, monitor.ErrUnknown)
	case m.monitor == nil:
		return nil, fmt.Errorf("the monitor of %s is switched off in the configuration: %w", model, monitor.ErrUnknown)
	}
	return m.monitor, nil
}

// Summary implements admin.Monitors.
func (g *Gateway) Summary(model, version, slice string) (monitor.Summary, error) {
	m, err := g.monitorOf(model)
	if err != nil {
		return monitor.Summary{}, err
	}
	return m.Summary(version, slice)
}

// Report implements admin.Monitors.
func (g *Gateway) Report(model, version, slice string) (*monitor.LiveReport, error) {
	m, err := g.monitorOf(model)
	if err != nil {
		return nil, err
	}
	return m.Report(version, slice)
}

// Label implements admin.Monitors.
func (g *Gateway) Label(model string, labels []monitor.Label) (monitor.Feedback, error) {
	m, err := g.monitorOf(model)
	if err != nil {
		return monitor.Feedback{}, err
	}
	return m.Label(labels), nil
}

// Profile implements admin.Monitors.
func (g *Gateway) Profile(model, version string) (*monitor.Profile, error) {
	m, err := g.monitorOf(model)
	if err != nil {
		return nil, err
	}
	return m.Profile(version)
}

// EffectiveConfig implements admin.Configuration.
func (g *Gateway) EffectiveConfig() (json.RawMessage, error) {
	return json.Marshal(g.applied.Load().cfg)
}

// RolloutPlan implements admin.Configuration.
func (g *Gateway) RolloutPlan(model string) (rollout.Plan, error) {
	cfg := g.applied.Load().cfg.Models[model]
	if cfg == nil {
		return rollout.Plan{}, fmt.Errorf("this gateway has no route for %s: %w", model, registry.ErrNotFound)
	}
	return planOf(cfg.Rollout), nil
}

// planOf turns the configured plan into the controller's.
func planOf(c config.Rollout) rollout.Plan {
	plan := rollout.Plan{
		Strategy:   c.Strategy,
		Automation: c.Automation,
		FalseAlarm: c.FalseAlarm,
		Deadline:   c.Deadline.Std(),
		Bake:       c.Bake.Std(),
		Preview:    rollout.Preview{MinTime: c.Preview.MinTime.Std(), MinRequests: int64(c.Preview.MinRequests), Approve: c.Preview.Approve},
		Shadow:     rollout.ShadowStage{Sample: c.Shadow.Sample, MinPairs: int64(c.Shadow.MinPairs), MaxDisagreement: c.Shadow.MaxDisagreement},
	}
	for _, s := range c.Steps {
		plan.Steps = append(plan.Steps, rollout.Step{
			Weight:      s.Weight,
			MinRequests: int64(s.MinRequests),
			MinTime:     s.MinTime.Std(),
			Approve:     s.Approve,
		})
	}
	for _, h := range c.Hooks {
		plan.Hooks = append(plan.Hooks, rollout.Hook{URL: h.URL, On: h.On, SecretEnv: h.SecretEnv, Timeout: h.Timeout.Std(), Retries: h.Retries})
	}
	for _, r := range c.Guardrails {
		plan.Guardrails = append(plan.Guardrails, judge.Guardrail{Metric: r.Metric, Quantile: r.Quantile, Margin: r.Margin, Slices: r.Slices})
	}
	return plan
}
