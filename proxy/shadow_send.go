package proxy

import (
	"context"
	"errors"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/weir-gateway/weir/proxy/http1"
)

// sender is one worker of a shadow queue.
type sender struct {
	queue *ShadowQueue
	up    atomic.Pointer[upstream] // what Close interrupts
	out   []byte
	in    []byte
	resp  http1.Response
}

// send sends one copy and tells its observer how it went.
func (s *sender) send(j *job) {
	x := j.primary.home.get()
	p := j.primary
	x.Route, x.Version, x.Generation = p.Route, p.Version, p.Generation
	x.Decision, x.Key, x.Role, x.Shadows = p.Decision, p.Key, Again, j.shadows
	if j.shadow >= 0 {
		x.Version, x.Role = p.Route.Shadows[j.shadow].Version, Copy
	}
	x.Trace, x.Parent, x.Recorded = p.Trace, p.Parent, p.Recorded
	x.RequestID, x.Method, x.Rest, x.Inference = p.RequestID, p.Method, p.Rest, p.Inference
	x.Request, x.Primary = p.Request, p // its strings and bytes live as long as the primary, which x keeps
	x.Headers = append(x.Headers, p.Headers...)
	x.Response.JSONLength = -1
	p.Retain()
	x.Start = time.Now()
	j.observer().Begin()
	defer func() {
		if r := recover(); r != nil {
			s.queue.log.Error("a copy panicked", "panic", r, "stack", string(debug.Stack()))
			x.Fault = FaultInternal
		}
		x.Duration = time.Since(x.Start)
		j.observer().End(x)
		x.Release()
	}()
	tooLong := s.exchange(j, x)
	x.Upstream = time.Since(x.Start)
	if x.Fault != FaultClientGone {
		j.target.pool.copying.ended(tooLong || x.Fault != FaultNone, x.Upstream, now())
	}
}

// exchange sends the copy and reads its answer into x; tooLong says that nobody
// will look at that.
func (s *sender) exchange(j *job, x *Exchange) (tooLong bool) {
	at := now().after(s.queue.cfg.Timeout)
	q := query{spare: j.shadow < 0}
	pool := j.target.pool
	for {
		q.t = now()
		e, v := pool.acquire(&q)
		if v == busy && j.shadow < 0 {
			v = expired // its places are for clients: they would wait behind it
		}
		if v == busy {
			e, v = pool.wait(s.queue.ctx, &q, at, true)
		}
		if v != picked {
			x.Fault = FaultConnect
			if v == expired {
				x.Fault = FaultOverloaded
			}
			return false
		}
		u := e.take(now())
		if u == nil {
			var err error
			if u, err = s.dial(e, at); err != nil {
				e.leave()
				if s.queue.ctx.Err() == nil && j.shadow >= 0 {
					e.failed("connect: " + err.Error())
				}
				q.not.add(e)
				continue
			}
		}
		s.up.Store(u)
		if s.queue.ctx.Err() != nil {
			u.interrupt()
		}
		reuse, again, err := s.over(u, j, x, at)
		if s.up.Swap(nil) == nil {
			reuse, again, x.Fault = false, false, FaultClientGone // Close was faster
		}
		switch {
		case again || x.Fault == FaultClientGone:
		case j.shadow < 0: // what a copy of a busy moment suffers must not take an endpoint from clients
		case x.Fault == FaultNone:
			u.endpoint.answered(x.Status)
		default:
			u.endpoint.answered(0)
		}
		if reuse {
			u.release(now())
		} else {
			u.close()
		}
		if !again {
			return errors.Is(err, errTooLong)
		}
		if u.parked == 0 {
			q.not.add(e)
		}
	}
}

// dial makes a connection for a copy that must have ended by at.
func (s *sender) dial(e *endpoint, at instant) (*upstream, error) {
	ctx, cancel := context.WithDeadline(s.queue.ctx, origin.Add(at.duration()))
	defer cancel()
	return e.dial(ctx)
}

// over sends the copy over u. reuse says that u can be used for another; again
// that it was stale and nothing of the copy was sent.
func (s *sender) over(u *upstream, j *job, x *Exchange, at instant) (reuse, again bool, err error) {
	s.out = j.appendRequest(s.out[:0], u.endpoint)
	if s.in == nil {
		s.in = make([]byte, streamSize)
	}
	wrote, n, err := u.exchange(s.out, s.in, now(), at, false)
	if err == nil && wrote < len(s.out) {
		wrote, err = u.writeAt(s.out[wrote:], at)
		u.sent += uint64(wrote)
	}
	if cap(s.out) > largestKept {
		s.out = nil
	}
	if errors.Is(err, errStale) || errors.Is(err, errNothing) {
		return false, true, err
	}
	if err == nil {
		reuse, err = s.read(u, x, n, at)
	}
	x.Fault = faultOf(err)
	return reuse && err == nil, false, err
}

// appendRequest appends the whole request.
func (j *job) appendRequest(dst []byte, e *endpoint) []byte {
	dst = append(dst, j.head[:j.method]...)
	if len(e.path) > 0 {
		dst = append(dst, e.path...)
		dst = append(dst, j.head[j.prefix:j.fields]...)
	} else {
		dst = append(dst, j.head[j.method:j.fields]...)
	}
	if !j.hosted {
		dst = append(append(append(dst, "Host: "...), e.host...), '\r', '\n')
	}
	dst = append(dst, j.head[j.fields:]...)
	return append(dst, j.primary.Request.Bytes...)
}

// errTooLong is a copy's answer that is longer than anybody will look at.
var errTooLong = errors.New("the answer to a copy is too long")

// read reads the answer, of which n bytes are in s.in. clean: the connection can
// be used again.
func (s *sender) read(u *upstream, x *Exchange, n int, at instant) (clean bool, err error) {
	end := 0
	for {
		if n > 0 {
			if end, err = s.resp.Parse(s.in[:n]); err != nil {
				return false, err
			}
		}
		if end > 0 && s.resp.Status >= 200 {
			break
		}
		if n = copy(s.in, s.in[end:n]); end > 0 && n > 0 {
			continue
		}
		if n == len(s.in) {
			return false, http1.ErrTooManyFields
		}
		m, err := u.receive(s.in[n:], at)
		if err != nil {
			return false, err
		}
		n += m
	}
	x.Status = s.resp.Status
	x.describe(&x.Response, &s.resp.Fields)
	keep := s.resp.KeepsAlive()
	u.promise(&s.resp.Fields)
	d := download{framing: s.resp.Framing(x.Method == "HEAD"), rest: s.resp.ContentLength}
	if d.framing == http1.Length && d.rest > s.queue.cfg.MaxResponse {
		x.Response.Truncated = true
		return false, errTooLong
	}
	size := 0
	defer func() { s.queue.read.took(int64(size), now()) }()
	body := capture{body: &x.Response, into: &x.response, home: x.home, limit: int(s.queue.cfg.MaxResponse), on: true}
	defer body.finish()
	p := s.in[end:n]
	for {
		size += len(p)
		data, used, err := d.next(p)
		if err != nil {
			body.fail()
			return false, err
		}
		body.add(data)
		switch {
		case !body.on:
			return false, errTooLong
		case d.done():
			return keep && used == len(p) && d.framing != http1.UntilEOF, nil
		}
		n, err := u.receive(s.in, at)
		if errors.Is(err, errEOF) && d.framing == http1.UntilEOF {
			return false, nil
		}
		if err != nil {
			body.fail()
			return false, err
		}
		p = s.in[:n]
	}
}

// faultOf says what an error on an upstream connection is to a version.
func faultOf(err error) Fault {
	if err == nil || errors.Is(err, errTooLong) {
		return FaultNone
	}
	var malformed *http1.Error // escapes: so only where there is an error
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return FaultTimeout
	case errors.As(err, &malformed):
		return FaultProtocol
	}
	return FaultReset
}
