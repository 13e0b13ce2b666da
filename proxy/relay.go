package proxy

import (
	"errors"

	"github.com/weir-gateway/weir/proxy/http1"
)

// maxInterim is how many interim answers (1xx) a request may get.
const maxInterim = 32

var errInterim = &http1.Error{Status: 502, Reason: "interim answers without end"}

// relay reads the answer, of which n bytes are in work.up, and writes it to the
// client as it comes.
//
// The beginning is a function of its own for its locals: while the rest streams,
// the goroutine waits below relay, and with more than 1248 bytes in use a stack
// that began with 8 kB never shrinks.
func (c *conn) relay(u *upstream, n int) bool {
	var d download
	if over, keep := c.relayHead(u, n, &d); over {
		return keep
	}
	return c.stream(u, &d)
}

// relayHead relays the head and what has come with it. over: that was all, or
// there will be no more.
func (c *conn) relayHead(u *upstream, n int, d *download) (over, keep bool) {
	k, w := &c.w.call, c.w
	end, n, err := c.answerHead(u, n)
	if err != nil {
		return true, c.lost(u, err)
	}
	resp := &w.resp
	u.endpoint.answered(resp.Status)
	if resp.Status == 101 {
		return true, c.tunnel(u, w.up[end:n])
	}
	u.promise(&resp.Fields)
	*d = download{framing: resp.Framing(k.head), rest: resp.ContentLength}
	open := d.framing == http1.Chunks || d.framing == http1.UntilEOF
	k.chunks = open && w.req.Minor == 1
	if open && w.req.Minor == 0 || k.pump != nil && !k.pump.sent() || c.server.draining.Load() {
		k.keep = false
	}
	k.x.Status = resp.Status
	if k.response.on {
		k.x.describe(&k.x.Response, &resp.Fields)
	}
	out := c.appendAnswer(w.out[:0], resp)
	p := w.up[end:n]
	data, used, err := d.next(p)
	if err != nil {
		return true, c.lost(u, err)
	}
	k.response.add(data)
	switch {
	case k.chunks && len(data) > 0:
		out = appendChunk(out, data)
	default:
		out = append(out, data...)
	}
	done := d.done()
	if done && k.chunks {
		out = append(out, http1.LastChunk...)
	}
	w.out = out
	if done {
		// Fast path: the whole answer is here. The upstream is free before the
		// client has been written to.
		c.part(u, resp.KeepsAlive() && used == len(p))
		return true, c.deliver(out)
	}
	if u.latency == 0 && u.endpoint.pool.measures() { // a second endpoint's is there
		u.latency = (now() - k.sentAt).duration()
	}
	k.started = true
	if _, err := c.writeBy(out, k.cfg.Idle, k.total); err != nil {
		return true, c.left(u)
	}
	return false, false
}

// deliver writes the whole answer, or its end.
func (c *conn) deliver(out []byte) bool {
	k := &c.w.call
	k.started = true
	if _, err := c.writeBy(out, k.cfg.Idle, k.total); err != nil {
		k.x.Fault = FaultClientGone
		c.abort()
		return false
	}
	if !k.keep {
		if k.streams || c.w.r < c.w.w {
			c.linger()
		}
		return false
	}
	return true
}

// part ends the upstream's part of the exchange.
func (c *conn) part(u *upstream, clean bool) {
	k := &c.w.call
	t := now()
	k.x.Upstream = (t - k.sentAt).duration()
	if u.latency == 0 && k.x.Status > 0 && k.x.Status < 500 && u.endpoint.pool.measures() {
		u.latency = k.x.Upstream // it came at once
	}
	if k.pump != nil && !k.pump.stop(c, u) {
		clean = false
	}
	if c.detach() && clean && !u.torn {
		u.release(t)
	} else {
		u.close()
	}
}

// answerHead reads up to the end of the final answer's head. n bytes are in
// work.up already. It passes interim answers on.
func (c *conn) answerHead(u *upstream, n int) (end, total int, err error) {
	w := c.w
	interims := 0
	for seen := 0; ; {
		if seen == 0 || http1.HeadEnd(w.up[:n], seen) {
			end, err = w.resp.Parse(w.up[:n])
			if err != nil {
				return 0, n, err
			}
			if end > 0 && (w.resp.Status >= 200 || w.resp.Status == 101) {
				return end, n, nil
			}
			if end > 0 {
				if interims++; interims > maxInterim {
					return 0, n, errInterim
				}
				if err := c.interim(); err != nil {
					return 0, n, err
				}
				n = copy(w.up, w.up[end:n])
				if seen = 0; n > 0 {
					continue
				}
			}
		}
		if seen = n; n == len(w.up) {
			if n >= c.server.cfg.MaxHead {
				return 0, n, http1.ErrTooManyFields
			}
			w.up = append(w.up, make([]byte, min(n, c.server.cfg.MaxHead-n))...)
		}
		m, err := c.firstBytes(u, w.up[n:])
		if err != nil {
			return 0, n, err
		}
		n += m
	}
}

var errClient = errors.New("the client can't be written to")

// interim passes an interim answer on to clients that know them. 100 as well:
// upstreams are never asked for one, so it is not the answer to a question of
// ours (RFC 9110, 15.2).
func (c *conn) interim() error {
	k, w := &c.w.call, c.w
	if w.req.Minor == 0 {
		return nil
	}
	w.out = c.appendAnswer(w.out[:0], &w.resp)
	if _, err := c.writeBy(w.out, k.cfg.Idle, k.total); err != nil {
		return errClient
	}
	return nil
}

// lost ends a request whose answer broke off, or never began. Nothing of the
// final answer has been sent if call.started is false.
func (c *conn) lost(u *upstream, err error) bool {
	k := &c.w.call
	k.x.Upstream = (now() - k.sentAt).duration()
	p, fault := died, FaultReset
	var malformed *http1.Error
	switch {
	case c.gone.Load() || errors.Is(err, errClient):
		fault = FaultClientGone
	case isTimeout(err):
		p, fault = timedOut, FaultTimeout
	case errors.As(err, &malformed):
		p, fault = invalid, FaultProtocol
	}
	if k.pump != nil {
		k.pump.stop(c, u)
		// The upload may have been what broke.
		switch cause := k.pump.cause; {
		case cause == pumpClient:
			fault = FaultClientGone
		case cause != nil:
			p, fault = *cause, FaultClientGone
			k.keep = false
			c.part(u, false)
			return c.failedWith(p, fault)
		}
	}
	if fault != FaultClientGone {
		u.endpoint.answered(0)
	}
	c.detach()
	u.close()
	k.keep = k.keep && k.pump == nil
	return c.failed(p, fault)
}

// left ends a request whose client can't be written to any more.
func (c *conn) left(u *upstream) bool {
	c.w.call.x.Fault = FaultClientGone
	c.part(u, false)
	c.abort()
	return false
}

// failed ends a request that got no answer.
func (c *conn) failed(p problem, fault Fault) bool {
	if c.gone.Load() {
		fault = FaultClientGone
	}
	if fault == FaultClientGone {
		c.w.call.x.Fault = fault
		c.abort()
		return false
	}
	return c.failedWith(p, fault)
}

// failedWith answers with a problem, or cuts an answer that has begun.
func (c *conn) failedWith(p problem, fault Fault) bool {
	k := &c.w.call
	k.x.Fault = fault
	k.response.fail()
	if k.started {
		c.abort()
		return false
	}
	return c.problem(p)
}
