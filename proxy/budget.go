package proxy

import "sync/atomic"

// budget bounds how many requests of a pool are sent again: those of idempotent
// models, and the second attempts at an endpoint that closed a new connection. Every request pays a
// fifth of a retry in; a retry costs a whole one, unless fewer than
// retriesAlways are under way: so that a quiet pool can retry at all. With every
// endpoint down, at most a fifth more requests are sent than came, and what had
// been saved.
//
// The zero value has nothing saved. (Envoy bounds the retries under way by a
// fifth of the requests under way instead: then a killed endpoint that had a
// third of them costs the rest of that third.)
type budget struct {
	fifths atomic.Int64 // saved, in fifths of a retry
	active atomic.Int64 // retries under way
}

const (
	retriesAlways = 3
	retriesSaved  = 1024 // no more are saved
)

// pay is called for every request.
func (b *budget) pay() {
	if b.fifths.Load() < 5*retriesSaved {
		b.fifths.Add(1)
	}
}

// begin says whether a request may be sent again; then end must follow once it
// has ended.
func (b *budget) begin() bool {
	if b.active.Add(1) <= retriesAlways || b.more() {
		return true
	}
	b.active.Add(-1)
	return false
}

// more says whether a retry may be sent yet again.
func (b *budget) more() bool {
	for {
		n := b.fifths.Load()
		if n < 5 {
			return false
		}
		if b.fifths.CompareAndSwap(n, n-5) {
			return true
		}
	}
}

func (b *budget) end() { b.active.Add(-1) }
