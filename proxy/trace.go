package proxy

import "github.com/weir-gateway/weir/proxy/http1"

// traceparent is a version 00 traceparent: 00-trace-parent-flags.
const traceparent = len("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")

// trace settles what the model server is told of the request's place in its trace
// (W3C Trace Context). A client's traceparent goes on as it came, and one begun here is marked
// as not sampled, unless Settings.Trace wants a span of the request: then the
// model server's parent is that span, whose id is drawn here.
func (k *call) trace(req *http1.Request, random func() uint64) {
	x, sent := k.x, req.Value(http1.TraceParent)
	var b [traceparent]byte
	switch {
	case k.ownTrace:
		x.Recorded = k.cfg.Trace != nil && k.cfg.Trace(k.low)
		x.Trace = x.keep(appendTrace(b[:0], k.hex, random()|1, x.Recorded))
	case k.cfg.Trace != nil && sampled(sent):
		x.Recorded = true
		x.Parent = x.keep(sent[36:52])
		x.Trace = x.keep(appendTrace(b[:0], sent[3:35], random()|1, true))
	default:
		x.Trace = x.keep(sent)
	}
}

// sampled reads the one flag of a sane traceparent that has a meaning.
func sampled(sent []byte) bool {
	switch sent[54] {
	case '1', '3', '5', '7', '9', 'b', 'd', 'f':
		return true
	}
	return false
}

func appendTrace(dst, id []byte, span uint64, sampled bool) []byte {
	dst = append(append(append(dst, "00-"...), id...), '-')
	dst = appendHex(dst, span)
	if sampled {
		return append(dst, "-01"...)
	}
	return append(dst, "-00"...)
}
