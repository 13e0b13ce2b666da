package consul

import (
	"context"
	"fmt"
	"slices"

	"github.com/hashicorp/consul/api"

	"github.com/weir-gateway/weir/registry"
)

// batch is how many entries of a history are read in one transaction; Consul
// takes 128.
const batch = 64

// History implements [registry.Store]. Generations that Consul has lost and
// this process remembers are in it, without their evidence.
func (s *Store) History(ctx context.Context, model string, limit int) ([]registry.Traffic, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	if err := registry.ValidateName("model", model); err != nil {
		return nil, fmt.Errorf("registry/consul: history: %w", err)
	}
	// While Consul is known to be lost it is not asked: who goes back in an outage
	// is not to wait for it.
	s.mu.Lock()
	lost := s.lost
	s.mu.Unlock()
	if lost != nil {
		return nil, wrap("history of "+model, s.explain(ctx, lost))
	}
	if err := s.known(ctx, model); err != nil {
		return nil, wrap("history of "+model, err)
	}
	var recent []registry.Traffic
	if h := s.held(model); h != nil {
		recent = h.recent
	}
	entries, err := s.entries(ctx, model, limit)
	if err != nil {
		return nil, wrap("history of "+model, s.explain(ctx, err))
	}
	history := make([]registry.Traffic, 0, len(entries))
	for _, pair := range entries {
		t, err := decodeTraffic(model, pair.Value)
		if err != nil {
			return nil, fmt.Errorf("registry/consul: history of %s: %w", model, &registry.Problem{Model: model, Place: pair.Key, Err: err})
		}
		history = append(history, t)
	}
	for _, t := range recent {
		if !slices.ContainsFunc(history, func(h registry.Traffic) bool { return h.Generation == t.Generation }) {
			history = append(history, t.Clone())
		}
	}
	slices.SortFunc(history, func(a, b registry.Traffic) int {
		if a.Generation > b.Generation {
			return -1
		}
		return 1
	})
	if limit > 0 {
		history = history[:min(limit, len(history))]
	}
	s.learn(model, history)
	return history, nil
}

// entries reads the newest entries of a history; limit 0 or less: all.
func (s *Store) entries(ctx context.Context, model string, limit int) (api.KVPairs, error) {
	prefix := s.keys.history(model)
	if limit <= 0 {
		return s.list(ctx, prefix)
	}
	ctx, cancel := s.request(ctx, s.opts.Timeout)
	defer cancel()
	names, meta, err := s.client.KV().Keys(prefix, "", query(ctx))
	if err == nil {
		err = fresh(meta)
	}
	if err != nil {
		return nil, err
	}
	names = names[max(0, len(names)-limit):] // Consul sorts them
	var pairs api.KVPairs
	for part := range slices.Chunk(names, batch) {
		ops := make(api.KVTxnOps, len(part))
		for i, name := range part {
			ops[i] = &api.KVTxnOp{Verb: api.KVGet, Key: name}
		}
		ok, answer, _, err := s.client.KV().Txn(ops, query(ctx))
		if err != nil {
			return nil, err
		}
		if !ok {
			return s.list(ctx, prefix) // an entry went between the two questions
		}
		pairs = append(pairs, answer.Results...)
	}
	return pairs, nil
}

// learn remembers the newest generations, for the case that Consul loses them.
func (s *Store) learn(model string, history []registry.Traffic) {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.models[model]
	if h == nil || h.model.Traffic == nil {
		return
	}
	next := *h
	for _, t := range history[:min(recentMost, len(history))] {
		if t.Generation <= h.model.Traffic.Generation {
			t = t.Clone()
			t.Evidence = nil
			next.recent = remember(next.recent, t)
		}
	}
	s.models[model] = &next
}
