package proxy

import (
	"net/netip"
	"time"

	"github.com/weir-gateway/weir/router"
)

// Role says what a version was asked for.
type Role uint8

// The roles.
const (
	Primary Role = iota // its answer went to the client
	Copy                // it was a shadow; nobody but the monitors sees its answer
	Again               // it answered the client, and was asked once more to see whether it answers the same
)

// Fault says what went wrong between a client and a model server.
type Fault uint8

// The faults. Only ClientGone is not the version's own.
const (
	FaultNone       Fault = iota
	FaultConnect          // no endpoint could be connected to
	FaultTimeout          // the head of the answer, or a part of its body, did not come in time
	FaultReset            // the endpoint died before its answer was complete
	FaultProtocol         // the answer was not well-formed HTTP
	FaultClientGone       // the client left, or its request broke off
	FaultInternal         // a defect of Weir's own, logged
	FaultOverloaded       // every endpoint had as many requests as it may have
)

func (f Fault) String() string {
	switch f {
	case FaultNone:
		return "none"
	case FaultConnect:
		return "connect"
	case FaultTimeout:
		return "timeout"
	case FaultReset:
		return "reset"
	case FaultProtocol:
		return "protocol"
	case FaultClientGone:
		return "client-gone"
	case FaultOverloaded:
		return "overloaded"
	}
	return "internal"
}

// Body is what was captured of a message's body, without its transfer coding.
type Body struct {
	Bytes       []byte // nil if nothing was captured
	ContentType string
	Encoding    string // Content-Encoding
	JSONLength  int    // Inference-Header-Content-Length; -1 where there is none
	Size        int64  // bytes that went through, captured or not
	Truncated   bool   // larger than the capture limit, or broken off: Bytes is nil
}

// Exchange is one request and its answer. All strings and bytes in it are valid
// until the last holder calls [Exchange.Release].
type Exchange struct {
	Route      *router.Route
	Version    *router.Version
	Generation uint64 // of the traffic it was decided under
	Decision   router.Reason
	Key        uint64 // hash of the sticky key; 0 without one
	Role       Role
	RequestID  string
	Trace      string     // the traceparent that the model server got
	Parent     string     // the client's own parent id, where Recorded has put another into Trace; else empty
	Recorded   bool       // Settings.Trace wants a span of it, with the id that is in Trace
	Client     netip.Addr // who asked, as far as trusted proxies tell; zero where it isn't known
	Method     string
	Rest       string // request path after the route's prefix, without the query
	Inference  bool   // what Settings.IsInference said
	Status     int    // of the answer; 0 if none came from the version
	Fault      Fault
	Retries    int // how often it was sent again out of the pool's budget
	Start      time.Time
	Duration   time.Duration // from the end of the request's head to the last byte of the answer
	Upstream   time.Duration // the part of Duration between sending upstream and the answer's last byte
	Request    Body
	Response   Body
	Headers    []string  // request values of Settings.CaptureHeaders, in that order
	Primary    *Exchange // for a Copy and Again: what the client got; nil otherwise
	Shadows    uint64    // for Again: bit i: the request was copied to Route.Shadows[i]

	shared
}
