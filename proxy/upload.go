package proxy

import (
	"errors"
	"sync/atomic"
	"time"
)

// pump sends the rest of a request's body upstream while the connection's own
// goroutine waits for the answer, which may come before the body's end. Until
// stop has returned, reading from the client and writing to the upstream are
// the pump's.
type pump struct {
	ended    atomic.Int64 // instant when the whole body had been sent; 0: not yet
	stuck    atomic.Int64 // instant when the endpoint would take no more of it; 0: it does
	done     chan struct{}
	last     atomic.Bool // the last bytes are being written
	stopping atomic.Bool
	cause    *problem // why it broke off, if that was the client's fault
}

var errStopped = errors.New("the pump was stopped")

// pumpClient stands for a client that left.
var pumpClient = &problem{slug: "client-gone"}

func startPump(c *conn, u *upstream) *pump {
	p := &pump{done: make(chan struct{})}
	go func() {
		defer close(p.done)
		defer func() {
			if r := recover(); r != nil {
				c.server.log.Error("an upload panicked; its connections are closed", "panic", r)
				u.interrupt()
			}
		}()
		p.run(c, u)
	}()
	return p
}

// stop ends the pump, if it hasn't ended, and says whether it had sent all. If
// it hadn't, u is closed.
func (p *pump) stop(c *conn, u *upstream) bool {
	all := p.ended.Load() != 0
	if !all {
		select {
		case <-p.done:
			all = p.ended.Load() != 0
		default:
			p.stopping.Store(true)
			_ = c.conn.SetReadDeadline(origin)
			u.interrupt()
		}
	}
	// What it has sent after an interruption changes nothing: u is closed, and
	// must not go back to the pool.
	<-p.done
	c.deadlines.read = 0
	return all
}

// sent says whether the whole body has been sent. An endpoint may answer sooner
// than we hear that the last write is done: so that is waited for a moment, long
// enough for a machine that is busy (5 ms ended clients' connections in tests
// under load). Only an endpoint that answers without reading has us wait so long.
func (p *pump) sent() bool {
	if p.ended.Load() == 0 && p.last.Load() {
		select {
		case <-p.done:
		case <-time.After(100 * time.Millisecond):
		}
	}
	return p.ended.Load() != 0
}

// read reads from the client, until at or until the pump is stopped.
func (p *pump) read(c *conn, b []byte, at instant) (int, error) {
	c.reading(at, now())
	for {
		// Behind every arming: stop's own may just have been overwritten.
		if p.stopping.Load() {
			return 0, errStopped
		}
		n, err := c.conn.Read(b)
		if n > 0 || !p.stopping.Load() && !c.rearmRead(err, at) {
			return n, err
		}
	}
}

// fail ends the request because of its client: the upstream must never take
// what it has for a whole request.
func (p *pump) fail(u *upstream, why *problem) {
	p.cause = why
	u.interrupt()
}

// refuse is fail for a client that is told why.
func (p *pump) refuse(u *upstream, why problem) { p.fail(u, &why) }

func (p *pump) run(c *conn, u *upstream) {
	k := &c.w.call
	b := c.server.streams.get()
	defer c.server.streams.put(b)
	size := int64(len(k.body))
	credit := c.server.newCredit()
	for k.rest != 0 && !k.chunked.Done() {
		in := b.space()
		if k.rest > 0 && k.rest < int64(len(in)) {
			in = in[:k.rest]
		}
		began := now()
		n, err := p.read(c, in, earlier(began.after(credit.left), k.total))
		credit.spend(now()-began, n)
		if n == 0 {
			p.ill(u, err)
			return
		}
		out := in[:n]
		if k.rest > 0 {
			k.rest -= int64(n)
			k.request.add(out)
		} else {
			data, used, err := decode(&k.chunked, in[:n])
			if err != nil {
				p.refuse(u, badBody)
				return
			}
			k.request.add(data)
			if size += int64(len(data)); size > k.cfg.MaxBody {
				p.refuse(u, bodyTooLarge)
				return
			}
			if used < n {
				c.w.unreadBytes(in[used:n])
			}
			from := 0
			if len(data) > 0 {
				from = offset(in, data)
			}
			out = b.chunk(roomBefore+from, roomBefore+from+len(data), k.chunked.Done())
		}
		p.last.Store(k.rest == 0 || k.chunked.Done())
		m, err := u.writeBy(out, k.cfg.Idle, k.total)
		u.sent += uint64(m)
		if err != nil {
			p.stuck.Store(int64(now()))
			return // the answer, or its lack, tells the client
		}
	}
	p.ended.Store(int64(now()))
}

// ill says what a failed read from the client means.
func (p *pump) ill(u *upstream, err error) {
	switch {
	case errors.Is(err, errStopped):
	case isTimeout(err):
		p.refuse(u, slowRequest)
	default:
		p.fail(u, pumpClient)
	}
}

// unreadBytes takes bytes back that were read behind a request's end. The head
// of that request may still be in use: so they go into new space if need be.
func (w *work) unreadBytes(b []byte) {
	if w.w+len(b) > len(w.in) {
		w.in = append(make([]byte, 0, largestKept+streamSize), w.in[w.r:w.w]...)
		w.w, w.r = w.w-w.r, 0
		w.in = w.in[:cap(w.in)]
	}
	w.w += copy(w.in[w.w:], b)
}

func (i instant) duration() time.Duration { return time.Duration(i) }
