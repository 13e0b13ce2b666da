package proxy

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/weir-gateway/weir/proxy/http1"
)

// conn is one client connection, served by one goroutine, or by none while it
// rests. There may be very many that are idle: what only a request needs is in
// work.
type conn struct {
	server  *Server
	id      uint64
	peer    netip.Addr // who is at the other end
	trusted bool       // it is a proxy whose word about its clients counts
	secure  *secured   // TLS; nil without
	raw     syscall.RawConn
	deadlines

	phase  atomic.Int32          // fresh, idle, busy or closed
	held   atomic.Pointer[State] // see drain
	up     atomic.Pointer[upstream]
	dial   atomic.Pointer[dialing]
	gone   atomic.Bool // the client has hung up
	w      *work
	filled func(fd uintptr) bool // fill, bound once
	taken  func(fd uintptr) bool // offer, bound once

	until instant // when it has been idle for too long
	idled bool    // it has been idle for long enough to rest
	woken bool    // it has rested, and had no request since
	brisk bool    // its last rest was over soon
	stays bool    // it can't rest
	neighbours
}

const (
	phaseFresh int32 = iota // it has had no request yet
	phaseIdle
	phaseBusy
	phaseClosed
)

// lastWait is how long a draining server waits for a request that may be on its way.
const lastWait = 2 * time.Second

// serve handles requests until the connection rests or ends.
func (c *conn) serve() { c.attend(c.secure != nil) }

// resume goes on after a rest.
func (c *conn) resume() {
	c.woken = true
	c.server.hangups.unlisten(c)
	c.attend(false)
}

func (c *conn) attend(handshake bool) {
	rests := false
	defer func() {
		if !rests { // else it may already be another goroutine's
			c.server.forget(c)
		}
	}()
	defer c.recovered()
	if handshake && !c.handshake() {
		return
	}
	for {
		for c.next() && c.handle() {
		}
		if !c.idled {
			return
		}
		c.idled = false
		if rests = c.server.rest(c); rests {
			return
		}
		c.stays = true
	}
}

// recovered turns a panic of our own into the end of one connection.
func (c *conn) recovered() {
	r := recover()
	if r == nil {
		return
	}
	c.server.log.Error("a request panicked; its connection is closed", "panic", r, "stack", string(debug.Stack()))
	c.abort()
	if c.w != nil {
		c.cleanUp()
	}
	c.held.Store(nil)
}

// next waits for a request and reads its head. false: there is none.
func (c *conn) next() bool {
	w := c.w
	if w == nil || w.r == w.w {
		if !c.await() {
			return false
		}
		w = c.w
	} else {
		w.fatten(&c.server.works)
		w.w = copy(w.in, w.in[w.r:w.w]) // the beginning of a pipelined request
		w.r = 0
	}
	at := instant(0) // of the head's end; most come in one piece and need none
	for seen := 0; ; {
		// A head that comes in pieces is parsed again only when an end is there.
		if seen == 0 || http1.HeadEnd(w.in[:w.w], seen) {
			n, err := w.req.Parse(w.in[:w.w])
			if err != nil {
				c.refuse(refusal(err))
				return false
			}
			if n > 0 {
				if n > c.server.cfg.MaxHead || len(w.req.Target) > c.server.cfg.MaxTarget {
					c.refuse(c.tooLong())
					return false
				}
				w.r = n
				return true
			}
		}
		if seen = w.w; w.w == len(w.in) && !c.moreRoom() {
			return false
		}
		if at == 0 {
			at = now().after(c.server.cfg.HeadTimeout)
		}
		n, err := c.readBy(w.in[w.w:], at)
		w.w += n
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				c.refuse(slowRequest)
			}
			return false
		}
	}
}

// await waits for the first bytes of a request, without a buffer until they come.
// false: there are none, or, if idled is true, the connection may rest.
func (c *conn) await() bool {
	switch {
	case c.w == nil:
	case c.w.slender():
		c.giveBack()
	default:
		c.w.r, c.w.w = 0, 0
	}
	phase := c.phase.Load()
	if phase != phaseFresh {
		phase = phaseIdle
		c.phase.Store(phaseIdle)
	}
	t, woken := now(), c.woken
	if c.woken = false; !woken {
		c.until = t.after(c.server.cfg.KeepAlive)
	}
	soon, rests := c.soon(t, woken)
	c.reading(min(soon, c.until), t)
	// Behind the arming: Shutdown's own may just have been overwritten.
	if c.server.draining.Load() {
		if phase != phaseFresh && !woken {
			return false
		}
		c.hurry()
	}
	for {
		var err error
		if c.secure != nil {
			err = c.awaken()
		} else {
			err = c.raw.Read(c.filled)
		}
		if err == nil {
			break
		}
		if rests && isTimeout(err) && !c.server.resting.over() {
			c.giveBack()
			c.idled = true
			return false
		}
		if c.server.draining.Load() || !c.rearmRead(err, c.until) {
			return false
		}
	}
	if c.w.err != nil || c.w.n == 0 {
		return false
	}
	c.w.w = c.w.n
	return c.phase.CompareAndSwap(phase, phaseBusy) // not if Shutdown was faster
}

// giveBack returns what only a request needs.
func (c *conn) giveBack() {
	if c.w != nil {
		c.server.works.put(c.w)
		c.w = nil
	}
}

// wind ends an idle connection because the server shuts down, and has one on
// which a request may be on its way wait no longer than lastWait. It is called
// from another goroutine.
func (c *conn) wind() {
	switch phase := c.phase.Load(); {
	case phase == phaseFresh, phase == phaseIdle && c.spoke():
		c.hurry()
	case phase == phaseIdle && c.phase.CompareAndSwap(phaseIdle, phaseClosed):
		_ = c.conn.Close()
	}
}

func (c *conn) hurry() { _ = c.conn.SetReadDeadline(time.Now().Add(lastWait)) }

// spoke says whether bytes have come that nobody has read yet.
func (c *conn) spoke() bool {
	var n int
	_ = c.raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, _ = syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	return n > 0
}

// fill is called when the connection may be readable; false waits for that.
func (c *conn) fill(fd uintptr) bool {
	if c.w == nil {
		c.w = c.server.works.get()
	}
	n, err := sysRead(int(fd), c.w.in)
	if n < 0 && errors.Is(err, syscall.EAGAIN) {
		c.giveBack()
		return false
	}
	c.w.n, c.w.err = n, err
	return true
}

// writeBy writes all of b; see deadlines.writeBy.
//
// Fast path: one system call without telling the scheduler, which costs more
// than it helps where a call can't block.
func (c *conn) writeBy(b []byte, patience time.Duration, total instant) (n int, err error) {
	if c.secure != nil {
		return c.secure.writeBy(&c.deadlines, b, patience, total)
	}
	t := now()
	c.writing(earlier(t.after(patience), total), t)
	w := c.w
	w.offered, w.wrote = b, 0
	err = c.raw.Write(c.taken)
	w.offered = nil
	if w.wrote == len(b) && err == nil {
		return len(b), nil
	}
	// Slow path: also for every error, which it will meet again.
	n, err = c.deadlines.writeBy(b[w.wrote:], patience, total)
	return n + w.wrote, err
}

// offer writes what the connection takes at once.
func (c *conn) offer(fd uintptr) bool {
	if n, err := sysWrite(int(fd), c.w.offered); err == nil {
		c.w.wrote = n
	}
	return true
}

// moreRoom makes room for a larger head, or refuses it.
func (c *conn) moreRoom() bool {
	w := c.w
	if len(w.in) >= c.server.cfg.MaxHead {
		c.refuse(c.tooLong())
		return false
	}
	larger := make([]byte, min(2*len(w.in), c.server.cfg.MaxHead))
	copy(larger, w.in[:w.w])
	w.in = larger
	return true
}

// tooLong says what of a head that exceeds a limit is too long.
func (c *conn) tooLong() problem {
	first, _, _ := bytes.Cut(c.w.in[:c.w.w], []byte{'\n'})
	if len(first) > c.server.cfg.MaxTarget || len(first) == c.w.w {
		return targetTooLong
	}
	return headTooLarge
}

// refuse answers a request whose head can't be used, and ends the connection.
func (c *conn) refuse(p problem) {
	c.server.refused(p.slug)
	c.w.out = p.append(c.w.out[:0], nil, c.server.date.append(nil), false, true)
	if _, err := c.writeBy(c.w.out, 5*time.Second, 0); err == nil {
		c.linger()
	}
}

// linger ends the connection so that the client can read what was sent last:
// closing while bytes of its request are unread would reset the connection, and
// the answer might be lost (RFC 9112, 9.6).
func (c *conn) linger() {
	half, ok := c.conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	if c.secure != nil { // what was closed is TLS only
		_ = c.secure.tcp.(interface{ CloseWrite() error }).CloseWrite()
	}
	at := now().after(time.Second)
	c.deadlines.read = at
	_ = c.conn.SetReadDeadline(origin.Add(time.Duration(at)))
	_, _ = io.CopyN(io.Discard, c.conn, 1<<20)
}

// abort ends the connection so that the client can't take what it has for a
// whole answer.
func (c *conn) abort() {
	socket := c.socket() // not TLS, whose own end would make it look orderly
	if tcp, ok := socket.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = socket.Close()
}

// hungUp is called, from another goroutine, when the client has closed its side.
func (c *conn) hungUp() {
	c.gone.Store(true)
	// Who swaps the upstream out owns its end: it can't have gone back to the pool.
	if u := c.up.Swap(nil); u != nil {
		u.interrupt()
	}
	if d := c.dial.Swap(nil); d != nil {
		d.cancel()
	}
}

// attach makes the client's hanging up interrupt u. false: it already has.
func (c *conn) attach(u *upstream) bool {
	c.w.call.up = u
	c.up.Store(u)
	return !c.gone.Load()
}

// detach ends that. false: u was interrupted.
func (c *conn) detach() bool {
	c.w.call.up = nil
	return c.up.Swap(nil) != nil
}
