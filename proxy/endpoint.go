package proxy

import (
	"sync"
	"sync/atomic"
	"time"
)

// endpoint is one address of a version.
type endpoint struct {
	pool    *Pool
	url     string
	address string // host:port to dial
	host    string // for the Host of requests that have none
	path    []byte // replaces the route's prefix where it isn't empty

	inFlight atomic.Int64
	ill      atomic.Bool
	persists atomic.Bool // it has kept a connection open behind an answer

	mu      sync.Mutex
	idle    []*upstream // the longest unused first; taken from the end
	closed  bool
	checked bool
	since   time.Time
	failure string
}

func (e *endpoint) healthy() bool { return !e.ill.Load() }

// take returns the idle connection that was used last, nil if there is none. The
// caller must find out whether it is still alive: [upstream.exchange] does.
func (e *endpoint) take(t instant) *upstream {
	e.mu.Lock()
	for n := len(e.idle); n > 0; n = len(e.idle) {
		u := e.idle[n-1]
		e.idle[n-1] = nil
		e.idle = e.idle[:n-1]
		if u.usable(t) {
			e.mu.Unlock()
			return u
		}
		_ = u.tcp.Close()
	}
	e.mu.Unlock()
	return nil
}

// usable says whether the connection was idle for so short a time that the peer
// may be expected to have kept it.
func (u *upstream) usable(t instant) bool {
	return t-u.parked < instant(u.endpoint.pool.cfg.IdleTimeout) && (u.keep == 0 || t < u.keep)
}

// park takes a connection back that has been used to the end of an answer.
func (e *endpoint) park(u *upstream, t instant) {
	u.parked = t
	e.mu.Lock()
	if e.closed || len(e.idle) >= e.pool.cfg.MaxIdle {
		e.mu.Unlock()
		_ = u.tcp.Close()
		return
	}
	e.idle = append(e.idle, u)
	e.mu.Unlock()
}

// prune closes idle connections that are too old, that the peer has closed, or
// that spoke, and says how many are left.
func (e *endpoint) prune() int {
	t := now()
	e.mu.Lock()
	defer e.mu.Unlock()
	kept := e.idle[:0]
	for _, u := range e.idle {
		if u.usable(t) && u.quiet() {
			kept = append(kept, u)
		} else {
			_ = u.tcp.Close()
		}
	}
	clear(e.idle[len(kept):])
	e.idle = kept
	return len(kept)
}

func (e *endpoint) close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	for _, u := range e.idle {
		_ = u.tcp.Close()
	}
	e.idle = nil
}

// failed notes that a check or a request found the endpoint unreachable; worked
// that it is well.
func (e *endpoint) failed(why string) {
	e.mu.Lock()
	changed := !e.ill.Swap(true)
	first := !e.checked
	e.checked, e.failure = true, why
	if changed {
		e.since = e.pool.cfg.Now()
	}
	e.mu.Unlock()
	if changed {
		e.pool.log.Warn("an endpoint is not healthy", "endpoint", e.url, "error", why, "first_check", first)
	}
}

func (e *endpoint) worked() {
	e.mu.Lock()
	changed := e.ill.Swap(false)
	e.checked, e.failure = true, ""
	if changed {
		e.since = e.pool.cfg.Now()
	}
	e.mu.Unlock()
	if changed {
		e.pool.log.Info("an endpoint is healthy again", "endpoint", e.url)
		e.pool.serve()
	}
}

func (e *endpoint) status() EndpointStatus {
	e.mu.Lock()
	defer e.mu.Unlock()
	return EndpointStatus{
		URL: e.url, Healthy: e.healthy(), Checked: e.checked, Since: e.since, LastError: e.failure,
		InFlight: int(e.inFlight.Load()), Idle: len(e.idle),
	}
}
