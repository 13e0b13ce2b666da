package consul

import (
	"context"
	"errors"
	"fmt"

	"github.com/weir-gateway/weir/registry"
)

// Register implements [registry.Store].
func (s *Store) Register(ctx context.Context, version registry.Version) (stored registry.Version, err error) {
	if err := s.usable(ctx); err != nil {
		return registry.Version{}, err
	}
	if err := version.Validate(); err != nil {
		return registry.Version{}, fmt.Errorf("registry/consul: register: %w", err)
	}
	if version.Profile != "" {
		if err := s.needProfile(ctx, version.Profile); err != nil {
			return registry.Version{}, wrap("register "+version.Model, err)
		}
	}
	err = s.persist(ctx, func() (bool, error) {
		b, err := s.base(ctx, version.Model)
		if err != nil {
			return false, err
		}
		var added bool
		if stored, added, err = registry.Admit(b.model, version, s.opts.Now()); err != nil {
			return true, err
		}
		if _, there := b.versions[stored.Version]; !added && there {
			return true, nil
		}
		value, err := encodeVersion(stored)
		if err != nil {
			return true, err
		}
		created, err := s.create(ctx, s.keys.version(stored.Model, stored.Version), value)
		if created {
			// Where it stands is not told; the watch will tell.
			s.wrote(stored.Model, 0, func(h *held) { h.take([]registry.Version{stored.Clone()}, nil) })
		}
		return created, err
	})
	if err != nil {
		return registry.Version{}, wrap("register "+version.Model, err)
	}
	return stored, nil
}

func (s *Store) needProfile(ctx context.Context, address string) error {
	pair, err := s.get(ctx, s.keys.profile(address))
	if err != nil {
		return s.explain(ctx, err)
	}
	if pair == nil {
		return &registry.FieldError{Field: "profile", Reason: address + " is not in the registry; put the profile first"}
	}
	return nil
}

// createVersion writes a version's key unless it is there.
func (s *Store) createVersion(ctx context.Context, v registry.Version) error {
	value, err := encodeVersion(v)
	if err == nil {
		_, err = s.create(ctx, s.keys.version(v.Model, v.Version), value)
	}
	return err
}

// known fails for a model without a version.
func (s *Store) known(ctx context.Context, model string) error {
	if h := s.held(model); h != nil && len(h.model.Versions) > 0 {
		return nil
	}
	b, err := s.base(ctx, model)
	if err != nil {
		return s.explain(ctx, err)
	}
	if len(b.model.Versions) == 0 {
		return fmt.Errorf("model %q has no version: %w", model, registry.ErrNotFound)
	}
	return nil
}

// PutRollout implements [registry.Store].
func (s *Store) PutRollout(ctx context.Context, model string, doc []byte) error {
	return s.keepRollout(ctx, model, doc, "")
}

// keepRollout is fenced where a session is given.
func (s *Store) keepRollout(ctx context.Context, model string, doc []byte, session string) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	if err := registry.ValidateName("model", model); err != nil {
		return fmt.Errorf("registry/consul: put rollout: %w", err)
	}
	if err := checkRollout(doc); err != nil {
		return fmt.Errorf("registry/consul: put rollout %s: %w", model, err)
	}
	if err := s.known(ctx, model); err != nil {
		return wrap("put rollout "+model, err)
	}
	err := s.persist(ctx, func() (bool, error) {
		err := s.putRollout(ctx, model, doc, session)
		return err == nil || errors.Is(err, registry.ErrNotLeader), err
	})
	if err != nil {
		return wrap("put rollout "+model, err)
	}
	return nil
}

// Rollout implements [registry.Store].
func (s *Store) Rollout(ctx context.Context, model string) ([]byte, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	pair, err := s.get(ctx, s.keys.rollout(model))
	if err != nil {
		return nil, wrap("rollout "+model, s.explain(ctx, err))
	}
	if pair == nil {
		return nil, fmt.Errorf("registry/consul: rollout %s: there is none: %w", model, registry.ErrNotFound)
	}
	return pair.Value, nil
}

// errTooLarge is why a profile can't be kept.
func errTooLarge(size, packed int) error {
	return &registry.FieldError{Field: "profile", Reason: fmt.Sprintf(
		"has %d bytes and %d compressed, more than the %d that a value in Consul may have; make it of fewer features or coarser", size, packed, maxValue)}
}

var errDamaged = errors.New("does not hold what its key says; put the profile again")
