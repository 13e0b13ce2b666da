package gateway

import (
	"context"
	"time"

	"github.com/weir-gateway/weir/config"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/registry/consul"
	"github.com/weir-gateway/weir/registry/file"
)

// openStore opens the registry that cfg names. A store that others keep learns
// what this replica routed by, so that losing its content takes nothing back.
func openStore(cfg *config.Config, o Options, known registry.Snapshot) (registry.Store, error) {
	r := cfg.Registry
	if r.Kind != "consul" {
		return file.Open(cfg.RegistryDir(), file.Options{Logger: o.Logger, Now: o.Now})
	}
	return consul.Open(consul.Options{
		Address:   r.Address,
		Prefix:    r.Prefix,
		TokenEnv:  r.TokenEnv,
		TokenFile: cfg.Path(r.TokenFile),
		TLS:       consul.TLS{CA: cfg.Path(r.TLS.CA), Cert: cfg.Path(r.TLS.Cert), Key: cfg.Path(r.TLS.Key), ServerName: r.TLS.ServerName},
		Known:     known,
		Logger:    o.Logger,
		Now:       o.Now,
	})
}

// routedStore is the registry with one promise more: what is committed through
// it is routed by when Commit returns. The watch would get there too, but a
// rollback must not wait for it.
type routedStore struct {
	registry.Store
	gateway *Gateway
}

// Commit implements registry.Store.
func (s *routedStore) Commit(ctx context.Context, next registry.Traffic, expect uint64) (registry.Traffic, error) {
	began := time.Now()
	traffic, err := s.Store.Commit(ctx, next, expect)
	if err != nil {
		return traffic, err
	}
	g := s.gateway
	if err := g.take(traffic); err != nil {
		// It is committed; whoever asked learns from AwaitGeneration that it is
		// not routed.
		g.log.Error("a committed generation can't be routed", "model", traffic.Model, "generation", traffic.Generation, "error", err)
		return traffic, nil
	}
	if isRollback(traffic) {
		g.metrics.rollback.Observe(time.Since(began))
	}
	return traffic, nil
}

// Register implements registry.Store.
func (s *routedStore) Register(ctx context.Context, v registry.Version) (registry.Version, error) {
	stored, err := s.Store.Register(ctx, v)
	if err == nil {
		s.gateway.refresh(ctx)
	}
	return stored, err
}

// take routes by a generation that was just committed, without asking the store
// again.
func (g *Gateway) take(traffic registry.Traffic) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	m := g.snapshot.Models[traffic.Model]
	m.Name, m.Traffic = traffic.Model, &traffic
	return g.applyLocked(g.cfg, registry.Snapshot{
		Models:   map[string]registry.Model{traffic.Model: m},
		Problems: g.snapshot.Problems,
	})
}

// isRollback tells a step back from any other change.
func isRollback(t registry.Traffic) bool {
	return t.Restores != 0 || t.Cause == registry.CauseGuardrail
}
