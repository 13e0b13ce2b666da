package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
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
	// MaxConnections is how many requests, copies included, an endpoint may have
	// at one time, each on a connection of its own. Default: no limit.
	MaxConnections int
	// MaxQueue is how many requests may wait for one that has as many; one more
	// is answered 429. Default 128; negative for none.
	MaxQueue int
	// QueueTimeout is how long a request may wait there; then it is answered
	// 503. Default 1 s.
	QueueTimeout time.Duration
	// Counters, where it isn't nil, counts what the pool did. Several pools, one
	// after another, may count in the same.
	Counters *PoolCounters
	// Now is the clock of EndpointStatus.Since. Default time.Now.
	Now func() time.Time
}

func (c PoolConfig) withDefaults() PoolConfig {
	c.ConnectTimeout = or(c.ConnectTimeout, 2*time.Second)
	c.IdleTimeout = or(c.IdleTimeout, 30*time.Second)
	c.MaxIdle = or(c.MaxIdle, 256)
	c.Warm = or(c.Warm, 1)
	c.HealthInterval = or(c.HealthInterval, 5*time.Second)
	c.HealthTimeout = or(c.HealthTimeout, 2*time.Second)
	c.MaxQueue = or(c.MaxQueue, 128)
	c.QueueTimeout = or(c.QueueTimeout, time.Second)
	if c.Counters == nil {
		c.Counters = new(PoolCounters)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// or returns v, or the default where v is zero.
func or[T comparable](v, def T) T {
	if v == *new(T) {
		return def
	}
	return v
}

// PoolCounters are what pools count.
type PoolCounters struct {
	Full       atomic.Uint64 // requests answered 429: too many waited
	Expired    atomic.Uint64 // requests answered 503: they had waited too long
	Retried    atomic.Uint64 // requests of idempotent models sent to another endpoint
	Unbudgeted atomic.Uint64 // those that were not, because too many were
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
type Pool struct {
	cfg       PoolConfig
	log       *slog.Logger
	endpoints []*endpoint
	turn      atomic.Uint32
	line      line
	retries   budget
	stop      context.CancelFunc
	checkers  sync.WaitGroup
}

// NewPool starts the health checks and warms the connections. It refuses URLs
// that are not http, or that have a query, user or fragment.
func NewPool(cfg PoolConfig, log *slog.Logger) (*Pool, error) {
	if len(cfg.Endpoints) == 0 {
		return nil, errors.New("proxy: new pool: there is no endpoint")
	}
	if cfg.HealthPath != "" && (cfg.HealthPath[0] != '/' || strings.ContainsAny(cfg.HealthPath, " \t\r\n#")) {
		return nil, fmt.Errorf("proxy: new pool: the health path %q must be an absolute path", cfg.HealthPath)
	}
	p := &Pool{cfg: cfg.withDefaults(), log: log}
	for _, raw := range cfg.Endpoints {
		e, err := p.endpoint(raw)
		if err != nil {
			return nil, fmt.Errorf("proxy: new pool: endpoint %q: %w", raw, err)
		}
		p.endpoints = append(p.endpoints, e)
	}
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	for _, e := range p.endpoints {
		p.checkers.Go(func() { e.watch(ctx) })
	}
	return p, nil
}

func (p *Pool) endpoint(raw string) (*endpoint, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, err
	case u.Scheme != "http":
		return nil, fmt.Errorf("scheme %q: only http is spoken upstream", u.Scheme)
	case u.Hostname() == "":
		return nil, errors.New("the host is missing")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("it must have no user, query or fragment")
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	return &endpoint{
		pool:    p,
		url:     raw,
		address: net.JoinHostPort(u.Hostname(), port),
		host:    u.Host,
		path:    []byte(strings.TrimRight(u.EscapedPath(), "/")),
		since:   p.cfg.Now(),
	}, nil
}

// Endpoints returns what is known about each endpoint, in configured order.
func (p *Pool) Endpoints() []EndpointStatus {
	all := make([]EndpointStatus, len(p.endpoints))
	for i, e := range p.endpoints {
		all[i] = e.status()
	}
	return all
}

// Waiting returns how many requests wait for a place at an endpoint.
func (p *Pool) Waiting() int { return int(p.line.n.Load()) }

// Close stops the checks, closes the idle connections and waits for both. It is
// called when no state uses the pool any more; a request that still does goes
// on, and its connection is closed after it.
func (p *Pool) Close() {
	p.stop()
	p.checkers.Wait()
	for _, e := range p.endpoints {
		e.close()
	}
}
