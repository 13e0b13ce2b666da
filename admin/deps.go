package admin

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout"
)

// Router tells what this replica routes.
type Router interface {
	// ConfiguredModels lists the models of the configuration in force, in alphabetical order.
	ConfiguredModels() []string
	// RoutedGeneration is the generation this replica routes the model by; 0 while it has no traffic or is not configured.
	RoutedGeneration(model string) uint64
	// AwaitGeneration returns once this replica routes the model by the given generation or a later one, or with ctx's
	// error, or at once with an error that says why it never will.
	AwaitGeneration(ctx context.Context, model string, generation uint64) error
	// RollBackHere brings an older content back on this replica alone, while the registry can't be reached. What it returns
	// is no generation: its number is that of the one it lies over. registry.ErrConflict where this replica does not know
	// what came before.
	RollBackHere(model string, to uint64, actor, reason string) (registry.Traffic, error)
	// Interim is such a rollback by which the model is routed and which the registry does not know yet; nil: none.
	Interim(model string) *registry.Traffic
	// Replicas are the gateways that share the registry, this one included, with the generation that each routes the
	// model by; none where the registry is of a single gateway. Behind is left to the caller.
	Replicas(ctx context.Context, model string) ([]api.ReplicaStatus, error)
}

// Health tells how the upstreams and the gateway itself are.
type Health interface {
	// Endpoints lists the endpoints of a version with their health; nil for a version this replica is not connected to.
	Endpoints(model, version string) []api.Endpoint
	// Ready lists what must be in order for this replica to serve; it is ready when every required check is OK.
	Ready() []api.Check
}

// Monitors reads the online summaries.
type Monitors interface {
	// Summary is the monitor of one version and slice ("" for all rows); monitor.ErrUnknown where nothing was
	// observed or the monitor is off.
	Summary(model, version, slice string) (monitor.Summary, error)
	// Report compares the version's window, or that of a slice, with its reference; monitor.ErrUnknown as for Summary.
	Report(model, version, slice string) (*monitor.LiveReport, error)
	// Profile makes a profile of the version's live window; monitor.ErrUnknown as for Summary.
	Profile(model, version string) (*monitor.Profile, error)
	// Label joins labels with predictions; monitor.ErrUnknown where the monitor is off.
	Label(model string, labels []monitor.Label) (monitor.Feedback, error)
}

// Configuration is the gateway's configuration: the one in force, and the next.
type Configuration interface {
	// Reload applies the configuration file, all or nothing.
	Reload(ctx context.Context) error
	// EffectiveConfig is the configuration in force, with defaults, as JSON.
	EffectiveConfig() (json.RawMessage, error)
	// RolloutPlan is the plan that the configuration has for a model; registry.ErrNotFound for one it does not have.
	RolloutPlan(model string) (rollout.Plan, error)
}

// Rollouts starts walks and tells about them.
type Rollouts interface {
	// Start begins a walk and returns once its first step is routed.
	Start(ctx context.Context, start rollout.Start) (rollout.Rollout, error)
	// Status is the model's latest walk, running or ended; registry.ErrNotFound where there was none.
	Status(ctx context.Context, model string) (rollout.Rollout, error)
	// Leader is the gateway that runs them; false where nobody does now, or the registry is of a single gateway.
	Leader() (registry.Replica, bool)
}

// RolloutControl is a person's hand on a walk.
// Where another gateway runs the walks, all but Abort are registry.ErrNotLeader.
type RolloutControl interface {
	Pause(ctx context.Context, model, by, reason string) (rollout.Rollout, error)
	Resume(ctx context.Context, model, by, reason string) (rollout.Rollout, error)
	Approve(ctx context.Context, model, by, reason string) (rollout.Rollout, error)
	Abort(ctx context.Context, model, by, reason string) (rollout.Rollout, error)
}

// Sources tells about what registers versions by itself, and takes what that sends.
type Sources interface {
	// Source is how it goes with a model's source; nil for a model without one.
	Source(model string) *api.Source
	// MLflowHook takes a delivery of MLflow's webhook: registry.ErrNotFound for a model that takes none, ErrForbidden for
	// one that is not MLflow's.
	MLflowHook(model string, header http.Header, body []byte) error
}

// Deps are the parts of a gateway that the API speaks for. All must be given but those with a default.
type Deps struct {
	Store    registry.Store
	Router   Router
	Health   Health
	Monitors Monitors
	Config   Configuration
	Sources  Sources
	Events   *Hub
	Metrics  http.Handler

	Rollouts       Rollouts
	RolloutControl RolloutControl // usually the same value as Rollouts

	Access Access
	// Audit keeps what was to be changed; default: nothing does.
	Audit AuditLog
	// AuditFailed is told when it could not, Refused of each call that was turned away, with one of RefusedReasons.
	AuditFailed func()
	Refused     func(reason string)

	Logger *slog.Logger     // default: none
	Now    func() time.Time // default time.Now

	// RouteWait is how long a write waits for this replica to route by it before answering 202; default 5 s.
	RouteWait time.Duration
	// KeepAlive is the time between comments on a silent event stream; default 15 s.
	KeepAlive time.Duration
}
