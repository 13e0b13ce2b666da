package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
)

// maxRollbackTries bounds how often a rollback starts again because a rollout's own step came in between.
const maxRollbackTries = 8

// postRollback brings an older content back as a new generation. Unlike a replacement it needs no If-Match: who rolls
// back in the night wants the last good content, whatever a rollout has done a moment ago. With If-Match it is
// conditional like any other write.
func (s *server) postRollback(w http.ResponseWriter, r *http.Request) error {
	begin := s.Now()
	expect, given, err := ifMatch(r)
	if err != nil {
		return err
	}
	var request api.RollbackRequest
	if err := decodeBody(w, r, &request); err != nil {
		return err
	}
	back := rollback{
		store: s.Store, model: r.PathValue("model"), to: request.To,
		actor: actor(r), reason: reasonOr(request.Reason), expect: expect, conditional: given,
	}
	if _, err := s.model(r.Context(), back.model); err != nil {
		return err
	}
	committed, err := back.run(r.Context())
	if errors.Is(err, registry.ErrStale) {
		return s.staleNow(r.Context(), back.model, err)
	}
	if err != nil {
		return err
	}
	return s.answerChange(w, r, committed, begin)
}

// rollback is one attempt to bring an older content back.
type rollback struct {
	store         registry.Store
	model         string
	to            uint64
	actor, reason string
	expect        uint64
	conditional   bool
}

func (b rollback) run(ctx context.Context) (registry.Traffic, error) {
	var first registry.Traffic // the content this rollback meant to bring back when it began
	for try := range maxRollbackTries {
		history, err := b.store.History(ctx, b.model, 0)
		if err != nil && !errors.Is(err, registry.ErrNotFound) {
			return registry.Traffic{}, err
		}
		if len(history) == 0 {
			return registry.Traffic{}, newProblem(http.StatusConflict, api.TypeConflict, "%s has no traffic yet, so there is nothing to go back to", b.model)
		}
		current := history[0]
		if b.conditional && current.Generation != b.expect {
			return registry.Traffic{}, stale(b.model, current.Generation)
		}
		// Two people who roll back at once mean the same content, not two steps back.
		if try > 0 && current.Restores != 0 && slices.Equal(current.Arms, first.Arms) {
			return current, nil
		}
		if try > 0 && current.Cause != registry.CauseRollout && current.Cause != registry.CauseGuardrail {
			return registry.Traffic{}, stale(b.model, current.Generation)
		}
		target, err := registry.RollbackTarget(history, b.to)
		if errors.Is(err, registry.ErrNotFound) && b.to == 0 {
			return registry.Traffic{}, newProblem(http.StatusConflict, api.TypeConflict, "%v", err)
		}
		if err != nil {
			return registry.Traffic{}, err
		}
		if try == 0 {
			first = target
		}
		committed, err := b.store.Commit(ctx, b.next(target), current.Generation)
		if !errors.Is(err, registry.ErrStale) {
			return committed, err
		}
	}
	return registry.Traffic{}, fmt.Errorf("admin: roll back %s: %w %d times in a row", b.model, registry.ErrStale, maxRollbackTries)
}

// next is the new generation with the target's content. Standby is left to the store: what loses its traffic now stays
// connected, in case the rollback was the mistake.
func (b rollback) next(target registry.Traffic) registry.Traffic {
	target.Actor, target.Reason, target.Cause = b.actor, b.reason, registry.CauseManual
	target.Standby = nil
	return target
}
