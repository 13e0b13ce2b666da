package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/weir-gateway/weir/registry"
)

const (
	// pastMost is how many generations of a model are remembered.
	pastMost = 32
	// pastRetry is between two attempts to read what is missing.
	pastRetry = time.Second
)

// past remembers the newest generations of every model, in the state folder, so
// that there is something to go back to while a shared registry can't be read.
// A process may have seen none of them happen.
type past struct {
	dir string
	of  map[string][]registry.Traffic // newest first, without gaps; guarded by the gateway's mu
}

func newPast(state string) *past {
	return &past{dir: filepath.Join(state, "past"), of: map[string][]registry.Traffic{}}
}

// keepPast follows what is routed until ctx ends.
func (g *Gateway) keepPast(ctx context.Context) {
	if _, shared := g.store.Store.(registry.Elector); !shared {
		return // a registry on this machine can be asked
	}
	for {
		now := g.applied.Load()
		missing := false
		for model, t := range now.traffic {
			if t != nil && ctx.Err() == nil && !g.remember(ctx, *t) {
				g.log.Debug("the generations before the present one can't be read now", "model", model)
				missing = true
			}
		}
		var again <-chan time.Time
		if missing {
			again = time.After(pastRetry)
		}
		select {
		case <-now.changed:
		case <-again:
		case <-ctx.Done():
			return
		}
	}
}

// remember adds a generation, and asks the registry where those before it are not
// known. False: it could not be asked.
func (g *Gateway) remember(ctx context.Context, t registry.Traffic) bool {
	t = t.Clone()
	t.Evidence = nil
	known := g.pastOf(t.Model)
	switch {
	case len(known) > 0 && known[0].Generation >= t.Generation:
		return true
	case t.Generation == 1, len(known) > 0 && known[0].Generation == t.Generation-1:
		known = append([]registry.Traffic{t}, known...)
	default:
		history, err := g.store.History(ctx, t.Model, pastMost)
		if err != nil || len(history) == 0 {
			return false
		}
		known = history
		for i := range known {
			known[i].Evidence = nil
		}
	}
	known = unbroken(known)
	g.mu.Lock()
	g.past.of[t.Model] = known
	g.mu.Unlock()
	if err := g.past.write(t.Model, known); err != nil {
		g.log.Error("the generations to go back to can't be saved; after a start without the registry there would be none", "model", t.Model, "error", err)
	}
	return true
}

// unbroken is the newest part of a history that has no gap.
func unbroken(history []registry.Traffic) []registry.Traffic {
	n := min(1, len(history))
	for n < min(len(history), pastMost) && history[n].Generation == history[n-1].Generation-1 {
		n++
	}
	return history[:n]
}

// pastOf is what is remembered of a model, read from the state folder the first
// time.
func (g *Gateway) pastOf(model string) []registry.Traffic {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pastLocked(model)
}

func (g *Gateway) pastLocked(model string) []registry.Traffic {
	known, ok := g.past.of[model]
	if !ok {
		var err error
		if known, err = g.past.read(model); err != nil {
			g.log.Warn("the generations to go back to can't be read from the state folder", "model", model, "error", err)
		}
		g.past.of[model] = known
	}
	return known
}

func (p *past) path(model string) string { return filepath.Join(p.dir, model+".json") }

func (p *past) read(model string) (known []registry.Traffic, err error) {
	content, err := os.ReadFile(p.path(model))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return known, json.Unmarshal(content, &known)
}

func (p *past) write(model string, known []registry.Traffic) error {
	content, err := json.Marshal(known)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(p.dir, 0o750); err != nil {
		return err
	}
	return replaceFile(p.path(model), content)
}
