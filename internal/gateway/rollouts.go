package gateway

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout"
	"github.com/weir-gateway/weir/rollout/hook"
	"github.com/weir-gateway/weir/rollout/judge"
	"github.com/weir-gateway/weir/rollout/tally"
)

// rollouts joins the controller of the walks with what is counted for it.
type rollouts struct {
	gateway *Gateway
	hooks   *hook.Caller
	began   time.Time
	idle    *rollout.Controller // reads what others run, and aborts it

	// loading is held while walks are taken up; left says that some could not be.
	loading sync.Mutex
	left    bool

	campaign sync.WaitGroup

	mu      sync.Mutex
	resign  context.CancelFunc
	closed  bool
	leading *rollout.Controller    // of this gateway's term; nil: another leads
	books   map[string]*tally.Book // by model; they outlive generations and reloads
}

func newRollouts(g *Gateway) (*rollouts, error) {
	r := &rollouts{gateway: g, began: g.now().UTC().Round(0), resign: func() {}, books: map[string]*tally.Book{}}
	getenv := g.opts.Getenv
	if getenv == nil {
		getenv = func(string) string { return "" }
	}
	r.hooks = hook.New(hook.Options{Getenv: getenv, Agent: "weir/" + version(), Now: g.now})
	var err error
	r.idle, err = r.controller(g.store)
	return r, err
}

func (r *rollouts) controller(store registry.Store) (*rollout.Controller, error) {
	controller, err := rollout.New(rollout.Config{
		Store:  store,
		Source: r,
		Hooks:  r.hooks,
		Now:    r.gateway.now,
		Logger: r.gateway.log,
		OnEvent: func(e rollout.Event) {
			r.gateway.publish(api.EventVerdict, e.Model, e)
		},
	})
	if err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	return controller, nil
}

// resume takes up the walks that the start of a term could not, because the
// registry was lost.
func (r *rollouts) resume() {
	r.loading.Lock()
	defer r.loading.Unlock()
	if c := r.leads(); c != nil && r.left {
		r.load(c)
	}
}

func (r *rollouts) load(c *rollout.Controller) {
	err := c.Load(context.Background())
	r.left = err != nil && !errors.Is(err, registry.ErrClosed)
	if r.left {
		r.gateway.log.Error("unfinished rollouts can't be taken up; their traffic stays as it is", "error", err)
	}
}

func (r *rollouts) close() {
	r.mu.Lock()
	r.closed = true
	r.resign()
	r.mu.Unlock()
	r.campaign.Wait()
	r.follow()
	if err := r.idle.Close(); err != nil {
		r.gateway.log.Error("the rollouts did not end cleanly", "error", err)
	}
}

func (r *rollouts) book(model string) *tally.Book {
	r.mu.Lock()
	defer r.mu.Unlock()
	b := r.books[model]
	if b == nil {
		b = tally.NewBook(tally.Options{Now: r.gateway.now, Fixes: r.fixes})
		r.books[model] = b
	}
	return b
}

// Phases implements rollout.Source.
func (r *rollouts) Phases(model string) []judge.Phase {
	return r.gateway.replicas.merged(model, r.book(model).Phases())
}

// Replicas implements rollout.Source.
func (r *rollouts) Replicas(model string) *rollout.Replicas { return r.gateway.replicas.judged(model) }

// fixes says that predictions are counted by bins of this gateway's own: of
// several it is the leader, and the others take its.
func (r *rollouts) fixes() bool { return r.gateway.replicas.board == nil || r.leads() != nil }

// Endpoints implements rollout.Source. One that was never checked is not healthy
// yet: nothing is known of it.
func (r *rollouts) Endpoints(model, version string) (healthy, all int) {
	for _, p := range r.gateway.applied.Load().pools {
		if p.model != model || p.version != version {
			continue
		}
		for _, e := range p.Endpoints() {
			all++
			if e.Checked && e.Healthy && !e.Ejected {
				healthy++
			}
		}
	}
	return healthy, all
}

// Pairs implements rollout.Source.
func (r *rollouts) Pairs(model, version string, from uint64) judge.Pairs {
	p := r.gateway.metrics.counters(model).version(version).pairs.since(from)
	p.Since = r.began
	return p
}

// AwaitGeneration implements rollout.Source.
func (r *rollouts) AwaitGeneration(ctx context.Context, model string, generation uint64) error {
	return r.gateway.AwaitGeneration(ctx, model, generation)
}

// phase opens the tally of a generation. Splits between more than two versions
// have none: a walk compares two.
func (r *rollouts) phase(t *registry.Traffic) *tally.Tally {
	route := tally.Route{Generation: t.Generation, Stable: t.Stable}
	for _, a := range t.Arms {
		if a.Version == t.Stable || a.Weight == 0 {
			continue
		}
		if route.Candidate != "" {
			return nil
		}
		route.Candidate, route.Weight = a.Version, float64(a.Weight)/float64(registry.Full)
	}
	return r.book(t.Model).Phase(route)
}
