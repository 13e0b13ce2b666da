package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
)

// maxRollbackTries bounds how often a rollback starts again because a rollout's own step came in between.
const maxRollbackTries = 8

// recentHistory is how many generations a rollback looks at first.
const recentHistory = 64

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
	if wait := time.Duration(request.Wait); wait > mostWait {
		return invalid("wait", "must be at most %v, not %v", mostWait, wait)
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
	if errors.Is(err, registry.ErrUnreachable) {
		return s.rollBackHere(w, back, time.Duration(request.Wait), begin, err)
	}
	if err != nil {
		return err
	}
	answer, status := s.routedHere(r, committed, begin)
	if request.Wait > 0 {
		s.everywhere(r.Context(), &answer, &status, time.Duration(request.Wait), begin)
	}
	return writeChange(w, answer, status)
}

// rollBackHere goes back on this replica alone: what is bad is not to serve on because the registry is down.
func (s *server) rollBackHere(w http.ResponseWriter, b rollback, wait time.Duration, begin time.Time, cause error) error {
	if routed := s.Router.RoutedGeneration(b.model); b.conditional && routed != b.expect {
		return stale(b.model, routed)
	}
	t, err := s.Router.RollBackHere(b.model, b.to, b.actor, b.reason)
	switch {
	case errors.Is(err, registry.ErrNotFound) && b.to == 0:
		return newProblem(http.StatusConflict, api.TypeConflict, "%s", withoutSentinel(err))
	case err != nil:
		return err
	}
	status := http.StatusOK
	if wait > 0 {
		status = http.StatusAccepted // the others can't be told
	}
	return writeChange(w, api.Changed{
		Traffic: t, Routed: true, Interim: true, Took: s.Now().Sub(begin).Seconds(),
		Note: fmt.Sprintf("by this gateway alone, since the registry can't be reached: send it to the others, too; it is committed when the registry is back (%v)", cause),
	}, status)
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

// run decides once what to bring back, and then brings just that back: a step that a rollout makes in between must not
// turn the person's decision into another one.
func (b rollback) run(ctx context.Context) (registry.Traffic, error) {
	current, target, err := b.decide(ctx)
	if errors.Is(err, registry.ErrNotFound) && b.to == 0 {
		return registry.Traffic{}, newProblem(http.StatusConflict, api.TypeConflict, "%s", withoutSentinel(err))
	}
	if err != nil {
		return registry.Traffic{}, err
	}
	for range maxRollbackTries {
		committed, err := b.store.Commit(ctx, b.next(target), current.Generation)
		if b.conditional || !errors.Is(err, registry.ErrStale) {
			return committed, err
		}
		history, err := b.history(ctx, 1)
		if err != nil {
			return registry.Traffic{}, err
		}
		current = history[0]
		switch {
		case alike(current, target): // somebody else's rollback to the same, or the guardrail's
			return current, nil
		case current.Cause != registry.CauseRollout && current.Cause != registry.CauseGuardrail:
			return registry.Traffic{}, stale(b.model, current.Generation)
		}
	}
	return registry.Traffic{}, fmt.Errorf("admin: roll back %s: %w %d times in a row", b.model, registry.ErrStale, maxRollbackTries)
}

// decide reads what serves and what to bring back. What a rollback needs is nearly always among the latest generations;
// the whole history, which a store may have to fetch from an archive, is read only where it is not.
func (b rollback) decide(ctx context.Context) (current, target registry.Traffic, err error) {
	for limit := recentHistory; ; limit = 0 {
		history, err := b.history(ctx, limit)
		if err != nil {
			return current, target, err
		}
		current = history[0]
		if b.conditional && current.Generation != b.expect {
			return current, target, stale(b.model, current.Generation)
		}
		target, err = registry.RollbackTarget(history, b.to)
		if !errors.Is(err, registry.ErrNotFound) || len(history) < limit || limit == 0 {
			return current, target, err
		}
	}
}

// history is that of a model with traffic, newest first.
func (b rollback) history(ctx context.Context, limit int) ([]registry.Traffic, error) {
	history, err := b.store.History(ctx, b.model, limit)
	if err != nil && !errors.Is(err, registry.ErrNotFound) {
		return nil, err
	}
	if len(history) == 0 {
		return nil, newProblem(http.StatusConflict, api.TypeConflict, "%s has no traffic yet, so there is nothing to go back to", b.model)
	}
	return history, nil
}

// alike tells whether both serve and copy alike; who stands by does not matter.
func alike(a, b registry.Traffic) bool {
	a.Standby, b.Standby = nil, nil
	return a.SameContent(b)
}

// next is the new generation with the target's content. Standby is left to the store: what loses its traffic now stays
// connected, in case the rollback was the mistake.
func (b rollback) next(target registry.Traffic) registry.Traffic {
	target.Actor, target.Reason, target.Cause = b.actor, b.reason, registry.CauseManual
	target.Standby = nil
	return target
}
