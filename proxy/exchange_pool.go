package proxy

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// shared is what makes an Exchange reusable: who holds it, and where its strings
// and bodies live.
type shared struct {
	refs     atomic.Int32
	home     *exchanges
	arena    []byte // the bytes of the strings
	request  *buffer
	response *buffer
}

// exchanges are the free exchanges of a server, and its buffers.
type exchanges struct {
	buffers
	idle sync.Pool
}

// get returns an empty exchange that the caller holds.
func (p *exchanges) get() *Exchange {
	x, ok := p.idle.Get().(*Exchange)
	if !ok {
		x = &Exchange{}
		x.home = p
	}
	x.refs.Store(1)
	return x
}

// Retain keeps the exchange beyond [Observer.End]. Each Retain needs a Release.
func (x *Exchange) Retain() { x.refs.Add(1) }

// Release gives a retained exchange back. It must not be used afterwards.
func (x *Exchange) Release() {
	switch n := x.refs.Add(-1); {
	case x.home == nil: // made by hand, in a test
	case n == 0:
		x.recycle()
	case n < 0:
		panic("proxy: an exchange was released more often than it was retained")
	}
}

func (x *Exchange) recycle() {
	if x.Primary != nil {
		x.Primary.Release()
	}
	home := x.home
	home.put(x.request)
	home.put(x.response)
	arena, headers := x.arena[:0], x.Headers[:0]
	if cap(arena) > 4<<10 {
		arena = nil
	}
	// Field by field, as the reference count must not be copied.
	x.Route, x.Version, x.Generation, x.Decision, x.Key, x.Role = nil, nil, 0, 0, 0, 0
	x.Trace, x.Parent, x.Recorded = "", "", false
	x.RequestID, x.Method, x.Rest, x.Inference = "", "", "", false
	x.Status, x.Fault, x.Duration, x.Upstream = 0, 0, 0, 0
	x.Request, x.Response, x.Primary, x.Shadows = Body{}, Body{}, nil, 0
	x.arena, x.Headers, x.request, x.response = arena, headers, nil, nil
	home.idle.Put(x)
}

// keep returns a copy of b that lives as long as the exchange. When the arena
// grows, older strings keep the array that they point to alive.
func (x *Exchange) keep(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	n := len(x.arena)
	x.arena = append(x.arena, b...)
	return unsafe.String(&x.arena[n], len(b))
}

// capture collects a body up to a limit.
type capture struct {
	body  *Body
	into  **buffer
	home  *exchanges
	limit int
	on    bool
}

// add takes the next piece of the body.
func (c *capture) add(b []byte) {
	if c.body == nil || len(b) == 0 {
		return
	}
	c.body.Size += int64(len(b))
	if !c.on {
		return
	}
	have := 0
	if *c.into != nil {
		have = len((*c.into).b)
	}
	if have+len(b) > c.limit {
		c.fail()
		return
	}
	if *c.into == nil || have+len(b) > cap((*c.into).b) {
		*c.into = c.home.grow(*c.into, have+len(b))
	}
	(*c.into).b = append((*c.into).b, b...)
}

// fail gives up: the body is too large or has broken off.
func (c *capture) fail() {
	if !c.on {
		return
	}
	c.on = false
	c.body.Truncated = true
	c.home.put(*c.into)
	*c.into = nil
}

// finish makes what was collected visible.
func (c *capture) finish() {
	if c.on && *c.into != nil {
		c.body.Bytes = (*c.into).b
	}
	c.on = false
}
