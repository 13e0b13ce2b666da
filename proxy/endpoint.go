package proxy

import (
	"sync"
	"sync/atomic"
	"time"
)

// endpoint is one address of a version.
type endpoint struct {
	pool    *Pool
	site    *site
	unwatch func() // ends its checks
	url     string
	address string // host:port to dial
	host    string // for the Host of requests that have none
	path    []byte // replaces the route's prefix where it isn't empty
	hash    uint64 // of url and address

	inFlight atomic.Int64
	ill      atomic.Bool
	out      atomic.Int64 // instant until which it is left out for its failures
	began    atomic.Int64 // instant when it was new, or back; 0: always there
	failing  atomic.Bool  // its last request failed
	latency  peak         // of its answers; observed under mu
	persists atomic.Bool  // it has kept a connection open behind an answer

	mu      sync.Mutex
	idle    []*upstream // the longest unused first; taken from the end
	closed  bool
	checked bool
	since   time.Time
	failure string
	faults  ejection
}

// available says whether requests are sent to it while there is a choice.
func (e *endpoint) available(t instant) bool { return e.healthy() && int64(t) >= e.out.Load() }

// share is what part of the others' requests it gets: less than one for a while
// after it was new, or back.
func (e *endpoint) share(t instant, slow time.Duration) float64 {
	began := instant(e.began.Load())
	if began == 0 || slow <= 0 || t-began >= instant(slow) {
		return 1
	}
	return max(float64(t-began)/float64(slow), 0.1)
}

// answered notes how an exchange went: the status, 0 if there was no whole head.
func (e *endpoint) answered(status int) {
	if status > 0 && status < 500 {
		if e.failing.Load() {
			e.mu.Lock()
			e.failing.Store(false)
			e.faults.worked(now())
			e.mu.Unlock()
		}
		return
	}
	if e.pool.eject.after <= 0 {
		return
	}
	t := now()
	e.mu.Lock()
	e.failing.Store(true)
	due := e.faults.failed(t, e.pool.eject)
	e.mu.Unlock()
	if due {
		e.pool.ejectOne(e, t)
	}
}

// ejectOne leaves e out, unless too many are.
func (p *Pool) ejectOne(e *endpoint, t instant) {
	p.ejecting.Lock()
	defer p.ejecting.Unlock()
	out := 0
	all := *p.roster.Load()
	for _, other := range all {
		if other != e && !other.available(t) {
			out++
		}
	}
	if !mayEject(out, len(all), p.cfg.EjectShare) || !e.available(t) {
		return
	}
	e.mu.Lock()
	until := e.faults.eject(t, p.eject)
	e.mu.Unlock()
	e.out.Store(int64(until))
	e.began.Store(int64(until))
	p.cfg.Counters.Ejected.Add(1)
	p.log.Warn("an endpoint is left out for its failures", "endpoint", e.url, "address", e.address, "for", (until - t).duration())
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
	e.noteLocked(u, t)
	if e.closed || len(e.idle) >= e.pool.cfg.MaxIdle || u.veil != nil && u.veil.brim {
		e.mu.Unlock()
		_ = u.tcp.Close()
		return
	}
	e.idle = append(e.idle, u)
	e.mu.Unlock()
}

// noteLocked takes what was measured on u into account; mu is held.
func (e *endpoint) noteLocked(u *upstream, t instant) {
	if u.latency > 0 {
		e.latency.observe(u.latency, t)
		u.latency = 0
	}
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
		e.began.Store(int64(now()))
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
		URL: e.url, Address: e.address, Healthy: e.healthy(), Ejected: e.out.Load() > int64(now()), Checked: e.checked, Since: e.since, LastError: e.failure,
		InFlight: int(e.inFlight.Load()), Idle: len(e.idle),
	}
}
