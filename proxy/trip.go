package proxy

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
)

// dialing is a connection being made, which a client that leaves ends.
type dialing struct{ cancel context.CancelFunc }

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

// forward sends the request to an endpoint and relays the answer.
func (c *conn) forward() bool {
	k := &c.w.call
	k.upgrade = wantsUpgrade(&c.w.req)
	var not tried
	for {
		k.sentAt = now()
		u, err := c.connect(&not)
		if err != nil {
			return c.failed(unreachable, FaultConnect)
		}
		n, err := c.send(u)
		if err == nil {
			return c.relay(u, n)
		}
		again := c.mayRepeat(u, err)
		if !again {
			return c.lost(u, err)
		}
		if !c.detach() {
			u.close()
			return c.failed(died, FaultClientGone)
		}
		u.close()
		if u.parked == 0 {
			not |= 1 << min(k.target.pool.index(u.endpoint), 63)
		}
	}
}

// connect returns a connection to an endpoint that has not been tried in vain.
func (c *conn) connect(not *tried) (*upstream, error) {
	pool := c.w.call.target.pool
	last := error(errNothing)
	for {
		e := pool.pick(*not)
		if e == nil {
			return nil, last
		}
		e.inFlight.Add(1)
		u := e.take(c.w.call.sentAt)
		if u == nil {
			var err error
			if u, err = c.dialUp(e); err != nil {
				e.inFlight.Add(-1)
				if c.gone.Load() {
					return nil, err
				}
				e.failed("connect: " + err.Error())
				*not |= 1 << min(pool.index(e), 63)
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

// dialUp makes a connection, until the client leaves.
//
// Slow path.
func (c *conn) dialUp(e *endpoint) (*upstream, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.dial.Store(&dialing{cancel})
	defer c.dial.Store(nil)
	if c.gone.Load() {
		return nil, net.ErrClosed
	}
	return e.dial(ctx)
}

// send writes the request, or its beginning, and reads the first bytes of the
// answer into work.up.
func (c *conn) send(u *upstream) (n int, err error) {
	k, w := &c.w.call, c.w
	out := k.appendRequest(w.out[:0], &w.req, u.endpoint, c.server.cfg.Random)
	if k.streams && w.req.Chunked && len(k.body) > 0 {
		out = appendChunk(out, k.body)
	} else {
		out = append(out, k.body...)
	}
	w.out = out
	u.before = u.sent
	at := earlier(k.sentAt.after(k.cfg.Timeout), k.total)
	wrote, n, err := u.exchange(out, w.up, k.sentAt, at, k.streams)
	if err != nil {
		return 0, err
	}
	if wrote < len(out) {
		// Slow path: more than the kernel takes at once.
		k.streamed = true
		m, err := u.writeBy(out[wrote:], k.cfg.Idle, k.total)
		u.sent += uint64(m)
		if err != nil && c.gone.Load() {
			return 0, err
		}
		// If it would not take all, it may have said why.
	}
	if n > 0 {
		return n, nil
	}
	if k.streams {
		k.streamed = true
		if c.greet() != nil {
			return 0, errClient
		}
		k.pump = startPump(c, u)
	}
	return c.firstBytes(u, w.up)
}

// firstBytes waits for more of the answer's head, from the end of the upload on
// no longer than the model's timeout.
func (c *conn) firstBytes(u *upstream, b []byte) (int, error) {
	k := &c.w.call
	since := k.sentAt
	for {
		at := earlier(since.after(k.cfg.Timeout), k.total)
		n, err := u.receive(b, at)
		if k.pump == nil || !isTimeout(err) || k.total != 0 && now() >= k.total {
			return n, err
		}
		switch ended := instant(k.pump.ended.Load()); {
		case ended == 0:
			since = now() // it goes on; the pump watches that it moves
		case now() < ended.after(k.cfg.Timeout):
			since = ended
		default:
			return n, err
		}
	}
}

// mayRepeat says whether a request that failed with err on u can be sent once
// more because nothing of it can have been processed.
func (c *conn) mayRepeat(u *upstream, err error) bool {
	k := &c.w.call
	switch {
	case c.gone.Load() || k.streamed || isTimeout(err):
		return false
	case errors.Is(err, errStale), errors.Is(err, errNothing):
		return true
	case u.reused && safe(c.w.req.Method):
		return errors.Is(err, errEOF) || errors.Is(err, syscall.ECONNRESET)
	}
	return errors.Is(err, errEOF) && u.unread()
}

// safe says whether a method only reads (RFC 9110, 9.2.1).
func safe(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS":
		return true
	}
	return false
}
