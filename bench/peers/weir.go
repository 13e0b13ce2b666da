package peers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/registry/file"
)

// Weir describes one gateway with one model, "bench", behind
// /v2/models/bench.
type Weir struct {
	Binary   string
	Versions map[string]string // version → address of its server
	Arms     []registry.Arm
	Shadows  []registry.Shadow
	Lines    []string // more configuration of the model
	Env      []string
}

// Start writes the configuration and the registry into dir and runs the gateway.
func (w Weir) Start(dir string) (*Process, error) {
	data, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	admin, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("listen: {http: %q, admin: %q}\nregistry: {kind: file, dir: ./registry}\nstate_dir: ./state\nmodels:\n  bench:\n    protocol: oip\n", data, admin)
	for _, line := range w.Lines {
		text += "    " + line + "\n"
	}
	path := filepath.Join(dir, "weir.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("peers: weir: %w", err)
	}
	if err := w.register(filepath.Join(dir, "registry")); err != nil {
		return nil, fmt.Errorf("peers: weir: %w", err)
	}
	return Start("weir", data, "env", append(append([]string{}, w.Env...), w.Binary, "serve", "--config", path)...)
}

func (w Weir) register(dir string) error {
	store, err := file.Open(dir, file.Options{})
	if err != nil {
		return err
	}
	defer store.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for version, address := range w.Versions {
		v := registry.Version{Model: "bench", Version: version, Endpoints: []string{"http://" + address}}
		if _, err := store.Register(ctx, v); err != nil {
			return err
		}
	}
	_, err = store.Commit(ctx, registry.Traffic{
		Model: "bench", Stable: w.Arms[0].Version, Arms: w.Arms, Shadows: w.Shadows, Reason: "benchmark",
	}, 0)
	return err
}
