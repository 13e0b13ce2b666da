package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
)

// Source tells the controller what was counted.
type Source interface {
	// Phases returns the counts of the model's phases still held, oldest first
	// (tally.Book.Phases; of several replicas, added up).
	Phases(model string) []judge.Phase
	// Endpoints tells how many of a version's endpoints have passed their
	// latest check, and how many it is connected to.
	Endpoints(model, version string) (healthy, all int)
	// Pairs returns what was compared of a version's copies, under the
	// generation and later ones.
	Pairs(model, version string, from uint64) judge.Pairs
	// Replicas says over which gateways those are; nil: there is one only.
	Replicas(model string) *Replicas
	// AwaitGeneration returns once requests are routed by the generation or a later one.
	AwaitGeneration(ctx context.Context, model string, generation uint64) error
}

// Event tells that a walk did something.
type Event struct {
	Model   string  `json:"model"`
	Entry   Entry   `json:"entry"`
	Rollout Rollout `json:"rollout"` // without the ledger
	number  int     // of the entry, from 1
}

// Config is what a controller works with. Store and Source must be given.
type Config struct {
	Store  registry.Store
	Source Source
	Hooks  Hooks            // default: none can be called, so that steps that ask them are held
	Tick   time.Duration    // between judgements; default 200 ms
	Save   time.Duration    // between saves of the counts; default 10 s
	Now    func() time.Time // default time.Now
	Logger *slog.Logger     // default: none
	// OnEvent is called for every log entry, one at a time for a model; it must
	// not block. It may call Status.
	OnEvent func(Event)

	spawn func(func()) // in tests: runs what waits for others
}

// Limits of one call to the store, and of the wait for a change to be routed.
const (
	storeTimeout = 10 * time.Second
	routeTimeout = 5 * time.Second
)

// Start asks for a walk.
type Start struct {
	Model     string
	Candidate string
	Plan      Plan
	By        string
	Reason    string
}

// Controller runs walks, at most one for each model.
type Controller struct {
	cfg    Config
	ctx    context.Context //nolint:containedctx // the life of the goroutines that Close ends
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu     sync.Mutex
	walks  map[string]*walk // running
	closed bool
}

// New makes a controller and begins to watch the store.
func New(cfg Config) (*Controller, error) {
	if cfg.Store == nil || cfg.Source == nil {
		return nil, errors.New("rollout: new controller: a store and a source are needed")
	}
	if cfg.Tick <= 0 {
		cfg.Tick = 200 * time.Millisecond
	}
	if cfg.Save <= 0 {
		cfg.Save = 10 * time.Second
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Hooks == nil {
		cfg.Hooks = noHooks{}
	}
	if cfg.OnEvent == nil {
		cfg.OnEvent = func(Event) {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &Controller{cfg: cfg, ctx: ctx, cancel: cancel, walks: map[string]*walk{}}
	c.group.Go(c.watch)
	return c, nil
}

// watch tells the walks what the traffic is, until the controller is closed.
func (c *Controller) watch() {
	for c.ctx.Err() == nil {
		err := c.cfg.Store.Watch(c.ctx, func(s registry.Snapshot) {
			for model, w := range c.running() {
				if t := s.Models[model].Traffic; t != nil {
					w.noticed(*t)
				}
			}
		})
		if c.ctx.Err() != nil || errors.Is(err, registry.ErrClosed) {
			return
		}
		c.cfg.Logger.Warn("rollout: watching the registry failed, trying again", "error", err)
		select {
		case <-c.ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (c *Controller) running() map[string]*walk {
	c.mu.Lock()
	defer c.mu.Unlock()
	walks := make(map[string]*walk, len(c.walks))
	maps.Copy(walks, c.walks)
	return walks
}

// Load takes up the walks that the store has as unfinished. A walk that cannot
// be read is skipped and in the error; the others go on.
func (c *Controller) Load(ctx context.Context) error {
	snapshot, err := c.cfg.Store.Snapshot(ctx)
	if err != nil {
		return fmt.Errorf("rollout: load: %w", err)
	}
	var failed []error
	for name, model := range snapshot.Models {
		if c.runs(name) {
			continue
		}
		r, err := c.stored(ctx, name)
		if errors.Is(err, registry.ErrNotFound) || (err == nil && r.Status.Final()) {
			continue
		}
		if err != nil {
			failed = append(failed, err)
			continue
		}
		if r.Ledger == nil {
			r.Ledger = &Ledger{}
		}
		w := newWalk(c, r, model.Traffic)
		if err := c.adopt(w); err != nil {
			failed = append(failed, err)
		}
	}
	return errors.Join(failed...)
}

// runs tells whether a walk of the model is under way here.
func (c *Controller) runs(model string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.walks[model] != nil
}

// adopt runs a walk, unless one runs already.
func (c *Controller) adopt(w *walk) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return fmt.Errorf("rollout: %s: the controller is closed: %w", w.r.Model, registry.ErrClosed)
	}
	if c.walks[w.r.Model] != nil {
		return fmt.Errorf("rollout: %s: a rollout is running; abort it first: %w", w.r.Model, registry.ErrConflict)
	}
	c.walks[w.r.Model] = w
	c.group.Go(w.run)
	return nil
}

// Start begins a walk and returns once its first step is routed; with hooks to
// be asked before it, once they are being asked.
func (c *Controller) Start(ctx context.Context, start Start) (Rollout, error) {
	if err := start.Plan.Validate(); err != nil {
		return Rollout{}, err
	}
	model, err := c.model(ctx, start.Model)
	if err != nil {
		return Rollout{}, err
	}
	r, err := start.rollout(c.cfg.Now(), model)
	if err != nil {
		return Rollout{}, err
	}
	w := newWalk(c, r, model.Traffic)
	w.mu.Lock() // its goroutine waits until the first step is made
	if err := c.adopt(w); err != nil {
		w.mu.Unlock()
		return Rollout{}, err
	}
	err = w.begin(ctx)
	return w.leave(), err
}

// rollout is the walk before its first step.
func (s Start) rollout(now time.Time, model registry.Model) (Rollout, error) {
	t := model.Traffic
	refuse := func(why string) error {
		return fmt.Errorf("rollout: start %s: %s: %w", s.Model, why, registry.ErrConflict)
	}
	if _, ok := model.Lookup(s.Candidate); !ok {
		return Rollout{}, fmt.Errorf("rollout: start %s: version %s is not registered: %w", s.Model, s.Candidate, registry.ErrNotFound)
	}
	if t == nil {
		return Rollout{}, refuse("it has no traffic yet; switch it to a first version")
	}
	for _, arm := range t.Arms {
		if arm.Version != t.Stable && arm.Weight > 0 {
			return Rollout{}, refuse(fmt.Sprintf("version %s has %s %% of the traffic; switch to one version first", arm.Version, arm.Weight))
		}
	}
	if t.Stable == s.Candidate {
		return Rollout{}, refuse(fmt.Sprintf("version %s serves already", s.Candidate))
	}
	return Rollout{
		ID: fmt.Sprintf("%s-%d", s.Candidate, t.Generation+1), Model: s.Model, Stable: t.Stable, Candidate: s.Candidate,
		Plan: s.Plan.normal(), By: s.By, Reason: s.Reason, Status: Running, Step: -1,
		Started: now, StepStarted: now, DeadlineFrom: now,
		StartGeneration: t.Generation, Generation: t.Generation, Ledger: &Ledger{},
	}, nil
}

func (r *Rollout) startReason(first int) string {
	if first < 0 {
		return fmt.Sprintf("rollout of %s: on standby%s", r.Candidate, because(r.Reason))
	}
	return fmt.Sprintf("rollout of %s: to %s %%%s", r.Candidate, r.Plan.Steps[first].Weight, because(r.Reason))
}

// Status returns the model's latest walk, running or ended;
// [registry.ErrNotFound]: there has been none.
func (c *Controller) Status(ctx context.Context, model string) (Rollout, error) {
	c.mu.Lock()
	w := c.walks[model]
	c.mu.Unlock()
	if w != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.r.public(), nil
	}
	r, err := c.stored(ctx, model)
	return r.public(), err
}

// Pause stops steps forward. Guardrails still go back, unless automation is manual.
func (c *Controller) Pause(ctx context.Context, model, by, reason string) (Rollout, error) {
	return c.command(ctx, model, func(w *walk) error { return w.r.Pause(c.cfg.Now(), by, reason) })
}

// Resume goes on after a pause or a hold; the step's deadline starts anew.
func (c *Controller) Resume(ctx context.Context, model, by, reason string) (Rollout, error) {
	return c.command(ctx, model, func(w *walk) error { return w.r.Resume(c.cfg.Now(), by, reason) })
}

// Approve says yes to the next step of a walk that waits or holds, and returns
// once it is routed; with hooks to be asked before it, at once.
func (c *Controller) Approve(ctx context.Context, model, by, reason string) (Rollout, error) {
	return c.command(ctx, model, func(w *walk) error {
		action, err := w.r.Approve(c.cfg.Now(), by, reason)
		if err != nil || action.To == Stay {
			return err
		}
		return w.carryOut(ctx, action)
	})
}

// Abort gives all traffic back to the stable version at once, and returns when
// it is routed so.
func (c *Controller) Abort(ctx context.Context, model, by, reason string) (Rollout, error) {
	return c.command(ctx, model, func(w *walk) error { return w.abort(ctx, by, reason) })
}

// command lets a person act on a running walk.
func (c *Controller) command(ctx context.Context, model string, do func(*walk) error) (Rollout, error) {
	c.mu.Lock()
	w := c.walks[model]
	c.mu.Unlock()
	if w == nil {
		if _, err := c.stored(ctx, model); err != nil {
			return Rollout{}, err
		}
		return Rollout{}, fmt.Errorf("rollout: %s: no rollout is running; the last one has ended: %w", model, registry.ErrConflict)
	}
	w.mu.Lock()
	err := do(w)
	if err == nil {
		w.report(w.save(ctx))
		w.poke()
	}
	return w.leave(), err
}

// Close ends all goroutines and waits for them. Walks stay where they are and
// are taken up by Load.
func (c *Controller) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.cancel()
	c.group.Wait()
	return nil
}

func (c *Controller) model(ctx context.Context, name string) (registry.Model, error) {
	snapshot, err := c.cfg.Store.Snapshot(ctx)
	if err != nil {
		return registry.Model{}, fmt.Errorf("rollout: %s: %w", name, err)
	}
	model, ok := snapshot.Models[name]
	if !ok {
		return registry.Model{}, fmt.Errorf("rollout: %s: there is no such model: %w", name, registry.ErrNotFound)
	}
	return model, nil
}

func (c *Controller) stored(ctx context.Context, model string) (Rollout, error) {
	data, err := c.cfg.Store.Rollout(ctx, model)
	if err != nil {
		return Rollout{}, fmt.Errorf("rollout: %s: %w", model, err)
	}
	var r Rollout
	if err := json.Unmarshal(data, &r); err != nil {
		return Rollout{}, fmt.Errorf("rollout: %s: the stored state cannot be read: %w", model, err)
	}
	return r, nil
}
