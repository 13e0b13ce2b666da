package proxy

import (
	"log/slog"
	"time"
)

// PoolConfig describes the endpoints of one version. The zero value of a field
// means its default.
type PoolConfig struct {
	// Endpoints are http URLs. A path replaces the prefix of the route.
	Endpoints []string
	// ConnectTimeout bounds one attempt to connect. Default 2 s.
	ConnectTimeout time.Duration
	// IdleTimeout is how long an unused connection is kept. Default 30 s.
	IdleTimeout time.Duration
	// MaxIdle is how many unused connections are kept to each endpoint. Default 256.
	MaxIdle int
	// Warm is how many connections are kept open and idle to each endpoint, so
	// that a switch to this version finds them. Default 1; negative for none.
	Warm int
	// HealthPath is asked with GET at each endpoint, from the root of its host;
	// any 2xx is healthy. Empty: an endpoint is healthy that can be connected to.
	HealthPath string
	// HealthInterval is the time between two checks. Default 5 s.
	HealthInterval time.Duration
	// HealthTimeout bounds one check. Default 2 s.
	HealthTimeout time.Duration
	// Now is the clock of EndpointStatus.Since. Default time.Now.
	Now func() time.Time
}

// EndpointStatus is what is known about one endpoint.
type EndpointStatus struct {
	URL       string
	Healthy   bool
	Checked   bool      // at least one check or request has told
	Since     time.Time // when Healthy last changed
	LastError string    // of the last failure; empty when healthy
	InFlight  int
	Idle      int // open connections without a request
}

// Pool keeps connections to the endpoints of one version and knows which of them
// are healthy. It is safe for concurrent use and may be shared by states.
type Pool struct{}

// NewPool starts the health checks and warms the connections. It refuses URLs
// that are not http, or that have a query, user or fragment.
func NewPool(cfg PoolConfig, log *slog.Logger) (*Pool, error) { return &Pool{}, nil }

// Endpoints returns what is known about each endpoint, in configured order.
func (p *Pool) Endpoints() []EndpointStatus { return nil }

// Close stops the checks, closes the idle connections and waits for both. It is
// called when no state uses the pool any more; a request that still does goes
// on, and its connection is closed after it.
func (p *Pool) Close() {}
