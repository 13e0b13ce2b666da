package proxy

import (
	"bytes"
	"slices"
	"time"

	"github.com/weir-gateway/weir/proxy/http1"
	"github.com/weir-gateway/weir/router"
)

// handle answers the request whose head next has read. false: the connection
// can't be used for another.
func (c *conn) handle() bool {
	c.reset()
	keep := c.route()
	if c.w.call.began {
		c.end()
	}
	c.cleanUp()
	c.letGo()
	return keep && !c.server.draining.Load()
}

// reset begins a new call.
func (c *conn) reset() {
	k, req := &c.w.call, &c.w.req
	*k = call{forwards: -1, head: string(req.Method) == "HEAD", keep: req.KeepsAlive() && !c.server.draining.Load()}
	k.random = c.server.cfg.Random()
	k.identify(req, c.server.cfg.Random)
	k.from = c.originate(req)
}

// cleanUp gives back what the call still has. After a panic that may be anything.
func (c *conn) cleanUp() {
	k := &c.w.call
	if u := k.up; u != nil {
		c.detach()
		u.close()
	}
	if k.began {
		if k.x.Fault == FaultNone {
			k.x.Fault = FaultInternal
		}
		c.end()
	}
	if k.stored != nil {
		c.server.exchanges.put(k.stored)
		k.stored = nil
	}
}

// route finds the version that answers, and has it answer.
func (c *conn) route() bool {
	k, req := &c.w.call, &c.w.req
	if keys := c.server.cfg.Keys; keys != nil && !keys.allow(req) {
		return c.problem(unauthorized)
	}
	k.state = c.hold()
	if k.state == nil {
		return c.problem(noState)
	}
	if local, keep := c.local(); local {
		return keep
	}
	if k.route = k.state.table.Match(req.Path); k.route == nil {
		if answered, keep := c.oip(); answered {
			return keep
		}
		return c.problem(noRoute)
	}
	k.cfg = &k.state.routes[k.route.Index]
	if req.ContentLength > k.cfg.MaxBody {
		return c.problem(bodyTooLarge)
	}
	if k.cfg.field != "" {
		// The key is in the body.
		if ok, keep := c.readBody(max(k.cfg.KeyLimit, k.cfg.whole())); !ok {
			return keep
		}
	}
	d := c.decide()
	if d.Version == nil {
		if d.Reason == router.UnknownPin {
			return c.problem(unknownPin)
		}
		return c.problem(noTraffic)
	}
	if k.cfg.field == "" {
		if ok, keep := c.readBody(max(smallBody, k.cfg.whole())); !ok {
			return keep
		}
	}
	c.begin(d)
	return c.forward()
}

// local answers what is not for a model: OPTIONS for the gateway itself and
// TRACE, which would show what proxies add.
func (c *conn) local() (local, keep bool) {
	k, req := &c.w.call, &c.w.req
	switch string(req.Method) {
	case "TRACE":
		return true, c.problem(badMethod)
	case "OPTIONS":
		if v := req.Value(http1.MaxForwards); v != nil {
			n, ok := decimal(v)
			if ok && n > 0 {
				k.forwards = n - 1
			} else if ok {
				return true, c.options()
			}
		}
		if string(req.Path) == "*" {
			return true, c.options()
		}
	}
	return false, false
}

// options answers OPTIONS itself.
func (c *conn) options() bool {
	k, w := &c.w.call, c.w
	if w.req.HasBody() {
		k.keep = false
	}
	w.out = append(w.out[:0], "HTTP/1.1 204 No Content\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\nx-request-id: "...)
	w.out = append(append(w.out, k.id...), "\r\n"...)
	if !k.keep {
		w.out = append(w.out, "Connection: close\r\n"...)
	}
	w.out = append(w.out, "\r\n"...)
	_, err := c.writeBy(w.out, 5*time.Second, 0)
	return err == nil && k.keep
}

func decimal(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 9 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// decide asks the table.
func (c *conn) decide() router.Decision {
	k, req := &c.w.call, &c.w.req
	q := router.Query{Random: k.random}
	if k.cfg.pin != "" {
		q.Pin, _ = req.Get(k.cfg.pin)
	}
	body := k.body
	if k.streams || len(body) > k.cfg.KeyLimit {
		body = nil
	}
	q.Key = k.cfg.key(req, body)
	k.key = q.Key
	return k.route.Decide(q)
}

// problem answers with a problem. Where the request's body hasn't been read the
// connection ends, as what follows might be taken for a request.
func (c *conn) problem(p problem) bool {
	k, w := &c.w.call, c.w
	var extra []byte
	if k.target != nil {
		extra = k.target.headers
	} else {
		c.server.refused(p.slug)
	}
	if p.status == unauthorized.status {
		extra = c.server.cfg.Keys.challenge
	}
	if k.unread(w) {
		k.keep = false
	}
	if k.x != nil {
		k.x.Status = p.status
	}
	w.out = p.append(w.out[:0], k.id, c.server.date.append(slices.Clip(extra)), k.head, !k.keep)
	k.started = true
	if _, err := c.writeBy(w.out, 5*time.Second, 0); err != nil {
		return false
	}
	if !k.keep {
		c.linger()
	}
	return k.keep
}

// unread says whether there is a body that has not been read to its end. One
// that is here as a whole is skipped.
func (k *call) unread(w *work) bool {
	switch {
	case !w.req.HasBody() || k.bodyRead && !k.streams:
		return false
	case !k.bodyRead && w.req.ContentLength > 0 && int64(w.w-w.r) >= w.req.ContentLength:
		w.r += int(w.req.ContentLength)
		return false
	}
	return true
}

// wantsUpgrade says whether the client asks for another protocol. Not for
// HTTP/2: that would go on past us unseen.
func wantsUpgrade(req *http1.Request) bool {
	if req.Minor == 0 || !req.Upgrade || !req.Has(http1.Upgrade) || req.HasBody() {
		return false
	}
	v := req.Value(http1.Upgrade)
	return len(v) > 0 && !bytes.Contains(bytes.ToLower(v), []byte("h2c"))
}
