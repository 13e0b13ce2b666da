package proxy

import (
	"bytes"
	"math"
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
	k.state = c.hold()
	if k.state == nil {
		return c.problem(noState)
	}
	if local, keep := c.local(); local {
		return keep
	}
	if k.route = k.state.table.Match(req.Path); k.route == nil {
		return c.problem(noRoute)
	}
	k.cfg = &k.state.routes[k.route.Index]
	if req.ContentLength > k.cfg.MaxBody {
		return c.problem(bodyTooLarge)
	}
	if k.cfg.field != "" {
		// The key is in the body.
		if ok, keep := c.readBody(k.cfg.KeyLimit); !ok {
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
		if ok, keep := c.readBody(smallBody); !ok {
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

// begin opens the exchange.
func (c *conn) begin(d router.Decision) {
	k, req := &c.w.call, &c.w.req
	k.target = &k.state.targets[d.Version.Index]
	x := c.server.exchanges.get()
	k.x = x
	x.Route, x.Version, x.Generation = k.route, d.Version, k.route.Generation
	x.Decision, x.Key, x.Role = d.Reason, k.key, Primary
	x.RequestID, x.Method = x.keep(k.id), method(x, req.Method)
	x.Rest = x.keep(req.Path[min(len(k.route.Prefix), len(req.Path)):])
	x.Start = time.Now()
	x.Inference = k.cfg.IsInference != nil && k.cfg.IsInference(x.Method, x.Rest)
	x.Request.JSONLength, x.Response.JSONLength = -1, -1
	k.request = capture{body: &x.Request, into: &x.request, home: &c.server.exchanges}
	k.response = capture{body: &x.Response, into: &x.response, home: &c.server.exchanges, limit: k.cfg.CaptureLimit}
	if x.Inference {
		c.observe(d.Shadows != 0 && k.cfg.Shadow != nil)
		k.shadows = d.Shadows
	}
	k.began = true
	k.target.observer.Begin()
	if k.cfg.Total > 0 {
		k.total = now().after(k.cfg.Total)
	}
	k.request.add(k.body)
}

// observe switches the capture of bodies on.
func (c *conn) observe(copied bool) {
	k, req := &c.w.call, &c.w.req
	x := k.x
	if k.cfg.Capture {
		k.request.on, k.response.on = true, true
		k.request.limit = k.cfg.CaptureLimit
		for _, name := range k.cfg.CaptureHeaders {
			v, _ := req.Get(name)
			x.Headers = append(x.Headers, x.keep(v))
		}
	}
	if copied {
		// The copy needs the body even where nobody else does, and its answer
		// is compared with the primary's.
		k.request.on, k.response.on = true, true
		k.request.limit = max(k.request.limit, int(min(k.cfg.Shadow.cfg.MaxBody, math.MaxInt32)))
	}
	if k.request.on {
		x.describe(&x.Request, &req.Fields)
	}
}

// describe notes what the fields say about the body.
func (x *Exchange) describe(b *Body, f *http1.Fields) {
	b.ContentType = x.keep(f.Value(http1.ContentType))
	b.Encoding = x.keep(f.Value(http1.ContentEncoding))
	if n, ok := decimal(f.Value(http1.InferenceLength)); ok {
		b.JSONLength = int(n)
	}
}

// method returns the method without a copy where it is a usual one.
func method(x *Exchange, b []byte) string {
	for _, m := range [...]string{"POST", "GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"} {
		if string(b) == m {
			return m
		}
	}
	return x.keep(b)
}

// end closes the exchange and has the copies sent.
func (c *conn) end() {
	k := &c.w.call
	x := k.x
	k.began = false
	x.Duration = time.Since(x.Start)
	k.request.finish()
	k.response.finish()
	k.target.observer.End(x)
	if k.shadows != 0 {
		c.copies()
	}
	x.Release()
	k.x = nil
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
	if k.unread(w) {
		k.keep = false
	}
	if k.x != nil {
		k.x.Status = p.status
	}
	w.out = p.append(w.out[:0], k.id, extra, k.head, !k.keep)
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

// readBody reads the body if it is known to be no longer than limit, and what
// has come of it otherwise; then the call streams it.
// ok is false if the request has been answered because of it.
func (c *conn) readBody(limit int) (ok, keep bool) {
	k, w := &c.w.call, c.w
	if !w.req.HasBody() {
		return true, true
	}
	k.bodyRead = true
	if w.req.Chunked {
		k.rest, k.streams = -1, true
		return c.readChunks(limit)
	}
	have := min(int64(w.w-w.r), w.req.ContentLength)
	k.body = w.in[w.r : w.r+int(have)]
	w.r += int(have)
	k.rest = w.req.ContentLength - have
	if k.rest == 0 {
		return true, true
	}
	if w.req.ContentLength > int64(limit) {
		k.streams = true
		return true, true
	}
	b := c.server.exchanges.buffer(int(w.req.ContentLength))
	b.b = append(b.b, k.body...)
	k.stored = b
	for k.rest > 0 {
		n, err := c.more(b.b[len(b.b):int(w.req.ContentLength)])
		if err != nil {
			return false, c.broken(err)
		}
		b.b = b.b[:len(b.b)+n]
		k.rest -= int64(n)
	}
	k.body = b.b
	return true, true
}

// readChunks decodes what has come of a chunked body. Only where a key is looked
// for in it is more waited for: a client may want answers before it goes on.
func (c *conn) readChunks(limit int) (ok, keep bool) {
	k, w := &c.w.call, c.w
	for {
		for w.r < w.w && !k.chunked.Done() {
			data, n, err := k.chunked.Next(w.in[w.r:w.w])
			if err != nil {
				return false, c.problem(badBody)
			}
			w.r += n
			if len(data) > 0 {
				if k.stored == nil {
					k.stored = c.server.exchanges.buffer(w.w - w.r + len(data))
				}
				k.stored = c.server.exchanges.grow(k.stored, len(k.stored.b)+len(data))
				k.stored.b = append(k.stored.b, data...)
				k.body = k.stored.b
			}
		}
		switch {
		case int64(len(k.body)) > k.cfg.MaxBody:
			return false, c.problem(bodyTooLarge)
		case k.chunked.Done():
			k.streams, k.rest = false, 0
			return true, true
		case k.cfg.field == "" || len(k.body) > limit:
			return true, true
		}
		// The head stays where it is: it points into w.in.
		if w.w == len(w.in) {
			w.in, w.r, w.w = make([]byte, streamSize), 0, 0
		}
		n, err := c.more(w.in[w.w:])
		if err != nil {
			return false, c.broken(err)
		}
		w.w += n
	}
}

// more reads more of a body, and before the first byte says 100 Continue to a
// client that waits for it.
func (c *conn) more(b []byte) (int, error) {
	if err := c.greet(); err != nil {
		return 0, err
	}
	n, err := c.readBy(b, earlier(now().after(c.server.cfg.BodyIdle), c.w.call.total))
	if n > 0 {
		return n, nil
	}
	return 0, err
}

func (c *conn) greet() error {
	k := &c.w.call
	if !c.w.req.Continue || k.greeted || len(k.body) > 0 {
		return nil
	}
	k.greeted = true
	_, err := c.writeBy(interim100, 5*time.Second, 0)
	return err
}

var interim100 = []byte("HTTP/1.1 100 Continue\r\n\r\n")

// broken ends a request whose body did not come.
func (c *conn) broken(err error) bool {
	if isTimeout(err) {
		return c.problem(slowRequest)
	}
	c.server.refused("client-gone")
	c.abort()
	return false
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
