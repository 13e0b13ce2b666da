package file

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/weir-gateway/weir/registry"
)

// maxRollout bounds the rollout controller's document, in bytes.
const maxRollout = 256 << 10

// Register implements [registry.Store].
func (s *Store) Register(ctx context.Context, version registry.Version) (stored registry.Version, err error) {
	if err := version.Validate(); err != nil {
		return registry.Version{}, fmt.Errorf("registry/file: register: %w", err)
	}
	if version.Profile != "" {
		if _, err := s.Profile(ctx, version.Profile); err != nil {
			return registry.Version{}, profileMissing(version, err)
		}
	}
	err = s.change(ctx, version.Model, func(doc *document) (*document, error) {
		var added bool
		stored, added, err = registry.Admit(doc.model, version, s.opts.Now())
		if err != nil || !added {
			return nil, err
		}
		next := *doc
		next.model.Versions = append(slices.Clone(doc.model.Versions), stored.Clone())
		slices.SortStableFunc(next.model.Versions, func(a, b registry.Version) int { return a.Registered.Compare(b.Registered) })
		return &next, nil
	})
	return stored, err
}

func profileMissing(version registry.Version, err error) error {
	if !errors.Is(err, registry.ErrNotFound) {
		return err
	}
	return fmt.Errorf("registry/file: register %s: %w", version.Model,
		&registry.FieldError{Field: "profile", Reason: version.Profile + " is not in the registry; put the profile first"})
}

// Commit implements [registry.Store].
func (s *Store) Commit(ctx context.Context, next registry.Traffic, expect uint64) (stored registry.Traffic, err error) {
	if err := registry.ValidateName("model", next.Model); err != nil {
		return registry.Traffic{}, fmt.Errorf("registry/file: commit: %w", err)
	}
	err = s.change(ctx, next.Model, func(doc *document) (*document, error) {
		traffic, err := registry.Advance(doc.model, next, expect, s.opts.Now())
		if err != nil {
			return nil, err
		}
		traffic = compact(traffic)
		stored = traffic.Clone()
		changed := *doc
		changed.model.Traffic = &traffic
		changed.history = slices.Insert(slices.Clone(doc.history), 0, pastOf(traffic))
		return &changed, nil
	})
	if err != nil {
		return registry.Traffic{}, err
	}
	return stored, nil
}

// PutRollout implements [registry.Store].
func (s *Store) PutRollout(ctx context.Context, model string, doc []byte) error {
	raw := compactJSON(doc)
	if len(raw) > maxRollout || len(raw) > 0 && !json.Valid(raw) {
		return fmt.Errorf("registry/file: put rollout %s: %w", model,
			&registry.FieldError{Field: "rollout", Reason: fmt.Sprintf("is not JSON of at most %d bytes", maxRollout)})
	}
	if err := registry.ValidateName("model", model); err != nil {
		return fmt.Errorf("registry/file: put rollout: %w", err)
	}
	return s.change(ctx, model, func(doc *document) (*document, error) {
		if len(doc.model.Versions) == 0 {
			return nil, unknownModel("put rollout", model)
		}
		if string(doc.rollout) == string(raw) {
			return nil, nil
		}
		next := *doc
		next.rollout = raw
		return &next, nil
	})
}

// Rollout implements [registry.Store].
func (s *Store) Rollout(ctx context.Context, model string) ([]byte, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	doc := s.document(model)
	if doc == nil {
		return nil, unknownModel("rollout", model)
	}
	if doc.rollout == nil {
		return nil, fmt.Errorf("registry/file: rollout %s: there is none: %w", model, registry.ErrNotFound)
	}
	return slices.Clone([]byte(doc.rollout)), nil
}

func unknownModel(op, model string) error {
	return fmt.Errorf("registry/file: %s: model %q has no version: %w", op, model, registry.ErrNotFound)
}

// change reads what stands in the file, lets edit make the next document of
// it (nil: nothing to change), writes that and publishes it.
func (s *Store) change(ctx context.Context, name string, edit func(*document) (*document, error)) error {
	give, err := s.take(ctx)
	if err != nil {
		return err
	}
	defer give()
	release, err := s.acquire(ctx)
	if err != nil {
		return fmt.Errorf("registry/file: %s: %w", name, err)
	}
	defer release()

	s.read(ctx, name, patient, true)
	e := s.entry(name)
	if e.doc == nil && (e.bad || e.problem != nil) {
		return fmt.Errorf("registry/file: %s cannot be changed before its file can be read: %w", name, s.refusal(name, e))
	}
	doc := e.doc
	if doc == nil {
		doc = &document{model: registry.Model{Name: name}}
	}
	next, err := edit(doc)
	if err != nil || next == nil {
		if e.doc == nil {
			s.drop(name)
		}
		return err
	}
	if e.bad {
		if err := s.setAside(name); err != nil {
			return fmt.Errorf("registry/file: %s: put the refused text aside: %w", name, err)
		}
	}
	seen, err := s.write(name, next)
	if seen.info != nil { // it is in place, for better or worse
		e.seen, e.bad, e.waiting = seen, false, 0
		s.publish(name, next, nil)
	}
	if err != nil {
		return fmt.Errorf("registry/file: write %s: %w", name, err)
	}
	return nil
}

// refusal is why a document that has never been read is not overwritten.
func (s *Store) refusal(name string, e *entry) error {
	if e.problem != nil {
		return e.problem
	}
	return fmt.Errorf("%s is being edited", s.path(name))
}

// write makes the document durable, what is too old for it first. A stamp
// together with an error means that it is in place but perhaps not durable.
func (s *Store) write(name string, doc *document) (stamp, error) {
	if err := s.archive(doc); err != nil {
		return stamp{}, fmt.Errorf("archive: %w", err)
	}
	data, err := doc.encode()
	if err != nil {
		return stamp{}, err
	}
	return s.replace(s.path(name), data)
}
