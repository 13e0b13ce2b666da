package proxy

import (
	"context"
	"errors"
	"sync/atomic"
)

// race is a request that two endpoints have: the first, for which the
// connection's own goroutine waits, and a second for which one of its own does.
type race struct {
	decided atomic.Int32 // undecided, or who answered first
	first   *upstream    // interrupted when the second wins
	place   *endpoint    // the second
	out, in []byte
	at      instant
	done    chan struct{}
	u       *upstream // of the second, if it won; n bytes of its answer are in in
	n       int
	died    bool // the second can't be reached or ended without an answer
}

const (
	undecided int32 = iota
	firstWon
	secondWon
)

// hedges returns the pool's hedging where this request may be hedged: it may be
// run twice, it is here as a whole, and there is somebody else to ask.
func (c *conn) hedges() *hedging {
	k := &c.w.call
	pool := k.target.pool
	if pool.hedge == nil || !k.cfg.Idempotent || k.streams || k.upgrade || len(*pool.roster.Load()) < 2 {
		return nil
	}
	return pool.hedge
}

// firstOfTwo waits for the first bytes of the answer to a request that u has, until
// at; where u is silent for too long, a second endpoint is asked as well. It
// returns the connection on which the bytes came.
func (c *conn) firstOfTwo(h *hedging, u *upstream, q *query, at instant) (*upstream, int, error) {
	since := now()
	early := at
	if d := h.delay(); d > 0 {
		early = earlier(at, since.after(d))
	}
	n, err := u.receive(c.w.up, early)
	if isTimeout(err) && early < at {
		u, n, err = c.second(h, u, q, at)
	}
	if err == nil {
		h.observe((now() - since).duration())
	}
	return u, n, err
}

// second asks another endpoint as well, if there is one and the budget allows it.
func (c *conn) second(h *hedging, u *upstream, q *query, at instant) (*upstream, int, error) {
	k := &c.w.call
	pool := k.target.pool
	counters := pool.cfg.Counters
	s := query{t: now(), key: q.key, not: q.not}
	s.not.add(u.endpoint)
	place, v := (*endpoint)(nil), busy
	if pool.line.n.Load() == 0 { // nobody is overtaken
		place, v = pool.acquire(&s)
	}
	switch {
	case v == picked && !place.available(s.t):
		place.leave()
		fallthrough
	case v != picked:
		counters.HedgesNowhere.Add(1)
		n, err := u.receive(c.w.up, at)
		return u, n, err
	case !h.take():
		place.leave()
		counters.HedgesUnbudgeted.Add(1)
		n, err := u.receive(c.w.up, at)
		return u, n, err
	}
	r := &race{first: u, place: place, in: make([]byte, len(c.w.up)), at: at, done: make(chan struct{})}
	r.out = append(k.appendRequest(nil, &c.w.req, place), k.body...)
	return c.run(r, q)
}

// run runs the race. When it returns, the second's goroutine has ended.
func (c *conn) run(r *race, q *query) (*upstream, int, error) {
	k := &c.w.call
	counters := k.target.pool.cfg.Counters
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.dial.Store(&dialing{cancel}) // a client that leaves ends both
	defer c.dial.Store(nil)
	go func() {
		defer close(r.done)
		defer func() {
			if p := recover(); p != nil {
				c.server.log.Error("a hedge panicked; its connection is closed", "panic", p)
				r.died = true
			}
		}()
		r.ask(ctx)
	}()
	n, err := r.first.receive(c.w.up, r.at)
	if err != nil && !isTimeout(err) && !c.gone.Load() {
		<-r.done // it is the only one left, or has won
	}
	if r.decided.CompareAndSwap(undecided, firstWon) {
		cancel()
		<-r.done
		if r.died {
			counters.HedgesFailed.Add(1)
			q.not.add(r.place)
		} else {
			counters.HedgesLost.Add(1)
		}
		return r.first, n, err
	}
	<-r.done
	counters.HedgesWon.Add(1)
	if r.first.endpoint.pool.measures() {
		r.first.latency = (now() - k.sentAt).duration() // at least
	}
	c.detach()
	r.first.close()
	copy(c.w.up, r.in[:r.n])
	if !c.attach(r.u) {
		return r.u, 0, errClient
	}
	return r.u, r.n, nil
}

// ask sends the request to the second endpoint, and interrupts the first where
// the answer begins sooner.
func (r *race) ask(ctx context.Context) {
	for {
		kept, err := r.over(ctx)
		switch {
		case err == nil:
			return
		case kept && (errors.Is(err, errStale) || errors.Is(err, errNothing)):
			continue // nothing was sent: there is another connection
		}
		r.died = r.open(ctx)
		r.place.leave()
		return
	}
}

// open says whether the answer is still waited for.
func (r *race) open(ctx context.Context) bool {
	return ctx.Err() == nil && r.decided.Load() == undecided
}

// over sends it over one connection; kept says that this was not a new one. With
// an error the connection is closed and the endpoint not left.
func (r *race) over(ctx context.Context) (kept bool, err error) {
	u := r.place.take(now())
	if kept = u != nil; !kept {
		if u, err = r.place.dial(ctx); err != nil {
			if r.open(ctx) {
				r.place.failed("connect: " + err.Error())
			}
			return false, err
		}
	}
	stop := context.AfterFunc(ctx, u.interrupt)
	defer stop()
	u.before = u.sent
	t := now()
	wrote, n, err := u.exchange(r.out, r.in, t, r.at, false)
	if err == nil && wrote < len(r.out) {
		wrote, err = u.writeAt(r.out[wrote:], r.at)
		u.sent += uint64(wrote)
		if err == nil {
			n, err = u.receive(r.in, r.at)
		}
	}
	if err == nil && !r.decided.CompareAndSwap(undecided, secondWon) {
		err = context.Canceled
	}
	if err != nil {
		_ = u.tcp.Close()
		if r.open(ctx) && !errors.Is(err, errStale) && !errors.Is(err, errNothing) {
			r.place.answered(0)
		}
		return kept, err
	}
	if r.place.pool.measures() {
		u.latency = (now() - t).duration()
	}
	r.u, r.n = u, n
	r.first.interrupt()
	return kept, nil
}
