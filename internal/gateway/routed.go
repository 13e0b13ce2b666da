package gateway

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
)

const (
	routedTopic = "routed"
	// routedInterval is between two notices of what is routed, at least.
	routedInterval = 100 * time.Millisecond
	// lostFor is how long a gateway that is not heard of is still told about.
	lostFor = 10 * time.Minute
)

// routedNotice says by which generation each configured model is routed; 0: it
// has no traffic.
type routedNotice struct {
	Models map[string]uint64 `json:"models"`
}

// tellRouted puts up what this gateway routes by, whenever that changes, until
// ctx ends.
func (r *replicas) tellRouted(ctx context.Context) {
	told := ""
	for ctx.Err() == nil {
		now := r.gateway.applied.Load()
		doc, err := json.Marshal(routedNotice{Models: generations(now)})
		var again <-chan time.Time
		if err == nil && string(doc) != told {
			if err = r.board.Post(ctx, routedTopic, doc); err == nil {
				told = string(doc)
			}
		}
		if err != nil {
			r.gateway.log.Debug("the other gateways can't be told now what this one routes by", "error", err)
			again = time.After(tellInterval)
		}
		posted := time.After(routedInterval)
		select {
		case <-now.changed:
		case <-again:
		case <-ctx.Done():
		}
		select {
		case <-posted:
		case <-ctx.Done():
		}
	}
}

func generations(now *applied) map[string]uint64 {
	all := make(map[string]uint64, len(now.cfg.Models))
	for _, model := range now.cfg.ModelNames() {
		all[model] = 0
		if t := now.traffic[model]; t != nil {
			all[model] = t.Generation
		}
	}
	return all
}

// Replicas implements admin.Router.
func (g *Gateway) Replicas(ctx context.Context, model string) ([]api.ReplicaStatus, error) {
	if g.replicas.board == nil {
		return nil, nil
	}
	notices, err := g.replicas.board.Notices(ctx, routedTopic)
	if err != nil {
		return nil, err
	}
	here := api.ReplicaStatus{
		Replica: g.replica(), Alive: true, Here: true,
		Routed: g.RoutedGeneration(model), Configured: slices.Contains(g.ConfiguredModels(), model),
	}
	all := []api.ReplicaStatus{here}
	for _, n := range notices {
		var doc routedNotice
		if n.Process == g.replicas.process || json.Unmarshal(n.Doc, &doc) != nil || !n.Alive && back(n, notices) {
			continue
		}
		s := api.ReplicaStatus{Replica: n.Replica, Alive: n.Alive}
		s.Routed, s.Configured = doc.Models[model]
		all = append(all, s)
	}
	slices.SortStableFunc(all, func(a, b api.ReplicaStatus) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// back tells whether the replica of a dead process has another that is alive.
func back(dead registry.Notice, all []registry.Notice) bool {
	return slices.ContainsFunc(all, func(n registry.Notice) bool { return n.Alive && n.Replica.Name == dead.Replica.Name })
}

// tidy takes down what processes have left that are no more: at once where their
// replica is back, else after lostFor. The leader does it.
func (r *replicas) tidy(ctx context.Context) {
	if r.gateway.rollouts.leads() == nil {
		clear(r.lost)
		return
	}
	notices, err := r.board.Notices(ctx, routedTopic)
	if err != nil {
		return
	}
	now := r.gateway.now()
	for _, n := range notices {
		if n.Alive {
			delete(r.lost, n.Process)
			continue
		}
		since, known := r.lost[n.Process]
		if !known {
			since = now
			r.lost[n.Process] = now
		}
		if now.Sub(since) < lostFor && !back(n, notices) {
			continue
		}
		if err := r.board.Strike(ctx, routedTopic, n.Process); err != nil {
			r.gateway.log.Debug("what a gateway that is no more has left can't be taken down now", "name", n.Replica.Name, "error", err)
			continue
		}
		delete(r.lost, n.Process)
	}
}
