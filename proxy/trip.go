package proxy

import (
	"context"
	"errors"
	"net"
	"os"
)

// dialing is a connection being made, which a client that leaves ends.
type dialing struct{ cancel context.CancelFunc }

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// forward sends the request to an endpoint and relays the answer.
func (c *conn) forward() bool {
	u, n, keep := c.sent()
	if u == nil {
		return keep
	}
	return c.relay(u, n)
}

// sent sends the request to an endpoint, to others if need be, and returns the
// one that answers, with how much of the answer is in work.up; nil: none does,
// and the request has been answered. It is apart from forward for its locals:
// see relay.
func (c *conn) sent() (answering *upstream, n int, keep bool) {
	k := &c.w.call
	k.upgrade = wantsUpgrade(&c.w.req)
	q := query{key: k.key}
	k.target.pool.retries.pay()
	for {
		k.sentAt = now()
		q.t = k.sentAt
		u, err := c.connect(&q)
		if err != nil {
			if c.onceMore(&q, err) {
				continue
			}
			return nil, 0, c.unserved(err)
		}
		if k.paid {
			c.repeated()
		}
		u, n, err := c.send(u, &q)
		if err == nil {
			return u, n, false
		}
		how := c.mayRepeat(u, err)
		if how == never {
			return nil, 0, c.lost(u, err)
		}
		if !c.detach() {
			u.close()
			return nil, 0, c.failed(died, FaultClientGone)
		}
		u.close()
		q.failedAt(u, how)
	}
}

// connect returns a connection to an endpoint that has not been tried in vain.
func (c *conn) connect(q *query) (*upstream, error) {
	last := error(errNothing)
	for {
		e, v := c.place(q)
		switch v {
		case none:
			return nil, last
		case full:
			return nil, errFull
		case expired:
			return nil, errExpired
		}
		u := e.take(c.w.call.sentAt)
		if u == nil {
			var err error
			if u, err = c.dialUp(e); err != nil {
				e.leave()
				if c.gone.Load() {
					return nil, err
				}
				e.failed("connect: " + err.Error())
				q.not.add(e)
				last = err
				continue
			}
		}
		if !c.attach(u) {
			c.detach()
			u.close()
			return nil, net.ErrClosed
		}
		return u, nil
	}
}

var (
	errFull    = errors.New("too many requests wait for an endpoint")
	errExpired = errors.New("no endpoint had a place in time")
)

// unserved ends a request that no endpoint was connected to for.
func (c *conn) unserved(err error) bool {
	counters := c.w.call.target.pool.cfg.Counters
	switch {
	case c.gone.Load():
		return c.failed(unreachable, FaultClientGone)
	case errors.Is(err, errFull):
		counters.Full.Add(1)
		return c.failed(overloaded, FaultOverloaded)
	case errors.Is(err, errExpired):
		counters.Expired.Add(1)
		return c.failed(queueTimeout, FaultOverloaded)
	}
	return c.failed(unreachable, FaultConnect)
}

// place finds an endpoint that may have one request more, if need be by waiting.
func (c *conn) place(q *query) (*endpoint, verdict) {
	k := &c.w.call
	pool := k.target.pool
	if pool.line.n.Load() == 0 { // nobody would be overtaken
		if e, v := pool.acquire(q); v != busy {
			return e, v
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.dial.Store(&dialing{cancel})
	defer c.dial.Store(nil)
	if c.gone.Load() {
		return nil, expired
	}
	e, v := pool.wait(ctx, q, earlier(now().after(pool.cfg.QueueTimeout), k.total), false)
	k.sentAt = now() // waiting here is not the endpoint's time
	q.t = k.sentAt
	return e, v
}

// dialUp makes a connection, until the client leaves.
//
// Slow path. It goes through a goroutine of its own for that one's stack, which
// grows to 8 kB in the net package and goes with it: a stack shrinks only where
// less than a quarter of it is used, so that the connection's own would keep
// them for as long as it has work.
func (c *conn) dialUp(e *endpoint) (*upstream, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.dial.Store(&dialing{cancel})
	defer c.dial.Store(nil)
	if c.gone.Load() {
		return nil, net.ErrClosed
	}
	var (
		u      *upstream
		err    error
		broken any
	)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { broken = recover() }()
		u, err = e.dial(ctx)
	}()
	<-done
	if broken != nil {
		panic(broken) // it costs its own connection only
	}
	return u, err
}

// send writes the request, or its beginning, and reads the first bytes of the
// answer into work.up. It returns the connection on which they came, which may
// be another one: see [Hedge].
func (c *conn) send(u *upstream, q *query) (*upstream, int, error) {
	k, w := &c.w.call, c.w
	out := k.appendRequest(w.out[:0], &w.req, u.endpoint)
	if k.streams && w.req.Chunked && len(k.body) > 0 {
		out = appendChunk(out, k.body)
	} else {
		out = append(out, k.body...)
	}
	w.out = out
	u.before = u.sent
	at := earlier(k.sentAt.after(k.cfg.Timeout), k.total)
	hedge := c.hedges()
	wrote, n, err := u.exchange(out, w.up, k.sentAt, at, k.streams || hedge != nil)
	if err != nil {
		return u, 0, err
	}
	if wrote < len(out) {
		if n, err := c.sendRest(u, out[wrote:]); err != nil || n > 0 {
			return u, n, err
		}
	}
	switch {
	case n > 0:
		return u, n, nil // Fast path
	case hedge != nil:
		hedge.pay()
		return c.firstOfTwo(hedge, u, q, at)
	case k.streams:
		k.streamed = true
		if c.greet() != nil {
			return u, 0, errClient
		}
		k.pump = startPump(c, u)
	}
	n, err = c.firstBytes(u, w.up)
	return u, n, err
}

// sendRest writes what the kernel didn't take at once. Where it does not take it
// all, it returns what the endpoint said, or an error.
//
// Slow path.
func (c *conn) sendRest(u *upstream, out []byte) (n int, err error) {
	k := &c.w.call
	k.streamed = true
	m, err := u.writeBy(out, k.cfg.Idle, k.total)
	u.sent += uint64(m)
	if err == nil || c.gone.Load() {
		return 0, err
	}
	// If it would not take all, it may have said why. What is left of the body
	// goes nowhere: there would be a gap before it.
	u.torn = true
	k.keep = k.keep && !k.streams
	return u.receive(c.w.up, earlier(now().after(k.cfg.Timeout), k.total))
}

// firstBytes waits for more of the answer's head, from the end of the upload on,
// or from when the endpoint would take no more of it, no longer than the model's
// timeout.
func (c *conn) firstBytes(u *upstream, b []byte) (int, error) {
	k := &c.w.call
	since := k.sentAt
	for {
		at := earlier(since.after(k.cfg.Timeout), k.total)
		n, err := u.receive(b, at)
		if k.pump == nil || !isTimeout(err) || k.total != 0 && now() >= k.total {
			return n, err
		}
		switch ended := instant(k.pump.ended.Load() + k.pump.stuck.Load()); {
		case ended == 0:
			since = now() // it goes on; the pump watches that it moves
		case now() < ended.after(k.cfg.Timeout):
			since = ended
		default:
			return n, err
		}
	}
}
