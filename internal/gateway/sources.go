package gateway

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/weir-gateway/weir/admin"
	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/config"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/registry/mlflow"
)

// sources follow what registers versions by itself, one a model.
type sources struct {
	gateway *Gateway

	mu       sync.Mutex
	followed map[string]*followed      // by model
	errors   map[string]*atomic.Uint64 // by model; they outlive reloads
}

// followed is one source under one configuration.
type followed struct {
	cfg      config.MLflow
	source   *mlflow.Source
	verifier *mlflow.Verifier
	stop     context.CancelFunc
}

func newSources(g *Gateway) *sources {
	return &sources{gateway: g, followed: map[string]*followed{}, errors: map[string]*atomic.Uint64{}}
}

// follow keeps the sources as the configuration has them, until ctx ends. They
// are no part of the state that is swapped: a source registers through the
// store, which applies, so that nobody who applies may wait for one.
func (s *sources) follow(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	var looking sync.WaitGroup
	defer looking.Wait()
	defer stop()
	for {
		now := s.gateway.applied.Load()
		for _, f := range s.adopt(ctx, now.cfg) {
			looking.Go(func() { f(ctx) })
		}
		select {
		case <-ctx.Done():
			return
		case <-now.changed:
		}
	}
}

// adopt ends the sources that cfg has otherwise, and returns how to follow those
// that are new.
func (s *sources) adopt(ctx context.Context, cfg *config.Config) (begin []func(context.Context)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for model, f := range s.followed {
		if m := cfg.Models[model]; m == nil || !reflect.DeepEqual(m.Source.MLflow, f.cfg) {
			f.stop()
			delete(s.followed, model)
		}
	}
	for _, model := range cfg.ModelNames() {
		wanted := cfg.Models[model].Source.MLflow
		if wanted.URL == "" || s.followed[model] != nil {
			continue
		}
		own, stop := context.WithCancel(ctx)
		f := &followed{cfg: wanted, source: s.open(model, wanted), stop: stop}
		if wanted.WebhookSecretEnv != "" {
			f.verifier = mlflow.NewVerifier(s.variable(wanted.WebhookSecretEnv), s.gateway.now)
		}
		s.followed[model] = f
		begin = append(begin, func(context.Context) { f.source.Follow(own) })
	}
	return begin
}

func (s *sources) open(model string, cfg config.MLflow) *mlflow.Source {
	failures := s.errors[model]
	if failures == nil {
		failures = new(atomic.Uint64)
		s.errors[model] = failures
	}
	return mlflow.New(mlflow.Options{
		Model:     model,
		URL:       cfg.URL,
		Name:      cfg.Name,
		Endpoints: cfg.Endpoints,
		Poll:      cfg.Poll.Std(),
		Token:     s.variable(cfg.TokenEnv),
		Store:     s.gateway.store,
		Now:       s.gateway.now,
		OnPoll: func(err error) {
			if err != nil {
				failures.Add(1)
			}
		},
		OnChange: func(status mlflow.Status) { s.changed(model, status) },
	})
}

// variable reads an environment variable at every call.
func (s *sources) variable(name string) func() string {
	getenv := s.gateway.opts.Getenv
	if name == "" || getenv == nil {
		return func() string { return "" }
	}
	return func() string { return getenv(name) }
}

// changed tells what a look has changed.
func (s *sources) changed(model string, status mlflow.Status) {
	g, told := s.gateway, sourceOf(status)
	switch {
	case !status.Connected:
		g.log.Error("MLflow can't be read; what is registered stays", "model", model, "error", status.Error)
	case len(status.Skipped) > 0:
		g.log.Warn("MLflow has versions that are not taken over", "model", model,
			"registered", status.Registered, "aliases", status.Aliases, "skipped", status.Skipped)
	default:
		g.log.Info("MLflow was read", "model", model, "registered", status.Registered, "aliases", status.Aliases)
	}
	g.publish(api.EventSource, model, told)
}

func sourceOf(status mlflow.Status) api.Source {
	told := api.Source{
		Kind: "mlflow", Connected: status.Connected, Error: status.Error, Aliases: status.Aliases, Registered: status.Registered,
	}
	for _, v := range status.Skipped {
		told.Skipped = append(told.Skipped, api.SkippedVersion(v))
	}
	return told
}

func (s *sources) of(model string) *followed {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.followed[model]
}

// Source implements admin.Sources.
func (s *sources) Source(model string) *api.Source {
	f := s.of(model)
	if f == nil {
		return nil
	}
	told := sourceOf(f.source.Status())
	told.Registered = nil // of the last look, which says nothing any more
	return &told
}

// MLflowHook implements admin.Sources.
func (s *sources) MLflowHook(model string, header http.Header, body []byte) error {
	f := s.of(model)
	if f == nil || f.verifier == nil {
		return fmt.Errorf("%s takes no webhooks; see source.mlflow.webhook_secret_env in the configuration: %w", model, registry.ErrNotFound)
	}
	if err := f.verifier.Verify(header, body); err != nil {
		return fmt.Errorf("%w: %w", err, admin.ErrForbidden)
	}
	f.source.Nudge()
	return nil
}

func (s *sources) collect(out chan<- prometheus.Metric) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for model, f := range s.followed {
		status := f.source.Status()
		gauge(out, sourceConnected, truth(status.Connected), model)
		gauge(out, sourceSkipped, float64(len(status.Skipped)), model)
	}
	for model, n := range s.errors {
		counter(out, sourceErrors, n.Load(), model)
	}
}
