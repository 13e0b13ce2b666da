package proxy

import (
	"math"
	"time"

	"github.com/weir-gateway/weir/proxy/http1"
	"github.com/weir-gateway/weir/router"
)

// begin opens the exchange.
func (c *conn) begin(d router.Decision) {
	k, req := &c.w.call, &c.w.req
	k.target = &k.state.targets[d.Version.Index]
	x := c.server.exchanges.get()
	k.x = x
	x.Route, x.Version, x.Generation = k.route, d.Version, k.route.Generation
	x.Decision, x.Key, x.Role = d.Reason, k.key, Primary
	x.Client = k.from.client
	x.RequestID, x.Method = x.keep(k.id), method(x, req.Method)
	x.Rest = x.keep(req.Path[min(len(k.route.Prefix), len(req.Path)):])
	k.trace(req, c.server.cfg.Random)
	x.Start = time.Now()
	x.Inference = k.cfg.IsInference != nil && k.cfg.IsInference(x.Method, x.Rest)
	x.Request.JSONLength, x.Response.JSONLength = -1, -1
	k.request = capture{body: &x.Request, into: &x.request, home: &c.server.exchanges}
	k.response = capture{body: &x.Response, into: &x.response, home: &c.server.exchanges, limit: k.cfg.CaptureLimit}
	if x.Inference {
		c.observe(d.Shadows != 0 && k.cfg.Shadow != nil)
		k.shadows, k.again = d.Shadows, d.Again
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
	if k.retrying {
		k.retrying = false
		k.target.pool.retries.end()
	}
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
