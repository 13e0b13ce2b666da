package rollout

import (
	"context"
	"log/slog"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
)

// Source tells the controller what was counted.
type Source interface {
	// Phases returns the counts of the model's phases still held, oldest first
	// (tally.Book.Phases; of several replicas, added up).
	Phases(model string) []judge.Phase
	// AwaitGeneration returns once requests are routed by the generation or a later one.
	AwaitGeneration(ctx context.Context, model string, generation uint64) error
}

// Event tells that a walk did something.
type Event struct {
	Model   string  `json:"model"`
	Entry   Entry   `json:"entry"`
	Rollout Rollout `json:"rollout"` // without the ledger
}

// Config is what a controller works with. Store and Source must be given.
type Config struct {
	Store  registry.Store
	Source Source
	Tick   time.Duration    // between judgements; default 200 ms
	Save   time.Duration    // between saves of counts; default 5 s
	Now    func() time.Time // default time.Now
	Logger *slog.Logger     // default: none
	// OnEvent is called for every log entry, from the walk's goroutine; it must not block.
	OnEvent func(Event)
}

// Start asks for a walk.
type Start struct {
	Model     string
	Candidate string
	Plan      Plan
	By        string
	Reason    string
}

// Controller runs walks, at most one for each model.
type Controller struct{}

// New makes a controller; Load makes it go on with what was running.
func New(cfg Config) (*Controller, error) { return &Controller{}, nil }

// Load takes up the walks that the store has as unfinished.
func (c *Controller) Load(ctx context.Context) error { return nil }

// Start begins a walk and returns once its first step is routed.
func (c *Controller) Start(ctx context.Context, start Start) (Rollout, error) { return Rollout{}, nil }

// Status returns the model's latest walk, running or ended; registry.ErrNotFound: none.
func (c *Controller) Status(ctx context.Context, model string) (Rollout, error) {
	return Rollout{}, nil
}

// Pause stops steps forward. Guardrails still go back, unless automation is manual.
func (c *Controller) Pause(ctx context.Context, model, by, reason string) (Rollout, error) {
	return Rollout{}, nil
}

// Resume goes on after a pause or a hold; the step's deadline starts anew.
func (c *Controller) Resume(ctx context.Context, model, by, reason string) (Rollout, error) {
	return Rollout{}, nil
}

// Approve says yes to the next step of a walk that waits or holds.
func (c *Controller) Approve(ctx context.Context, model, by, reason string) (Rollout, error) {
	return Rollout{}, nil
}

// Abort gives all traffic back to the stable version at once.
func (c *Controller) Abort(ctx context.Context, model, by, reason string) (Rollout, error) {
	return Rollout{}, nil
}

// Close ends all goroutines and waits for them. Walks stay where they are.
func (c *Controller) Close() error { return nil }
