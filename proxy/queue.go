package proxy

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// line is where requests wait for a place at an endpoint that has a limit, in
// the order in which they came. Whoever gives a place back serves the line, so
// that a place is never free while somebody who could use it waits.
type line struct {
	mu      sync.Mutex
	waiters []*waiter
	n       atomic.Int32 // len(waiters), for those who don't hold mu
}

// waiter is one request in line.
type waiter struct {
	q   query
	got chan *endpoint // its place; has room for one
}

// acquire takes a place at an endpoint. none: there is no endpoint left to try.
// busy: there is, but it has as many requests as it may have.
func (p *Pool) acquire(q *query) (*endpoint, verdict) {
	limit := q.limit(p)
	if q.spare && limit == 0 && p.cfg.MaxConnections > 0 {
		return nil, busy // the only place is a client's
	}
	for {
		e, v := p.pick(q)
		if v != picked || e.enter(limit) {
			return e, v
		}
	}
}

// limit is how many requests an endpoint may have before the query takes no place
// there; 0: any number.
func (q *query) limit(p *Pool) int64 {
	if q.spare {
		return int64(p.cfg.MaxConnections / 2)
	}
	return int64(p.cfg.MaxConnections)
}

// enter counts one request more, unless the endpoint has as many as it may.
func (e *endpoint) enter(limit int64) bool {
	if limit <= 0 {
		e.inFlight.Add(1)
		return true
	}
	for {
		n := e.inFlight.Load()
		if n >= limit {
			return false
		}
		if e.inFlight.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// leave gives a place back.
func (e *endpoint) leave() {
	e.inFlight.Add(-1)
	// Who joins the line counts itself before it looks for a place, and we give
	// ours back before we look at the count: one of us sees the other.
	if e.pool.line.n.Load() > 0 {
		e.pool.serve()
	}
}

// serve gives free places to those who have waited longest.
func (p *Pool) serve() {
	p.line.mu.Lock()
	defer p.line.mu.Unlock()
	p.serveLocked()
}

func (p *Pool) serveLocked() {
	l := &p.line
	for i := 0; i < len(l.waiters); {
		w := l.waiters[i]
		w.q.t = now()
		e, v := p.acquire(&w.q)
		switch {
		case v == picked:
			w.got <- e
			l.waiters = slices.Delete(l.waiters, i, i+1)
			l.n.Add(-1)
		case w.q.not.n == 0:
			return // nobody behind it can take more
		default:
			i++
		}
	}
}

// wait waits in line for a place until ctx ends or at; always is for copies,
// whose number is bounded by their workers. expired: no place was free in time.
// full: the line was.
//
// Slow path.
func (p *Pool) wait(ctx context.Context, q *query, at instant, always bool) (*endpoint, verdict) {
	l := &p.line
	w := &waiter{q: *q, got: make(chan *endpoint, 1)}
	l.mu.Lock()
	if !always && len(l.waiters) >= p.cfg.MaxQueue {
		l.mu.Unlock()
		return nil, full
	}
	l.waiters = append(l.waiters, w)
	l.n.Add(1)
	p.serveLocked()
	l.mu.Unlock()
	timer := time.NewTimer((at - now()).duration())
	defer timer.Stop()
	select {
	case e := <-w.got:
		return e, picked
	case <-timer.C:
	case <-ctx.Done():
	}
	l.mu.Lock()
	if i := slices.Index(l.waiters, w); i >= 0 {
		l.waiters = slices.Delete(l.waiters, i, i+1)
		l.n.Add(-1)
	}
	l.mu.Unlock()
	select {
	case e := <-w.got: // it came at the same moment
		if ctx.Err() != nil {
			e.leave()
			return nil, expired
		}
		return e, picked
	default:
		return nil, expired
	}
}
