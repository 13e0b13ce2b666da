package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/weir-gateway/weir/admin/client"
	"github.com/weir-gateway/weir/internal/demo/replay"
	"github.com/weir-gateway/weir/internal/demo/server"
	"github.com/weir-gateway/weir/internal/gateway"
)

// configuration is the gateway's; its rollout part says what act b and c walk
// by, but for the steps, which depend on the scale.
const configuration = `
listen: {http: "127.0.0.1:0", admin: "127.0.0.1:0"}
registry: {kind: file, dir: ./registry}
state_dir: ./state
drain_timeout: 5s
models:
  flights:
    protocol: oip
    timeout: 5s
    monitor:
      slices: [origin, carrier]
      window: 1m
      false_alarm_every: 1000000
    rollout:
      automation: automatic
      false_alarm: 0.01
      guardrails:
        - {metric: errors, margin: 0.5}
        - {metric: latency, quantile: 0.9, margin: 200}
        - {metric: prediction, margin: 0.1}
      deadline: 10m
`

// world is everything that runs: the model servers, the gateway and the
// replay of flights.
type world struct {
	folder   string
	versions []*version
	servers  map[string]*server.Server
	gateway  *gateway.Gateway
	api      *client.Client
	cursor   *cursor
	player   *replay.Player

	stop   context.CancelFunc // of the replay
	halt   context.CancelFunc // of the gateway, once nobody sends any more
	replay sync.WaitGroup
	ended  chan error // the gateway's
}

// open starts the model servers and the gateway, and registers nothing yet.
func open(ctx context.Context, with *cast, log *slog.Logger) (w *world, err error) {
	w = &world{
		versions: with.versions,
		servers:  map[string]*server.Server{},
		cursor:   newCursor(with.flights, time.March),
		ended:    make(chan error, 1),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	for _, v := range w.versions {
		s, err := server.Start(server.Config{Name: modelName, Version: v.name, Model: v.model})
		if err != nil {
			return w, err
		}
		w.servers[v.name] = s
	}
	if w.folder, err = os.MkdirTemp("", "weir-demo-"); err != nil {
		return w, fmt.Errorf("demo: make a folder for the registry: %w", err)
	}
	config := filepath.Join(w.folder, "weir.yaml")
	if err := os.WriteFile(config, []byte(configuration), 0o600); err != nil {
		return w, fmt.Errorf("demo: %w", err)
	}
	g, err := gateway.New(gateway.Options{ConfigPath: config, Logger: log})
	if err != nil {
		return w, err
	}
	w.gateway = g
	var running context.Context
	running, w.halt = context.WithCancel(context.WithoutCancel(ctx))
	go func() { w.ended <- g.Run(running) }()
	if w.api, err = client.New(g.AdminAddress().String(), client.Options{Actor: "weir demo"}); err != nil {
		return w, err
	}
	w.player, err = replay.New(replay.Config{URL: w.dataURL() + "/v2/models/" + modelName + "/infer"})
	return w, err
}

func (w *world) dataURL() string { return "http://" + w.gateway.DataAddress().String() }

// play starts sending flights, until close.
func (w *world) play(ctx context.Context) {
	ctx, w.stop = context.WithCancel(ctx)
	w.replay.Go(func() { w.player.Play(ctx, w.cursor.next) })
}

// close stops the replay, then the gateway, then the model servers, and waits
// for each: so a request that was sent is still answered.
func (w *world) close() error {
	var errs []error
	if w.stop != nil {
		w.stop()
	}
	w.replay.Wait()
	if w.gateway != nil {
		w.halt()
		errs = append(errs, <-w.ended)
	}
	for _, s := range w.servers {
		errs = append(errs, s.Close())
	}
	if w.folder != "" {
		errs = append(errs, os.RemoveAll(w.folder))
	}
	return errors.Join(errs...)
}
