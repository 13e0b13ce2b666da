package proxy

import (
	"strconv"
	"time"
)

// The calls of the Open Inference Protocol that concern a server and no model.
// Stock clients begin with them.
const (
	oipServer = "/v2"
	oipLive   = "/v2/health/live"
	oipReady  = "/v2/health/ready"
)

// oip answers a server-level call itself, where a model speaks the protocol and
// no route has the path.
func (c *conn) oip() (answered, keep bool) {
	k, req := &c.w.call, &c.w.req
	if !k.state.oip {
		return false, false
	}
	body, status := "", 200
	switch string(req.Path) {
	case oipServer:
		body = `{"name":"weir","version":` + strconv.Quote(c.server.cfg.Version) + `,"extensions":[]}`
	case oipLive:
		body = `{"live":true}`
	case oipReady:
		body = `{"ready":true}`
		if c.server.draining.Load() || !k.state.ready() {
			status, body = 503, `{"ready":false}`
		}
	default:
		return false, false
	}
	if m := string(req.Method); m != "GET" && m != "HEAD" {
		return true, c.problem(badMethod)
	}
	if k.unread(c.w) {
		k.keep = false
	}
	out := c.w.out[:0]
	out = append(out, "HTTP/1.1 200 OK\r\n"...)
	if status != 200 {
		out = append(out[:0], "HTTP/1.1 503 Service Unavailable\r\n"...)
	}
	out = append(out, "Content-Type: application/json\r\nCache-Control: no-store\r\n"...)
	out = c.server.date.append(appendLength(out, len(body)))
	out = append(append(append(out, "x-request-id: "...), k.id...), '\r', '\n')
	switch {
	case !k.keep:
		out = append(out, "Connection: close\r\n"...)
	case req.Minor == 0:
		out = append(out, "Connection: keep-alive\r\n"...)
	}
	out = append(out, '\r', '\n')
	if !k.head {
		out = append(out, body...)
	}
	c.w.out = out
	_, err := c.writeBy(out, 5*time.Second, 0)
	return true, err == nil && k.keep
}

// ready says whether every model that has traffic could answer now: whether its
// stable version has a healthy endpoint.
func (s *State) ready() bool {
	for _, r := range s.table.Routes() {
		if r.Stable == nil {
			continue
		}
		healthy := false
		for _, e := range s.targets[r.Stable.Index].pool.Endpoints() {
			healthy = healthy || e.Healthy
		}
		if !healthy {
			return false
		}
	}
	return true
}
