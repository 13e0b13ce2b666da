package consul

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/consul/api"

	"github.com/weir-gateway/weir/registry"
)

var errBusy = errors.New("the key changes all the time; nothing was changed")

// base is what a change of a model starts from.
type base struct {
	held     // with the last good content where Consul has lost its own
	*found   // what Consul has; never nil
	problems []error
}

// base reads a model. The memory is looked at first, so that it can't be ahead
// of the answer unless Consul has lost something.
func (s *Store) base(ctx context.Context, model string) (base, error) {
	known := s.held(model)
	pairs, err := s.list(ctx, s.keys.model(model))
	if err != nil {
		return base{}, err
	}
	f := s.keys.parse(pairs)[model]
	h, problems := s.keys.reconcile(model, known, f)
	b := base{found: f, problems: problems}
	if f == nil {
		b.found = &found{}
	}
	if h == nil {
		h = &held{model: registry.Model{Name: model}}
	}
	b.held = *h
	return b, nil
}

// Commit implements [registry.Store].
func (s *Store) Commit(ctx context.Context, next registry.Traffic, expect uint64) (registry.Traffic, error) {
	return s.commit(ctx, next, expect, "")
}

// commit is fenced where a session is given: it is refused unless that holds the lead.
func (s *Store) commit(ctx context.Context, next registry.Traffic, expect uint64, session string) (stored registry.Traffic, err error) {
	if err := s.usable(ctx); err != nil {
		return registry.Traffic{}, err
	}
	if err := registry.ValidateName("model", next.Model); err != nil {
		return registry.Traffic{}, fmt.Errorf("registry/consul: commit: %w", err)
	}
	attempts := map[string]registry.Traffic{} // by the value that was sent
	err = s.persist(ctx, func() (bool, error) {
		b, err := s.base(ctx, next.Model)
		if err != nil {
			return false, err
		}
		if ours, ok := attempts[string(b.raw)]; ok {
			stored = ours // its answer was lost
			s.wrote(next.Model, b.trafficIndex, func(h *held) { h.take(b.model.Versions, &stored) })
			return true, nil
		}
		if stored, err = registry.Advance(b.model, next, expect, s.opts.Now()); err != nil {
			return true, err
		}
		if err := s.restore(ctx, b); err != nil {
			return false, err
		}
		return s.write(ctx, b, stored, attempts, session)
	})
	if err != nil {
		if fateOf(err) == unknown && len(attempts) > 0 && !errors.Is(err, registry.ErrStale) {
			err = fmt.Errorf("whether it was written is not known; look at the history when Consul is back: %w", err)
		}
		return registry.Traffic{}, wrap("commit "+next.Model, err)
	}
	return stored, nil
}

// write sends the transaction of a commit.
func (s *Store) write(ctx context.Context, b base, traffic registry.Traffic, attempts map[string]registry.Traffic, session string) (done bool, err error) {
	whole, err := encodeTraffic(traffic)
	if err != nil {
		return true, err
	}
	bare := traffic
	bare.Evidence = nil
	value, err := encodeTraffic(bare)
	if err != nil {
		return true, err
	}
	attempts[string(value)] = traffic
	ctx, cancel := s.request(ctx, s.opts.Timeout)
	defer cancel()
	entry := s.keys.generation(traffic.Model, traffic.Generation)
	ops := api.KVTxnOps{
		{Verb: api.KVCAS, Key: s.keys.traffic(traffic.Model), Value: value, Index: b.trafficIndex},
		{Verb: api.KVCAS, Key: entry, Value: whole, Index: 0},
	}
	ok, answer, _, err := s.client.KV().Txn(s.fence(ops, session), query(ctx))
	switch {
	case err != nil:
		return false, err
	case fenced(answer, len(ops)):
		return true, errDeposed
	case ok && len(answer.Results) >= 2:
		s.wrote(traffic.Model, answer.Results[0].ModifyIndex, func(h *held) { h.take(b.model.Versions, &traffic) })
		return true, nil
	case len(answer.Errors) > 0 && !slices.ContainsFunc(answer.Errors, func(e *api.TxnError) bool { return e.OpIndex == 0 }):
		what := answer.Errors[0].What
		if answer.Errors[0].OpIndex == 1 {
			what = "it is there already, so the traffic was removed or set back by hand; put the newest entry of the history back at " + s.keys.traffic(traffic.Model)
		}
		return true, fmt.Errorf("the history's entry %s: %s: %w", entry, what, registry.ErrConflict)
	}
	for _, e := range answer.Errors {
		if !isRace(e.What) {
			return true, fmt.Errorf("consul refuses the transaction: %s", e.What)
		}
	}
	return false, nil // somebody was quicker
}

// restore puts back what Consul has lost of a model, oldest first, before a
// change goes on from it.
func (s *Store) restore(ctx context.Context, b base) error {
	if len(b.problems) == 0 {
		return nil
	}
	for _, v := range b.model.Versions {
		if _, ok := b.versions[v.Version]; ok {
			continue
		}
		if err := s.createVersion(ctx, v); err != nil {
			return err
		}
	}
	for _, t := range slices.Backward(b.recent) {
		value, err := encodeTraffic(t)
		if err != nil {
			return err
		}
		if _, err := s.create(ctx, s.keys.generation(t.Model, t.Generation), value); err != nil {
			return err
		}
	}
	s.log.Warn("what consul had lost of a model was put back", "model", b.model.Name, "problem", errors.Join(b.problems...))
	return nil
}

// take adds what has just been written.
func (h *held) take(versions []registry.Version, t *registry.Traffic) {
	index := registry.Model{Versions: versions}.Index()
	for _, v := range h.model.Versions {
		index[v.Version] = v
	}
	h.model.Versions = sorted(index)
	if t != nil && (h.model.Traffic == nil || h.model.Traffic.Generation < t.Generation) {
		h.adopt(*t)
	}
}

// isRace tells whether an operation failed because of another writer.
func isRace(what string) bool { return bytes.Contains([]byte(what), []byte("index is stale")) }

// wrap names the operation, unless the context or the store has ended.
func wrap(op string, err error) error {
	if errors.Is(err, registry.ErrClosed) || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("registry/consul: %s: %w", op, err)
}
