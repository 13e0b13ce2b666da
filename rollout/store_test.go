package rollout

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/weir-gateway/weir/registry"
)

// memory is a registry.Store in memory, by the registry's own rules.
type memory struct {
	now func() time.Time

	mu       sync.Mutex
	models   map[string]registry.Model
	history  map[string][]registry.Traffic
	rollouts map[string][]byte
	changed  chan struct{} // closed and replaced at each change
	fail     error         // what Commit answers instead, if set
	bare     bool          // the evidence is in the history only, as in Consul
}

func newMemory(now func() time.Time) *memory {
	return &memory{
		now: now, models: map[string]registry.Model{}, history: map[string][]registry.Traffic{},
		rollouts: map[string][]byte{}, changed: make(chan struct{}),
	}
}

func (m *memory) Register(_ context.Context, v registry.Version) (registry.Version, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	model := m.models[v.Model]
	model.Name = v.Model
	stored, added, err := registry.Admit(model, v, m.now())
	if added {
		model.Versions = append(slices.Clone(model.Versions), stored)
		m.models[v.Model] = model
	}
	return stored, err
}

func (m *memory) Commit(_ context.Context, next registry.Traffic, expect uint64) (registry.Traffic, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return registry.Traffic{}, m.fail
	}
	model := m.models[next.Model]
	next, err := registry.Advance(model, next, expect, m.now())
	if err != nil {
		return registry.Traffic{}, err
	}
	model.Traffic = &next
	m.models[next.Model] = model
	m.history[next.Model] = append([]registry.Traffic{next}, m.history[next.Model]...)
	close(m.changed)
	m.changed = make(chan struct{})
	return next, nil
}

func (m *memory) History(_ context.Context, model string, _ int) ([]registry.Traffic, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.history[model]), nil
}

func (m *memory) Snapshot(context.Context) (registry.Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := registry.Snapshot{Models: map[string]registry.Model{}}
	for name, model := range m.models {
		model = model.Clone()
		if m.bare && model.Traffic != nil {
			model.Traffic.Evidence = nil
		}
		s.Models[name] = model
	}
	return s, nil
}

func (m *memory) Watch(ctx context.Context, deliver func(registry.Snapshot)) error {
	for {
		m.mu.Lock()
		changed := m.changed
		m.mu.Unlock()
		s, _ := m.Snapshot(ctx)
		deliver(s)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

func (m *memory) PutProfile(context.Context, []byte) (string, error) {
	return "", registry.ErrInvalid
}

func (m *memory) Profile(context.Context, string) ([]byte, error) {
	return nil, registry.ErrNotFound
}

func (m *memory) PutRollout(_ context.Context, model string, doc []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rollouts[model] = slices.Clone(doc)
	return nil
}

func (m *memory) Rollout(_ context.Context, model string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if doc := m.rollouts[model]; doc != nil {
		return doc, nil
	}
	return nil, registry.ErrNotFound
}

func (m *memory) Close() error { return nil }
