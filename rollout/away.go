package rollout

import (
	"context"
	"errors"

	"github.com/weir-gateway/weir/registry"
)

// abortTries bounds how often an abort gives way to a step that was quicker.
const abortTries = 4

// AbortStored aborts a walk that another gateway runs, or nobody: the way back
// must not wait for whoever leads. Who runs it sees a generation of its own walk
// and ends it, too.
func (c *Controller) AbortStored(ctx context.Context, model, by, reason string) (Rollout, error) {
	for try := 1; ; try++ {
		r, err := c.stored(ctx, model)
		if err != nil {
			return Rollout{}, err
		}
		m, err := c.model(ctx, model)
		if err != nil {
			return Rollout{}, err
		}
		if r.Ledger == nil {
			r.Ledger = &Ledger{}
		}
		w := newWalk(c, r, m.Traffic)
		w.mu.Lock()
		going := !r.Status.Final()
		if going {
			going, err = w.reconcile(ctx, c.cfg.Now())
		}
		switch {
		case err != nil: // not known what to go back from
		case !going && !r.Status.Final(): // it has ended by itself just now
			err = w.save(ctx)
		default:
			err = w.abort(ctx, by, reason)
		}
		public := w.leave()
		if !errors.Is(err, registry.ErrStale) || try == abortTries {
			return public, err
		}
	}
}

// abort goes back; w.mu is held.
func (w *walk) abort(ctx context.Context, by, reason string) error {
	action, err := w.r.Abort(w.c.cfg.Now(), by, reason)
	if err != nil {
		return err
	}
	return w.carryOut(ctx, action)
}
