package gateway

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// saveInterval is how much of a monitor's evidence a killed process may lose.
const saveInterval = time.Minute

func (g *Gateway) monitorStatePath(model string) string {
	return filepath.Join(g.dir, "monitor", model+".json")
}

// readMonitorState returns what an earlier process left, nil if nothing.
func (g *Gateway) readMonitorState(model string) []byte {
	state, err := os.ReadFile(g.monitorStatePath(model))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		g.log.Warn("the monitor's state can't be read; it starts anew", "model", model, "error", err)
	}
	return state
}

// keepMonitorState saves the monitors' evidence now and then until ctx ends.
// The last save is closeModels'.
func (g *Gateway) keepMonitorState(ctx context.Context) {
	every(ctx, saveInterval, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.saveMonitorState()
	})
}

// saveMonitorState writes the state of every monitor; mu is held. A failure is
// logged and costs nothing but evidence.
func (g *Gateway) saveMonitorState() {
	if g.superseded {
		return // the other gateway's is newer
	}
	for name, m := range g.models {
		if m.monitor == nil {
			continue
		}
		state, err := m.monitor.State()
		if err == nil {
			err = replaceFile(g.monitorStatePath(name), state)
		}
		if err != nil {
			g.log.Error("the monitor's state can't be saved", "model", name, "error", err)
		}
	}
}

// replaceFile writes a file so that a reader sees the old content or the new.
func replaceFile(path string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	temporary := path + ".tmp"
	if err := os.WriteFile(temporary, content, 0o644); err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	if err := os.Rename(temporary, path); err != nil {
		return fmt.Errorf("gateway: %w", err)
	}
	return nil
}
