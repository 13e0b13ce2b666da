package proxy

import "time"

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
	// All of it must be there in time: so no request can be drawn out.
	at := earlier(now().after(c.server.cfg.BodyIdle), k.total)
	for k.rest > 0 {
		n, err := c.more(b.b[len(b.b):int(w.req.ContentLength)], at)
		if err != nil {
			return false, c.broken(err)
		}
		b.b = b.b[:len(b.b)+n]
		k.rest -= int64(n)
	}
	k.body = b.b
	return true, true
}

// whole is up to how many bytes bodies are wanted here before they are sent on.
func (r *route) whole() int {
	if r.Idempotent {
		return r.ReplayLimit
	}
	return 0
}

// readChunks decodes what has come of a chunked body. Only where a key is looked
// for in it, or it might be sent again, is more waited for: a client may want
// answers before it goes on.
func (c *conn) readChunks(limit int) (ok, keep bool) {
	k, w := &c.w.call, c.w
	at := earlier(now().after(c.server.cfg.BodyIdle), k.total)
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
		case k.cfg.field == "" && !k.cfg.Idempotent || len(k.body) > limit:
			return true, true
		}
		// The head stays where it is: it points into w.in.
		if w.w == len(w.in) {
			w.in, w.r, w.w = make([]byte, streamSize), 0, 0
		}
		n, err := c.more(w.in[w.w:], at)
		if err != nil {
			return false, c.broken(err)
		}
		w.w += n
	}
}

// more reads more of a body, until at, and before the first byte says 100 Continue to a
// client that waits for it.
func (c *conn) more(b []byte, at instant) (int, error) {
	if err := c.greet(); err != nil {
		return 0, err
	}
	n, err := c.readBy(b, at)
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
