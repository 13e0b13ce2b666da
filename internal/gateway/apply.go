package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/config"
	"github.com/weir-gateway/weir/protocol"
	"github.com/weir-gateway/weir/proxy"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/tally"
	"github.com/weir-gateway/weir/router"
)

// applied is a state with what it was built from. It is immutable but for changed.
type applied struct {
	cfg     *config.Config
	table   *router.Table
	state   *proxy.State
	targets []proxy.Target               // by router.Version.Index
	traffic map[string]*registry.Traffic // what each model is routed by; nil where it has none
	interim map[string]*registry.Traffic // by which a model is routed in its place; see interims
	pools   map[string]*pooled
	changed chan struct{} // closed when the next state takes over
}

// routed is what a model is routed by; nil where it has no traffic.
func (a *applied) routed(model string) *registry.Traffic {
	if t := a.interim[model]; t != nil {
		return t
	}
	return a.traffic[model]
}

// apply makes cfg and snapshot what requests are routed by: it builds the new
// state whole, swaps one pointer and retires the old state. An error leaves
// everything as it was.
func (g *Gateway) apply(cfg *config.Config, snapshot registry.Snapshot) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.applyLocked(cfg, snapshot)
}

func (g *Gateway) applyLocked(cfg *config.Config, snapshot registry.Snapshot) error {
	merged := newest(g.snapshot, snapshot)
	next, models, err := g.build(cfg, merged)
	if err != nil {
		return err
	}
	report := func() {}
	if cfg != g.cfg {
		if report, err = g.reporter.prepare(cfg); err != nil {
			g.discard(next, models)
			return err
		}
	}
	previous := g.applied.Load()
	g.applied.Store(next)
	report()
	old := g.proxy.Swap(next.state)
	replaced := g.models
	g.cfg, g.snapshot, g.models = cfg, merged, models

	g.announce(previous, next)
	g.retire(previous, next, old, replaced)
	return nil
}

// newest merges what a store delivered into what is known. A model never goes
// back to an older generation (a slow read may come in after a commit of our
// own), and one that an answer lacks is kept: an empty answer is a fault of the
// store, not a wish to route nothing.
func newest(known, delivered registry.Snapshot) registry.Snapshot {
	merged := registry.Snapshot{Models: maps.Clone(known.Models), Problems: delivered.Problems}
	if merged.Models == nil {
		merged.Models = make(map[string]registry.Model, len(delivered.Models))
	}
	for name, m := range delivered.Models {
		have, ok := merged.Models[name]
		if ok && have.Traffic != nil && (m.Traffic == nil || m.Traffic.Generation < have.Traffic.Generation) {
			m.Traffic = have.Traffic
		}
		if len(m.Versions) < len(have.Versions) {
			m.Versions = have.Versions
		}
		merged.Models[name] = m
	}
	return merged
}

// build makes the state for cfg and snapshot, and the models' runtimes, without
// touching what is in force. Runtimes and pools that don't change are reused.
func (g *Gateway) build(cfg *config.Config, snapshot registry.Snapshot) (*applied, map[string]*model, error) {
	specs := make([]router.Spec, 0, len(cfg.Models))
	var wanted, over []*registry.Traffic
	for _, name := range cfg.ModelNames() {
		m := g.known(snapshot, name)
		wanted = append(wanted, m.Traffic)
		over = append(over, g.interims.over(m.Traffic))
		if over[len(over)-1] != nil {
			m.Traffic = over[len(over)-1]
		}
		specs = append(specs, g.spec(name, cfg.Models[name], m))
	}
	table, err := router.Compile(specs)
	if err != nil {
		return nil, nil, fmt.Errorf("gateway: %w", err)
	}
	next := &applied{
		cfg:     cfg,
		table:   table,
		targets: make([]proxy.Target, table.Versions()),
		traffic: make(map[string]*registry.Traffic, len(specs)),
		interim: map[string]*registry.Traffic{},
		pools:   map[string]*pooled{},
		changed: make(chan struct{}),
	}
	models := make(map[string]*model, len(specs))
	settings := make([]proxy.Settings, len(table.Routes()))
	for i, route := range table.Routes() {
		m, err := g.runtime(route.Model, cfg.Models[route.Model])
		if err == nil {
			models[route.Model] = m
			next.traffic[route.Model] = specs[i].Traffic
			if over[i] != nil && specs[i].Traffic == over[i] {
				next.traffic[route.Model], next.interim[route.Model] = wanted[i], over[i]
			}
			settings[route.Index] = m.settings()
			settings[route.Index].Trace = traceSampler(cfg)
			err = g.connect(next, m, route)
		}
		if err != nil {
			g.discard(next, models)
			return nil, nil, err
		}
	}
	if next.state, err = proxy.NewState(table, next.targets, settings); err != nil {
		g.discard(next, models)
		return nil, nil, fmt.Errorf("gateway: %w", err)
	}
	return next, models, nil
}

// known is what the registry says of a model, or else what an earlier process
// routed it by.
func (g *Gateway) known(snapshot registry.Snapshot, name string) registry.Model {
	if m, ok := snapshot.Models[name]; ok {
		return m
	}
	return g.fallback.Models[name]
}

// spec is what a model's route is compiled from. Traffic that can't be compiled
// gives way to the traffic that the model is routed by now: one bad document
// must not hold up the others.
func (g *Gateway) spec(name string, cfg *config.Model, m registry.Model) router.Spec {
	spec := router.Spec{
		Model:    name,
		Prefix:   cfg.Route.Prefix,
		Assign:   assign(cfg.Assign),
		Pin:      cfg.Pin.Header,
		Noise:    cfg.Shadow.NoiseSample,
		Traffic:  m.Traffic,
		Versions: m.Versions,
	}
	if _, err := router.Compile([]router.Spec{spec}); err != nil {
		spec.Traffic = nil
		if now := g.applied.Load(); now != nil {
			spec.Traffic = now.traffic[name]
		}
		g.log.Error("traffic can't be routed; the model keeps its last good traffic", "model", name, "error", err)
		g.metrics.problems.Add(1)
	}
	return spec
}

func assign(a config.Assign) router.Assign {
	switch {
	case a.Header != "":
		return router.Assign{Kind: router.AssignHeader, Name: a.Header}
	case a.Cookie != "":
		return router.Assign{Kind: router.AssignCookie, Name: a.Cookie}
	case a.JSON != "":
		return router.Assign{Kind: router.AssignJSON, Name: a.JSON}
	}
	return router.Assign{}
}

// connect gives every version of a route its pool and its observer.
func (g *Gateway) connect(next *applied, m *model, route *router.Route) error {
	traffic := next.routed(route.Model)
	if traffic == nil {
		return nil
	}
	var phase *tally.Tally // nothing is compared under what is no generation
	if next.interim[route.Model] == nil {
		phase = g.rollouts.phase(traffic)
	}
	for _, v := range route.Versions {
		pool, err := g.pool(next, m.cfg, v)
		if err != nil {
			return fmt.Errorf("gateway: connect %s version %s: %w", route.Model, v.Name, err)
		}
		next.targets[v.Index] = proxy.Target{Pool: pool.Pool, Observer: m.observer(v, traffic, phase), Again: m.observer(v, traffic, nil)}
	}
	return nil
}

// announce tells rollouts, monitors, metrics and subscribers what has changed.
func (g *Gateway) announce(previous, next *applied) {
	for _, route := range next.table.Routes() {
		m := g.models[route.Model]
		m.follow(route, g.known(g.snapshot, route.Model), g.store)
		traffic := next.traffic[route.Model]
		if traffic == nil || previous != nil && previous.traffic[route.Model] != nil &&
			previous.traffic[route.Model].Generation == traffic.Generation {
			continue
		}
		if previous != nil {
			g.log.Info("routing by a new generation", "model", route.Model, "generation", traffic.Generation,
				"actor", traffic.Actor, "cause", traffic.Cause, "reason", traffic.Reason)
			g.metrics.routed(*traffic)
		}
		g.publish(api.EventGeneration, route.Model, traffic)
	}
	if previous != nil {
		close(previous.changed)
	}
}

// publish hands an event to the subscribers of the event stream.
func (g *Gateway) publish(kind, model string, data any) {
	encoded, err := json.Marshal(data)
	if err != nil {
		g.log.Error("an event can't be encoded", "type", kind, "model", model, "error", err)
		return
	}
	g.events.Publish(api.Event{Type: kind, Model: model, Data: encoded})
}

// retire closes what only the replaced state used, once its last request has
// ended, or after the drain timeout.
func (g *Gateway) retire(previous, next *applied, old *proxy.State, models map[string]*model) {
	if previous == nil {
		return
	}
	var pools []*pooled
	for key, p := range previous.pools {
		if next.pools[key] == nil {
			pools = append(pools, p)
			delete(g.pools, key)
		}
	}
	var gone []*model
	for name, m := range models {
		if g.models[name] != m {
			gone = append(gone, m)
		}
	}
	if len(pools) == 0 && len(gone) == 0 {
		return
	}
	limit := next.cfg.DrainTimeout.Std()
	g.retired.Go(func() {
		select {
		case <-old.Drained():
		case <-time.After(limit):
			g.log.Warn("a replaced state still has requests after the drain timeout; their connections end with them", "timeout", limit)
		}
		for _, p := range pools {
			p.Close()
		}
		for _, m := range gone {
			m.close()
		}
	})
}

// discard closes what a build that failed had made anew.
func (g *Gateway) discard(next *applied, models map[string]*model) {
	for key, p := range next.pools {
		if g.pools[key] == p && (g.applied.Load() == nil || g.applied.Load().pools[key] != p) {
			delete(g.pools, key)
			p.Close()
		}
	}
	for name, m := range models {
		if g.models[name] != m {
			m.close()
		}
	}
}

// AwaitGeneration returns once the model is routed by the generation or a later one.
func (g *Gateway) AwaitGeneration(ctx context.Context, model string, generation uint64) error {
	for {
		now := g.applied.Load()
		if now.table.Route(model) == nil {
			return fmt.Errorf("this gateway has no route for %s: add it under models in the configuration", model)
		}
		if t := now.traffic[model]; t != nil && t.Generation >= generation {
			return nil
		}
		select {
		case <-now.changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// protocolOf makes the decoder of a model.
func protocolOf(cfg *config.Model) (protocol.Protocol, error) {
	o := protocol.Options{Features: cfg.Monitor.Features}
	if len(cfg.Monitor.Embeddings) > 0 { // their elements are columns beside those there may be anyway
		o.Limits.Columns = protocol.DefaultColumns
		for _, n := range dims(cfg.Monitor.Embeddings) {
			o.Limits.Columns += n
		}
	}
	return protocol.New(cfg.Protocol, o)
}

func dims(embeddings map[string]*config.Embedding) map[string]int {
	out := make(map[string]int, len(embeddings))
	for name, e := range embeddings {
		out[name] = e.Dims
	}
	return out
}
