package gateway

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/proxy"
	"github.com/weir-gateway/weir/registry"
)

const (
	syncInterval   = 15 * time.Second // the registry is looked at even when it reports nothing
	watchRetry     = time.Second      // between two attempts to watch
	healthInterval = time.Second      // of looking whether an endpoint's health has changed
)

// syncState is what is known about the connection to the registry.
type syncState struct {
	mu        sync.Mutex
	connected bool
	lost      error // why not, where it is not
	last      time.Time
	problems  []error
}

// registryState is the data of a registry event.
type registryState struct {
	Connected bool   `json:"connected"`
	Error     string `json:"error,omitempty"`
}

// noteSync takes note of what a snapshot tells about the registry, and says
// whether the registry is back after it was lost.
func (g *Gateway) noteSync(s registry.Snapshot) (back bool) {
	if s.Lost != nil {
		g.noteLost(s.Lost)
		return false
	}
	g.sync.mu.Lock()
	defer g.sync.mu.Unlock()
	if back = g.sync.lost != nil; back {
		g.publish(api.EventRegistry, "", registryState{Connected: true})
	}
	for _, problem := range s.Problems {
		known := slices.ContainsFunc(g.sync.problems, func(p error) bool { return p.Error() == problem.Error() })
		if !known {
			g.log.Error("a registry document can't be used; its model keeps the last good content", "error", problem)
			g.metrics.problems.Add(1)
		}
	}
	g.sync.connected, g.sync.lost, g.sync.last, g.sync.problems = true, nil, g.now(), s.Problems
	return back
}

func (g *Gateway) noteLost(err error) {
	g.sync.mu.Lock()
	defer g.sync.mu.Unlock()
	if g.sync.lost == nil {
		g.log.Error("the registry can't be read; requests go on by the last good tables", "error", err)
		g.publish(api.EventRegistry, "", registryState{Error: err.Error()})
	}
	g.sync.connected, g.sync.lost = false, err
}

// followRegistry takes over what the registry delivers until ctx ends. A watch
// that breaks is begun again; what it missed comes with its first delivery.
func (g *Gateway) followRegistry(ctx context.Context) {
	var looking sync.WaitGroup
	defer looking.Wait()
	looking.Go(func() { every(ctx, syncInterval, func() { g.refresh(ctx) }) })
	for ctx.Err() == nil {
		err := g.store.Watch(ctx, g.delivered)
		if ctx.Err() != nil || errors.Is(err, registry.ErrClosed) {
			return
		}
		g.noteLost(err)
		select {
		case <-ctx.Done():
		case <-time.After(watchRetry):
		}
	}
}

// refresh reads the registry once.
func (g *Gateway) refresh(ctx context.Context) {
	s, err := g.store.Snapshot(ctx)
	if err != nil {
		g.noteLost(err)
		return
	}
	g.delivered(s)
}

func (g *Gateway) delivered(s registry.Snapshot) {
	back := g.noteSync(s)
	if back {
		defer g.rollouts.resume()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	// After an outage profiles that could not be read then are read now.
	if !back && !changes(g.snapshot, s) {
		return
	}
	if err := g.applyLocked(g.cfg, s); err != nil {
		g.log.Error("a change of the registry can't be applied; the last good state stays", "error", err)
		g.metrics.problems.Add(1)
	}
}

// changes says whether a delivered snapshot has anything new.
func changes(known, delivered registry.Snapshot) bool {
	for name, m := range delivered.Models {
		have, ok := known.Models[name]
		if !ok || len(have.Versions) != len(m.Versions) {
			return true
		}
		if m.Traffic != nil && (have.Traffic == nil || m.Traffic.Generation > have.Traffic.Generation) {
			return true
		}
	}
	return false
}

// endpointHealth is the data of a health event.
type endpointHealth struct {
	Version string `json:"version"`
	api.Endpoint
}

// followHealth publishes an event whenever an endpoint's health changes.
func (g *Gateway) followHealth(ctx context.Context) {
	known := map[string]bool{} // by model, version, URL and address
	every(ctx, healthInterval, func() {
		seen := make(map[string]bool, len(known))
		for _, p := range g.applied.Load().pools {
			for _, e := range p.Endpoints() {
				if !e.Checked {
					continue
				}
				key := p.model + "\x00" + p.version + "\x00" + e.URL + "\x00" + e.Address
				seen[key] = e.Healthy
				if was, ok := known[key]; ok && was == e.Healthy || !ok && e.Healthy {
					continue
				}
				g.log.Warn("an endpoint's health has changed", "model", p.model, "version", p.version, "endpoint", e.URL, "healthy", e.Healthy, "error", e.LastError)
				g.publish(api.EventHealth, p.model, endpointHealth{p.version, endpoint(e)})
			}
		}
		known = seen
	})
}

func endpoint(e proxy.EndpointStatus) api.Endpoint {
	return api.Endpoint{URL: e.URL, Healthy: e.Healthy, Since: e.Since, LastError: e.LastError, InFlight: int64(e.InFlight)}
}

// every calls f at intervals until ctx ends.
func every(ctx context.Context, interval time.Duration, f func()) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			f()
		}
	}
}
