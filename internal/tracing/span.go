package tracing

import (
	"net/netip"
	"time"
	"unsafe"
)

// Context is a request's place in its trace (W3C Trace Context, 3.2.2).
type Context struct {
	Trace  [16]byte
	Span   [8]byte // of the request in Weir; the parent that its model server saw
	Parent [8]byte // zero: the trace began here
}

// maxPath is how much of a path is sent: with it a waiting span takes at most
// about 1.5 kB, whatever clients send.
const maxPath = 1024

// Span is one request. Model, Version, Decision and Fault must be strings that
// never change; the others are copied by Tracer.Add.
type Span struct {
	Context
	Start      time.Time
	Duration   time.Duration
	Upstream   time.Duration
	RequestID  string
	Method     string
	Prefix     string // of the path: the route, and
	Rest       string // what follows, without the query
	Status     int    // that the client saw; 0: it saw none
	Fault      string // "" for none
	Failed     bool   // the version's failure
	Model      string
	Version    string
	Generation uint64
	Decision   string // how the version was chosen
	BytesIn    int64  // of the request's body
	BytesOut   int64  // of the answer's body
	Client     netip.Addr
}

// record is a span that waits, with its own memory.
type record struct {
	Span
	arena []byte
}

func (r *record) hold(s *Span) {
	r.Span = *s
	prefix := s.Prefix[:min(len(s.Prefix), maxPath)]
	rest := s.Rest[:min(len(s.Rest), maxPath-len(prefix))]
	a := r.arena[:0]
	a = append(a, s.RequestID...)
	a = append(a, s.Method...)
	a = append(a, prefix...)
	a = append(a, rest...)
	r.arena = a
	text := unsafe.String(unsafe.SliceData(a), len(a)) // the arena does not change while the record waits
	for _, part := range []struct {
		field *string
		size  int
	}{{&r.RequestID, len(s.RequestID)}, {&r.Method, len(s.Method)}, {&r.Prefix, len(prefix)}, {&r.Rest, len(rest)}} {
		*part.field, text = text[:part.size], text[part.size:]
	}
}
