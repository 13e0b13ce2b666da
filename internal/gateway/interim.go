package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
)

const (
	// settleInterval is between two attempts to commit interims, while the
	// registry can be reached.
	settleInterval = 250 * time.Millisecond
	// settleTries bounds how often one attempt begins anew because somebody was
	// quicker.
	settleTries = 8
)

// interims are rollbacks that this gateway routes by while a shared registry
// can't be reached. One lies over the generation that was routed when it was
// made, has its number, and is no generation itself: nobody else knows it. It is
// committed when the registry is back, unless a person was first.
type interims struct {
	path string
	of   map[string]registry.Traffic // guarded by the gateway's mu; replaced, never changed
}

// interimEvent is the data of an interim event.
type interimEvent struct {
	State   string           `json:"state"`
	Traffic registry.Traffic `json:"traffic"`
}

// readInterims returns what an earlier process had not settled.
func readInterims(dir string) (*interims, error) {
	i := &interims{path: filepath.Join(dir, "interim.json"), of: map[string]registry.Traffic{}}
	content, err := os.ReadFile(i.path)
	if errors.Is(err, fs.ErrNotExist) {
		return i, nil
	}
	if err != nil {
		return i, err
	}
	return i, json.Unmarshal(content, &i.of)
}

// set puts one in the place of another, or of none, or with nil takes it away:
// on the disk first.
func (i *interims) set(model string, t *registry.Traffic) error {
	next := maps.Clone(i.of)
	delete(next, model)
	if t != nil {
		next[model] = *t
	}
	content, err := json.MarshalIndent(next, "", "  ")
	if err != nil {
		return err
	}
	if err := replaceFile(i.path, content); err != nil {
		return err
	}
	i.of = next
	return nil
}

// over is the interim by which a model is routed in place of its traffic; nil:
// none. A step of a rollout does not end it, as it would not undo a rollback;
// what a person did does.
func (i *interims) over(wanted *registry.Traffic) *registry.Traffic {
	if wanted == nil {
		return nil
	}
	t, ok := i.of[wanted.Model]
	if !ok || wanted.Generation > t.Generation && !byItself(*wanted) {
		return nil
	}
	return &t
}

// byItself tells what a rollout does from what a person does.
func byItself(t registry.Traffic) bool {
	return t.Cause == registry.CauseRollout || t.Cause == registry.CauseGuardrail
}

// RollBackHere implements admin.Router.
func (g *Gateway) RollBackHere(model string, to uint64, actor, reason string) (registry.Traffic, error) {
	began := time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.applied.Load()
	current := now.traffic[model]
	if current == nil {
		return registry.Traffic{}, fmt.Errorf("gateway: roll back %s: this gateway routes no traffic of it: %w", model, registry.ErrNotFound)
	}
	past := g.pastLocked(model)
	history := []registry.Traffic{*current}
	if i := slices.IndexFunc(past, func(t registry.Traffic) bool { return t.Generation < current.Generation }); i >= 0 {
		history = append(history, past[i:]...)
	}
	if to == 0 && current.Generation > 1 && (len(history) < 2 || history[1].Generation != current.Generation-1) {
		return registry.Traffic{}, fmt.Errorf("gateway: roll back %s: this gateway does not know the generations before %d, and the registry can't be asked; name one with \"to\", or ask another gateway: %w",
			model, current.Generation, registry.ErrConflict)
	}
	if before := now.interim[model]; before != nil { // going back twice goes back further
		last := *before
		last.Generation = current.Generation + 1
		history = append([]registry.Traffic{last}, history...)
	}
	target, err := registry.RollbackTarget(history, to)
	if err != nil {
		return registry.Traffic{}, err
	}
	target.Standby = registry.Standby(*now.routed(model), target)
	target.Generation, target.Time = current.Generation, g.now().UTC()
	target.Actor, target.Reason, target.Cause = actor, reason, registry.CauseManual
	if err := g.lay(target); err != nil {
		return registry.Traffic{}, fmt.Errorf("gateway: roll back %s while the registry can't be reached: %w", model, err)
	}
	g.metrics.rollback.Observe(time.Since(began))
	g.log.Warn("routing by a rollback that the registry does not know yet", "model", model, "over", target.Generation, "restores", target.Restores, "actor", actor, "reason", reason)
	g.publish(api.EventInterim, model, interimEvent{api.InterimMade, target})
	return target, nil
}

// lay keeps an interim and routes by it; mu is held.
func (g *Gateway) lay(t registry.Traffic) error {
	before, had := g.interims.of[t.Model]
	if err := g.interims.set(t.Model, &t); err != nil {
		return err
	}
	err := g.reapply()
	if err == nil && g.applied.Load().interim[t.Model] == nil {
		err = errors.New("its versions can't be routed; see the log")
	}
	if err == nil {
		return nil
	}
	if had {
		return errors.Join(err, g.interims.set(t.Model, &before), g.reapply())
	}
	return errors.Join(err, g.interims.set(t.Model, nil), g.reapply())
}

// reapply routes by what is known already; mu is held.
func (g *Gateway) reapply() error {
	return g.applyLocked(g.cfg, registry.Snapshot{Problems: g.snapshot.Problems})
}

// Interim implements admin.Router.
func (g *Gateway) Interim(model string) *registry.Traffic {
	t := g.applied.Load().interim[model]
	if t == nil {
		return nil
	}
	shown := t.Clone()
	return &shown
}

// settleInterims commits what was laid over, once the registry is back, until
// ctx ends.
func (g *Gateway) settleInterims(ctx context.Context) {
	every(ctx, settleInterval, func() {
		g.sync.mu.Lock()
		connected := g.sync.connected
		g.sync.mu.Unlock()
		if !connected {
			return
		}
		g.mu.Lock()
		all := g.interims.of
		g.mu.Unlock()
		for model, t := range all {
			state, err := g.settle(ctx, t)
			if err != nil {
				g.log.Debug("a rollback that was made without the registry can't be committed now", "model", model, "error", err)
				continue
			}
			g.settled(t, state)
		}
	})
}

// settle commits an interim, or finds out why it need not or must not.
func (g *Gateway) settle(ctx context.Context, t registry.Traffic) (state string, err error) {
	for range settleTries {
		history, err := g.store.History(ctx, t.Model, pastMost)
		if err != nil {
			return "", err
		}
		if len(history) == 0 {
			return "", fmt.Errorf("gateway: %s has no history: %w", t.Model, registry.ErrNotFound)
		}
		current := history[0]
		if alike(current, t) { // by another gateway, or before an answer was lost
			return api.InterimCommitted, g.take(current)
		}
		newer := slices.IndexFunc(history, func(h registry.Traffic) bool { return h.Generation <= t.Generation })
		if newer < 0 || slices.ContainsFunc(history[:newer], func(h registry.Traffic) bool { return !byItself(h) }) {
			// Routed first: what lies under the interim is what was gone back from.
			return api.InterimSuperseded, g.take(current)
		}
		next := t.Clone()
		next.Standby = nil
		if _, err = g.store.Commit(ctx, next, current.Generation); !errors.Is(err, registry.ErrStale) {
			return api.InterimCommitted, err
		}
	}
	return "", fmt.Errorf("gateway: %s changes all the time: %w", t.Model, registry.ErrStale)
}

// settled takes an interim away, unless another was laid meanwhile.
func (g *Gateway) settled(t registry.Traffic, state string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now, ok := g.interims.of[t.Model]; !ok || !now.Time.Equal(t.Time) {
		return
	}
	err := g.interims.set(t.Model, nil)
	if err == nil {
		err = g.reapply()
	}
	if err != nil {
		g.log.Error("a rollback that was made without the registry is settled and can't be taken away; trying again", "model", t.Model, "error", err)
		return
	}
	g.log.Warn("a rollback that was made without the registry is settled", "model", t.Model, "state", state, "over", t.Generation, "actor", t.Actor)
	g.publish(api.EventInterim, t.Model, interimEvent{state, t})
}

// alike tells whether both serve and copy alike; who stands by does not matter.
func alike(a, b registry.Traffic) bool {
	a.Standby, b.Standby = nil, nil
	return a.SameContent(b)
}
