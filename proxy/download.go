package proxy

import (
	"errors"
	"sync"

	"github.com/weir-gateway/weir/proxy/http1"
)

// download finds the end of an answer's body.
type download struct {
	framing http1.Framing
	rest    int64 // of Length
	chunked http1.Chunked
	ended   bool // of UntilEOF
}

func (d *download) done() bool {
	switch d.framing {
	case http1.Length:
		return d.rest == 0
	case http1.Chunks:
		return d.chunked.Done()
	case http1.UntilEOF:
		return d.ended
	}
	return true
}

// next takes the next bytes from the connection and returns what of the body is
// in them, moved together where chunks' sizes stood between, and how many bytes
// belong to the answer.
func (d *download) next(p []byte) (data []byte, used int, err error) {
	switch d.framing {
	case http1.Length:
		n := int(min(d.rest, int64(len(p))))
		d.rest -= int64(n)
		return p[:n], n, nil
	case http1.Chunks:
		return decode(&d.chunked, p)
	case http1.UntilEOF:
		return p, len(p), nil
	}
	return nil, 0, nil
}

// decode decodes the chunks in p in place: data is where the first one stood.
func decode(chunked *http1.Chunked, p []byte) (data []byte, used int, err error) {
	from, to := 0, 0
	for used < len(p) && !chunked.Done() {
		piece, n, err := chunked.Next(p[used:])
		if err != nil {
			return nil, used, err
		}
		used += n
		switch {
		case len(piece) == 0:
		case to == 0:
			from, to = used-len(piece), used
		default:
			to += copy(p[to:], piece)
		}
	}
	return p[from:to], used, nil
}

// appendChunk appends data, which isn't empty, as one chunk.
func appendChunk(dst, data []byte) []byte {
	dst = http1.AppendChunkHead(dst, len(data))
	dst = append(dst, data...)
	return append(dst, '\r', '\n')
}

// Room around the data in a stream's buffer, so that a chunk's framing can be
// put there without moving the data.
const (
	roomBefore = http1.MaxChunkHead
	roomAfter  = 2 + len(http1.LastChunk)
)

// streams are free buffers for bodies that go through.
type streams struct{ idle sync.Pool }

type streamBuffer [roomBefore + streamSize + roomAfter]byte

func (p *streams) get() *streamBuffer {
	if b, ok := p.idle.Get().(*streamBuffer); ok {
		return b
	}
	return new(streamBuffer)
}

func (p *streams) put(b *streamBuffer) { p.idle.Put(b) }

// space is where to read to.
func (b *streamBuffer) space() []byte { return b[roomBefore : roomBefore+streamSize] }

// chunk returns b[from:to], which lies in space, with a chunk's framing around
// it, and the end of the body behind it if it is the last.
func (b *streamBuffer) chunk(from, to int, last bool) []byte {
	if from < to {
		var head [http1.MaxChunkHead]byte
		h := http1.AppendChunkHead(head[:0], to-from)
		from -= copy(b[from-len(h):], h)
		to += copy(b[to:], "\r\n")
	}
	if last {
		to += copy(b[to:], http1.LastChunk)
	}
	return b[from:to]
}

// stream relays what follows of the answer's body.
func (c *conn) stream(u *upstream, d *download) bool {
	k := &c.w.call
	keeps := c.w.resp.KeepsAlive()
	if k.pump == nil {
		c.server.exchanges.put(k.stored)
		k.stored, k.body = nil, nil
	}
	c.w.slim(&c.server.works)
	var b *streamBuffer
	defer func() {
		if b != nil {
			c.server.streams.put(b)
		}
	}()
	for {
		limit := int64(streamSize)
		if d.framing == http1.Length {
			limit = d.rest
		}
		var n int
		var err error
		b, n, err = u.receiveStream(&c.server.streams, b, limit, earlier(now().after(k.cfg.Idle), k.total))
		if err != nil {
			if d.framing != http1.UntilEOF || !errors.Is(err, errEOF) || c.gone.Load() {
				return c.lost(u, err)
			}
			d.ended = true
		}
		if b == nil {
			b = c.server.streams.get()
		}
		p := b.space()
		data, used, err := d.next(p[:n])
		if err != nil {
			return c.lost(u, err)
		}
		k.response.add(data)
		done := d.done()
		if done {
			c.part(u, used == n && d.framing != http1.UntilEOF && keeps)
		}
		out := data
		if k.chunks {
			from := 0
			if len(data) > 0 {
				from = offset(p, data)
			}
			out = b.chunk(roomBefore+from, roomBefore+from+len(data), done)
		}
		if done {
			return c.deliver(out)
		}
		if len(out) == 0 {
			continue
		}
		if _, err := c.writeBy(out, k.cfg.Idle, k.total); err != nil {
			return c.left(u)
		}
	}
}

// offset returns where in p its subslice data begins.
func offset(p, data []byte) int { return cap(p) - cap(data) }
