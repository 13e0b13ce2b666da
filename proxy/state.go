package proxy

import (
	"fmt"
	"math"
	"slices"
	"strings"
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
	// reasons are few and fixed: queue_full, bytes_full, rate_full,
	// body_too_large, body_incomplete, unavailable, closed.
	Dropped(reason string)
}

// Target is where one version's requests go.
type Target struct {
	Pool     *Pool // may be shared between states
	Observer Observer
	// Again is told of the copies that the version gets of requests which it has
	// answered (router.Spec.Noise), instead of Observer. Default: Observer.
	Again Observer
}

// Settings are what is configured for one route. The zero value of a field means
// its default.
type Settings struct {
	// Timeout is how long the head of an answer may take, connecting included,
	// from the moment when the request could be sent; where its body streams,
	// from the body's end. Default 30 s.
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
	// OIP says that the model speaks the Open Inference Protocol. Where one does,
	// its calls about the server are answered by Weir: GET /v2, /v2/health/live
	// and /v2/health/ready, unless a route has the path.
	OIP bool
	// Trace says whether a span is recorded of a request that begins a trace,
	// whose id ends in the given 64 bits. Where a client began it, its flag says
	// so. nil: no spans are recorded, and traces pass through.
	Trace func(low uint64) bool
	// Shadow takes the copies for the route's shadows. nil: there are none.
	Shadow *ShadowQueue
	// Idempotent says that a request may be run twice: one whose endpoint died
	// before it answered is sent to another one, within the pool's budget. Bodies
	// of up to ReplayLimit bytes are read before they are sent on; the requests
	// of longer ones are not repeated.
	Idempotent bool
	// ReplayLimit is in bytes. Default 1 MiB.
	ReplayLimit int
	// KeyLimit is how long a body may be for a sticky key to be looked up in
	// it; with a longer one the assignment is random. Default 1 MiB.
	KeyLimit int
}

// replayLimit is the default of Settings.ReplayLimit.
const replayLimit = 1 << 20

// withDefaults also lowers the names of headers, as they are looked up.
func (s Settings) withDefaults() Settings {
	s.Timeout = or(s.Timeout, 30*time.Second)
	s.Idle = or(s.Idle, time.Minute)
	s.CaptureLimit = or(s.CaptureLimit, 4<<20)
	s.KeyLimit = or(s.KeyLimit, 1<<20)
	s.ReplayLimit = or(s.ReplayLimit, replayLimit)
	if s.MaxBody <= 0 {
		s.MaxBody = math.MaxInt64
	}
	s.CaptureHeaders = slices.Clone(s.CaptureHeaders)
	for i, name := range s.CaptureHeaders {
		s.CaptureHeaders[i] = strings.ToLower(name)
	}
	return s
}

// State is everything that a request depends on. It is immutable.
type State struct {
	table   *router.Table
	targets []target
	routes  []route
	oip     bool // a route has Settings.OIP
	drain
}

// target is one version's.
type target struct {
	pool     *Pool
	observer Observer
	again    Observer
	headers  []byte // the lines that its answers get
}

// route is one model's.
type route struct {
	Settings
	pin    string // in lower case
	header string // of a sticky key, in lower case
	field  string // of a sticky key, as a path in a JSON body
	cookie []byte // of a sticky key
}

// NewState builds a state. targets stand by router.Version.Index, settings by
// router.Route.Index.
func NewState(table *router.Table, targets []Target, settings []Settings) (*State, error) {
	if len(targets) != table.Versions() {
		return nil, fmt.Errorf("proxy: new state: %d targets for %d versions", len(targets), table.Versions())
	}
	if len(settings) != len(table.Routes()) {
		return nil, fmt.Errorf("proxy: new state: settings for %d routes, the table has %d", len(settings), len(table.Routes()))
	}
	s := &State{table: table, targets: make([]target, len(targets)), routes: make([]route, len(settings))}
	s.drained = make(chan struct{})
	for _, r := range table.Routes() {
		c := &s.routes[r.Index]
		s.oip = s.oip || settings[r.Index].OIP
		if len(r.Shadows) > 0 && settings[r.Index].Shadow == nil {
			return nil, fmt.Errorf("proxy: new state: model %s has shadows but no queue for copies", r.Model)
		}
		*c = route{Settings: settings[r.Index].withDefaults(), pin: strings.ToLower(r.Pin)}
		switch r.Assign.Kind {
		case router.AssignHeader:
			c.header = strings.ToLower(r.Assign.Name)
		case router.AssignCookie:
			c.cookie = []byte(r.Assign.Name)
		case router.AssignJSON:
			c.field = r.Assign.Name
		}
		for _, v := range r.Versions {
			t := targets[v.Index]
			if t.Pool == nil || t.Observer == nil {
				return nil, fmt.Errorf("proxy: new state: version %s of %s has no pool or no observer", v.Name, v.Model)
			}
			if strings.ContainsAny(v.Model+v.Name, "\r\n\x00") {
				return nil, fmt.Errorf("proxy: new state: version %q of %q: the names can't stand in a header", v.Name, v.Model)
			}
			s.targets[v.Index] = target{
				pool: t.Pool, observer: t.Observer, again: or(t.Again, t.Observer),
				headers: fmt.Appendf(nil, "x-weir-model: %s\r\nx-weir-version: %s\r\n", v.Model, v.Name),
			}
		}
	}
	return s, nil
}
