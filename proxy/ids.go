package proxy

import "github.com/weir-gateway/weir/proxy/http1"

const hexDigits = "0123456789abcdef"

func appendHex(dst []byte, v uint64) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[v>>shift&15])
	}
	return dst
}

// maxRequestID is how long a client's own request id may be.
const maxRequestID = 128

// saneID says whether a client's request id can be passed on and logged as it
// is: 1 to 128 letters, digits and - _ . : / + = @ ~.
func saneID(b []byte) bool {
	if len(b) == 0 || len(b) > maxRequestID {
		return false
	}
	for _, c := range b {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case c == '-', c == '_', c == '.', c == ':', c == '/', c == '+', c == '=', c == '@', c == '~':
		default:
			return false
		}
	}
	return true
}

// saneTrace says whether a traceparent is well-formed (W3C Trace Context, 3.2):
// version-trace-parent-flags in lower-case hexadecimal, neither id all zeros.
// Later versions may have more behind it.
func saneTrace(b []byte) bool {
	if len(b) < 55 || b[2] != '-' || b[35] != '-' || b[52] != '-' {
		return false
	}
	if len(b) > 55 && (b[55] != '-' || b[0] == '0' && b[1] == '0') || b[0] == 'f' && b[1] == 'f' {
		return false
	}
	return isHex(b[:2]) && isHex(b[3:35]) && isHex(b[36:52]) && isHex(b[53:55]) &&
		!allZero(b[3:35]) && !allZero(b[36:52])
}

func isHex(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != '0' {
			return false
		}
	}
	return true
}

// identify settles the request's id and trace: the client's own where they are
// sane. Where they aren't, the client's fields are dropped, and 128 random bits
// are both the id and the trace that is started.
func (k *call) identify(req *http1.Request, random func() uint64) {
	id := req.Value(http1.RequestID)
	trace := req.Value(http1.TraceParent)
	sane, traced := saneID(id), saneTrace(trace)
	k.ownID, k.ownTrace = !sane, !traced
	if sane && traced {
		k.id = id
		return
	}
	high := random()
	k.low = random()
	k.hex = appendHex(appendHex(k.hexSpace[:0], high), k.low)
	k.id = k.hex
	if sane {
		k.id = id
	}
}
