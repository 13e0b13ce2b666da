package peers

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

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
	text := "models:\n  " + Model + ":\n    protocol: oip\n    " + strings.Join(lines, "\n    ") + "\n"
	if err := register(filepath.Join(dir, "registry"), Model, j); err != nil {
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

// register writes the versions of a model and their traffic.
func register(dir, model string, j Job) error {
	store, err := file.Open(dir, file.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
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
	_, err = store.Commit(ctx, traffic, 0)
	return err
}

// ManyModels runs Weir with n models, all served by one address; their paths
// are those of ModelPath. Health checks are an hour apart: at the default of 5 s
// there would be n/5 a second.
func (t Tools) ManyModels(dir string, n int, address string) (*Process, error) {
	var (
		models  strings.Builder
		writers errgroup.Group
	)
	writers.SetLimit(32) // opening and closing a store mostly waits
	models.WriteString("models:\n")
	for i := range n {
		writers.Go(func() error { return registerApart(dir, modelName(i), Job{Arms: []Arm{{address, 100}}}) })
		fmt.Fprintf(&models, "  %s: {protocol: oip, monitor: off, upstream: {health: {interval: 1h}}}\n", modelName(i))
	}
	if err := writers.Wait(); err != nil {
		return nil, err
	}
	return t.Gateway(dir, models.String())
}

// registerApart registers a model in a store of its own and moves its document
// to the others: a store that is open looks at all of them whenever one changes.
func registerApart(dir, model string, j Job) error {
	apart := filepath.Join(dir, "apart", model)
	if err := register(apart, model, j); err != nil {
		return err
	}
	all := filepath.Join(dir, "registry")
	if err := os.MkdirAll(all, 0o750); err != nil {
		return err
	}
	if err := os.Rename(filepath.Join(apart, model+".json"), filepath.Join(all, model+".json")); err != nil {
		return err
	}
	return os.RemoveAll(apart)
}

func modelName(i int) string { return fmt.Sprintf("model-%05d", i) }

// ModelPath is where the ith of ManyModels takes inference calls.
func ModelPath(i int) string { return "/v2/models/" + modelName(i) + "/infer" }
