package proxy

import (
	"fmt"
	"time"

	"github.com/weir-gateway/weir/router"
)

// Observer is told about every request to one version.
type Observer interface {
	// Begin says that a request was assigned to the version. Every Begin is
	// followed by one End.
	Begin()
	// End says how it ended. It must not block, and must [Exchange.Retain] x to
	// keep it.
	End(x *Exchange)
	// Dropped says that a copy for this version, a shadow, was not sent. The
	// reasons are few and fixed: queue_full, bytes_full, body_too_large,
	// body_incomplete, closed.
	Dropped(reason string)
}

// Target is where one version's requests go.
type Target struct {
	Pool     *Pool // may be shared between states
	Observer Observer
}

// Settings are what is configured for one route. The zero value of a field means
// its default.
type Settings struct {
	// Timeout is how long the head of an answer may take from the moment when
	// the request was sent. Default 30 s.
	Timeout time.Duration
	// Idle is how long an answer's body may stand still, and likewise a body on
	// its way up. Default 60 s.
	Idle time.Duration
	// Total is how long a request may take altogether, streams included.
	// Default: no limit.
	Total time.Duration
	// MaxBody is how many bytes a request's body may have; beyond it the answer
	// is 413. Default: no limit.
	MaxBody int64
	// Capture keeps the bodies of inference calls for the Observer, each up to
	// CaptureLimit bytes (default 4 MiB).
	Capture      bool
	CaptureLimit int
	// CaptureHeaders are the request headers whose values an Exchange carries.
	CaptureHeaders []string
	// IsInference says whether a request is an inference call: one that is
	// observed and copied to shadows. It must not keep the strings. Default: none is.
	IsInference func(method, rest string) bool
	// Shadow takes the copies for the route's shadows. nil: there are none.
	Shadow *ShadowQueue
	// KeyLimit is how long a body may be for a sticky key to be looked up in
	// it; with a longer one the assignment is random. Default 1 MiB.
	KeyLimit int
}

// State is everything that a request depends on. It is immutable.
type State struct {
	table    *router.Table
	targets  []target
	settings []settings

	drain
}

// NewState builds a state. targets stand by router.Version.Index, settings by
// router.Route.Index.
func NewState(table *router.Table, targets []Target, perRoute []Settings) (*State, error) {
	if len(targets) != table.Versions() {
		return nil, fmt.Errorf("proxy: new state: %d targets for %d versions", len(targets), table.Versions())
	}
	if len(perRoute) != len(table.Routes()) {
		return nil, fmt.Errorf("proxy: new state: settings for %d routes, the table has %d", len(perRoute), len(table.Routes()))
	}
	return &State{table: table}, nil
}

// Drained is closed once the state has been replaced and the last request, copy
// or upgraded connection that began under it has ended.
func (s *State) Drained() <-chan struct{} { return s.drained }

type target struct{ Target }

type settings struct{ Settings }

type drain struct{ drained chan struct{} }

type shared struct{}

// Retain keeps the exchange beyond [Observer.End]. Each Retain needs a Release.
func (x *Exchange) Retain() {}

// Release gives a retained exchange back. It must not be used afterwards.
func (x *Exchange) Release() {}
