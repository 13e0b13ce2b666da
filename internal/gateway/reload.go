package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/config"
	"github.com/weir-gateway/weir/registry"
)

// settle is how long the configuration file must have been quiet before it is
// read again: editors and orchestrators write in several steps.
const settle = 100 * time.Millisecond

// reloaded is the data of a reload event.
type reloaded struct {
	OK      bool            `json:"ok"`
	Error   string          `json:"error,omitempty"`
	Changes []config.Change `json:"changes,omitempty"`
}

// Reload reads the configuration file again and applies it, all or nothing: an
// error (config.Errors with every fault of the file, or what could not be built)
// leaves the running configuration as it was.
func (g *Gateway) Reload(_ context.Context) error {
	changes, err := g.reload()
	g.metrics.reloaded(err)
	note := reloaded{OK: err == nil, Changes: changes}
	if err != nil {
		note.Error = err.Error()
		g.log.Error("the configuration was not reloaded; the last good one stays", "error", err)
	} else {
		g.log.Info("the configuration was reloaded", "changes", len(changes))
	}
	g.publish(api.EventReload, "", note)
	return err
}

func (g *Gateway) reload() ([]config.Change, error) {
	next, err := config.Load(g.opts.ConfigPath)
	if err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	changes := config.Diff(g.cfg, next)
	var fixed []string
	for _, c := range changes {
		if c.Restart {
			fixed = append(fixed, c.Path)
		}
	}
	if len(fixed) > 0 {
		return nil, fmt.Errorf("gateway: reload %s: %s can only change with a restart", g.opts.ConfigPath, strings.Join(fixed, ", "))
	}
	if err := errors.Join(g.secrets.read(), g.guarded.read()); err != nil {
		return nil, err
	}
	return changes, g.applyLocked(next, registry.Snapshot{Problems: g.snapshot.Problems})
}

// followConfig reloads when the file's content changes and on every Hangup,
// until ctx ends. The folder is watched and not the file, because editors
// replace files and Kubernetes swaps links.
func (g *Gateway) followConfig(ctx context.Context) {
	changed := make(chan fsnotify.Event)
	watcher, err := fsnotify.NewWatcher()
	if err == nil {
		err = watcher.Add(filepath.Dir(g.opts.ConfigPath))
		defer func() { _ = watcher.Close() }()
		changed = watcher.Events
	}
	if err != nil {
		g.log.Warn("the configuration file can't be watched; reload with SIGHUP or POST /-/reload", "error", err)
	}
	last, _ := os.ReadFile(g.opts.ConfigPath) // New has read it
	quiet := time.NewTimer(settle)
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.opts.Hangup:
			last, _ = os.ReadFile(g.opts.ConfigPath)
			_ = g.Reload(ctx) // which has logged, counted and published its error
		case _, ok := <-changed:
			if !ok {
				changed = nil
				continue
			}
			quiet.Reset(settle)
		case <-quiet.C:
			content, err := os.ReadFile(g.opts.ConfigPath)
			if err != nil || bytes.Equal(content, last) {
				continue // gone for a moment, or not ours
			}
			last = content
			_ = g.Reload(ctx)
		}
	}
}
