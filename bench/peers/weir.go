package peers

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/registry/file"
)

// Model is the model that Weir serves: all its paths begin with
// /v2/models/bench.
const Model = "bench"

// weir runs the gateway with one processor. Its arms are the versions 1, 2, …,
// its shadow the version after them.
func (t Tools) weir(dir string, j Job) (*Process, error) {
	lines := []string{"max_body: 1GiB", "shadow: {timeout: 500ms}"}
	if !j.Monitor {
		lines = append(lines, "monitor: off")
	}
	text := "models:\n  " + Model + ":\n    protocol: oip\n"
	for _, line := range lines {
		text += "    " + line + "\n"
	}
	if err := register(filepath.Join(dir, "registry"), j); err != nil {
		return nil, err
	}
	return t.Gateway(dir, text)
}

// Gateway runs Weir on the folder dir/registry with the given models.
func (t Tools) Gateway(dir, models string) (*Process, error) {
	data, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	admin, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	path, err := write(dir, "weir.yaml", fmt.Sprintf(
		"listen: {http: %q, admin: %q}\nlimits: {idle_timeout: 5m}\nregistry: {kind: file, dir: ./registry}\nstate_dir: ./state\n%s", data, admin, models))
	if err != nil {
		return nil, err
	}
	p, err := Start(NameWeir, data, "env", "GOMAXPROCS=1", t.Weir, "serve", "--config", path)
	if err != nil {
		return nil, err
	}
	p.Admin = admin
	return p, nil
}

// register writes the versions and their traffic.
func register(dir string, j Job) error {
	store, err := file.Open(dir, file.Options{})
	if err != nil {
		return err
	}
	defer store.Close()
	return registerModel(store, Model, j)
}

// ManyModels runs Weir with n models, all served by one address; their paths
// are those of ModelPath. Health checks are an hour apart: at the default of 5 s
// there would be n/5 a second.
func (t Tools) ManyModels(dir string, n int, address string) (*Process, error) {
	store, err := file.Open(filepath.Join(dir, "registry"), file.Options{})
	if err != nil {
		return nil, err
	}
	defer store.Close()
	var models strings.Builder
	models.WriteString("models:\n")
	for i := range n {
		if err := registerModel(store, modelName(i), Job{Arms: []Arm{{address, 100}}}); err != nil {
			return nil, err
		}
		fmt.Fprintf(&models, "  %s: {protocol: oip, monitor: off, upstream: {health: {interval: 1h}}}\n", modelName(i))
	}
	return t.Gateway(dir, models.String())
}

func modelName(i int) string { return fmt.Sprintf("model-%05d", i) }

// ModelPath is where the ith of ManyModels takes inference calls.
func ModelPath(i int) string { return "/v2/models/" + modelName(i) + "/infer" }

// registerModel writes the versions of one model and its traffic.
func registerModel(store *file.Store, model string, j Job) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	traffic := registry.Traffic{Model: model, Stable: "1", Reason: "benchmark"}
	add := func(version, address string) error {
		_, err := store.Register(ctx, registry.Version{Model: model, Version: version, Endpoints: []string{"http://" + address}})
		return err
	}
	for i, a := range j.Arms {
		version := strconv.Itoa(i + 1)
		if err := add(version, a.Address); err != nil {
			return err
		}
		traffic.Arms = append(traffic.Arms, registry.Arm{Version: version, Weight: registry.Full / 100 * registry.Weight(a.Weight)}) //nolint:gosec // a percentage
	}
	if j.Shadow != "" {
		version := strconv.Itoa(len(j.Arms) + 1)
		if err := add(version, j.Shadow); err != nil {
			return err
		}
		traffic.Shadows = []registry.Shadow{{Version: version, Sample: 1}}
	}
	_, err := store.Commit(ctx, traffic, 0)
	return err
}
