package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"

	"github.com/weir-gateway/weir/registry"
)

// lastGood keeps, in the state folder, what requests were last routed by, so
// that a gateway that starts while its registry is unreadable serves what it
// served before. It is no second registry: whatever the registry knows of a
// model goes before it, unless its generation is older.
type lastGood struct {
	path string
	kept map[string]uint64 // generations in the file, so that it is written only when one has moved
}

func newLastGood(dir string) *lastGood {
	return &lastGood{path: filepath.Join(dir, "last-good.json")}
}

// read returns what an earlier process routed by; nothing if there was none. A
// file that can't be read is an error and means no more than that: the registry
// may know everything.
func (l *lastGood) read() (registry.Snapshot, error) {
	content, err := os.ReadFile(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return registry.Snapshot{}, nil
	}
	if err != nil {
		return registry.Snapshot{}, err
	}
	var s registry.Snapshot
	if err := json.Unmarshal(content, &s.Models); err != nil {
		return registry.Snapshot{}, err
	}
	return s, nil
}

// write keeps the traffic of a, with the versions it names.
func (l *lastGood) write(a *applied, known func(model string) registry.Model) error {
	generations := make(map[string]uint64, len(a.traffic))
	models := make(map[string]registry.Model, len(a.traffic))
	for name, traffic := range a.traffic {
		if traffic == nil {
			continue
		}
		generations[name] = traffic.Generation
		models[name] = registry.Model{Name: name, Versions: known(name).Versions, Traffic: traffic}
	}
	if maps.Equal(generations, l.kept) {
		return nil
	}
	content, err := json.MarshalIndent(models, "", "  ")
	if err != nil {
		return err
	}
	if err := replaceFile(l.path, content); err != nil {
		return err
	}
	l.kept = generations
	return nil
}

// keepLastGood writes what is routed by whenever it has changed, until ctx ends.
// A commit does not wait for it.
func (g *Gateway) keepLastGood(ctx context.Context) {
	for {
		now := g.applied.Load()
		g.mu.Lock()
		snapshot := g.snapshot
		g.mu.Unlock()
		known := func(model string) registry.Model { return g.known(snapshot, model) }
		if err := g.lastGood.write(now, known); err != nil {
			g.log.Error("the last good tables can't be saved; a start without the registry would not find them", "error", err)
		}
		select {
		case <-now.changed:
		case <-ctx.Done():
			return
		}
	}
}
