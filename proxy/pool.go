package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"
)

// PoolConfig describes the endpoints of one version. The zero value of a field
// means its default.
type PoolConfig struct {
	// Endpoints are http or https URLs. A path replaces the prefix of the route.
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
	// TLS is for https endpoints.
	TLS UpstreamTLS
	// Balance is how requests are spread over the endpoints. Default [LeastInFlight].
	Balance Balance
	// SlowStart is how long an endpoint that is new, or back, gets fewer requests
	// than the others: from a tenth on, rising evenly. Default: not at all.
	SlowStart time.Duration
	// EjectAfter is after how many failures in a row (no connection, no whole
	// answer, a status of 500 or above) an endpoint is left out. Default: never.
	EjectAfter int
	// EjectTime is how long it is left out the first time; each time in
	// succession for twice as long, up to 5 minutes. Default 5 s.
	EjectTime time.Duration
	// EjectShare is what part of the endpoints may be left out, those that are
	// not healthy included; beyond it, nobody else is. Default 0.5; negative for none.
	EjectShare float64
	// ResolveInterval is the time between two look-ups of the endpoints' names.
	// Each address that a name has is an endpoint. Default 30 s. (localhost is
	// left to the dialer.)
	ResolveInterval time.Duration
	// Resolve returns the addresses of a name; port 0 is the URL's. Default: the
	// system's resolver.
	Resolve func(ctx context.Context, name string) ([]netip.AddrPort, error)
	// Hedge is for the requests of idempotent models. Default: none is hedged.
	Hedge Hedge
	// Dial connects to an address, host:port. Default: a [net.Dialer]'s.
	Dial func(ctx context.Context, address string) (*net.TCPConn, error)
	// Random returns 64 uniformly random bits; it is called concurrently.
	// Default math/rand/v2.
	Random func() uint64
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
	c.EjectTime = or(c.EjectTime, 5*time.Second)
	c.EjectShare = or(c.EjectShare, 0.5)
	c.ResolveInterval = or(c.ResolveInterval, 30*time.Second)
	if c.Resolve == nil {
		c.Resolve = lookup
	}
	if c.Dial == nil {
		c.Dial = dialTCP
	}
	if c.Random == nil {
		c.Random = rand.Uint64
	}
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
	Retried    atomic.Uint64 // times that a request was sent again out of the budget
	Ejected    atomic.Uint64 // endpoints left out for their failures
	Unbudgeted atomic.Uint64 // times that it was not, because too many were

	HedgesWon        atomic.Uint64 // requests that a second endpoint answered first
	HedgesLost       atomic.Uint64 // those that the first answered first, or nobody
	HedgesFailed     atomic.Uint64 // those where the second could not be reached, or died
	HedgesUnbudgeted atomic.Uint64 // those that went to no second one: too many did
	HedgesNowhere    atomic.Uint64 // likewise: none was well and had a place
}

// EndpointStatus is what is known about one endpoint.
type EndpointStatus struct {
	URL       string
	Address   string // what is connected to; several may share a URL
	Healthy   bool
	Ejected   bool      // left out for its failures
	Checked   bool      // at least one check or request has told
	Since     time.Time // when Healthy last changed
	LastError string    // of the last failure; empty when healthy
	InFlight  int
	Idle      int // open connections without a request
}

// Pool keeps connections to the endpoints of one version and knows which of them
// are healthy. It is safe for concurrent use and may be shared by states.
type Pool struct {
	cfg      PoolConfig
	log      *slog.Logger
	sites    []site
	roster   atomic.Pointer[[]*endpoint] // what it points to is immutable
	tls      *credentials                // nil where no endpoint is https
	eject    ejectRule
	ejecting sync.Mutex
	turn     atomic.Uint32
	line     line
	retries  budget
	hedge    *hedging // nil: there is none
	copying  pace     // of copies to this version
	stop     context.CancelFunc
	checkers sync.WaitGroup
}

// NewPool starts the health checks and warms the connections. It refuses URLs
// that are not http or https, or that have a query, user or fragment.
func NewPool(cfg PoolConfig, log *slog.Logger) (*Pool, error) {
	if len(cfg.Endpoints) == 0 {
		return nil, errors.New("proxy: new pool: there is no endpoint")
	}
	if cfg.HealthPath != "" && (cfg.HealthPath[0] != '/' || strings.ContainsAny(cfg.HealthPath, " \t\r\n#")) {
		return nil, fmt.Errorf("proxy: new pool: the health path %q must be an absolute path", cfg.HealthPath)
	}
	p := &Pool{cfg: cfg.withDefaults(), log: log}
	p.hedge = newHedging(p.cfg.Hedge)
	p.eject = ejectRule{after: p.cfg.EjectAfter, base: p.cfg.EjectTime, longest: max(p.cfg.EjectTime, longestEjection)}
	names := false
	for _, raw := range cfg.Endpoints {
		s, err := newSite(raw)
		if err != nil {
			return nil, fmt.Errorf("proxy: new pool: endpoint %q: %w", raw, err)
		}
		p.sites = append(p.sites, s)
		names = names || s.name != ""
		if s.secure && p.tls == nil {
			if p.tls, err = newCredentials(p.cfg.TLS, log); err != nil {
				return nil, fmt.Errorf("proxy: new pool: %w", err)
			}
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	var all []*endpoint
	for i := range p.sites {
		// A name is left to the dialer until it has been looked up.
		s := &p.sites[i]
		all = append(all, p.endpoint(s, s.address))
	}
	p.roster.Store(&all)
	for _, e := range all {
		p.watch(ctx, e)
	}
	if names {
		p.checkers.Go(func() { p.resolve(ctx) })
	}
	return p, nil
}

// longestEjection is how long an endpoint is left out at most.
const longestEjection = 5 * time.Minute

func newSite(raw string) (site, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return site{}, err
	case u.Scheme != "http" && u.Scheme != "https":
		return site{}, fmt.Errorf("scheme %q: only http and https are spoken upstream", u.Scheme)
	case u.Hostname() == "":
		return site{}, errors.New("the host is missing")
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return site{}, errors.New("it must have no user, query or fragment")
	}
	s := site{
		url: raw, host: u.Host, port: u.Port(), path: []byte(strings.TrimRight(u.EscapedPath(), "/")),
		secure: u.Scheme == "https", hostname: u.Hostname(),
	}
	switch {
	case s.port != "":
	case s.secure:
		s.port = "443"
	default:
		s.port = "80"
	}
	s.address = net.JoinHostPort(u.Hostname(), s.port)
	if _, err := netip.ParseAddr(u.Hostname()); err != nil && u.Hostname() != "localhost" {
		s.name = u.Hostname()
	}
	return s, nil
}

// endpoint makes the endpoint of one address of a site.
func (p *Pool) endpoint(s *site, address string) *endpoint {
	return &endpoint{
		pool: p, site: s, url: s.url, address: address, host: s.host, path: s.path,
		hash: xxhash.Sum64String(s.url + " " + address), since: p.cfg.Now(),
	}
}

// watch begins to check e.
func (p *Pool) watch(ctx context.Context, e *endpoint) {
	ctx, e.unwatch = context.WithCancel(ctx)
	p.checkers.Go(func() { e.watch(ctx) })
}

// Endpoints returns what is known about each endpoint, in configured order.
func (p *Pool) Endpoints() []EndpointStatus {
	var all []EndpointStatus
	for _, e := range *p.roster.Load() {
		all = append(all, e.status())
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
	for _, e := range *p.roster.Load() {
		e.unwatch() // it has ended; this frees its context
		e.close()
	}
}
