package http1

// Kind names the fields that a proxy treats specially.
type Kind uint8

// The kinds of fields.
const (
	Other Kind = iota
	Host
	Connection
	KeepAlive
	ProxyAuthenticate
	ProxyAuthorization
	ProxyConnection
	TE
	Trailer
	TransferEncoding
	Upgrade
	HTTP2Settings
	ContentLength
	ContentType
	ContentEncoding
	InferenceLength
	Cookie
	Date
	Expect
	MaxForwards
	Via
	RequestID
	TraceParent
	TraceState
	WeirModel
	WeirVersion
	WeirShadow
	Forwarded
	XForwardedFor
	XForwardedProto
	XForwardedHost
	XForwarded // every other X-Forwarded-…
	XRealIP
	Authorization
	XAPIKey
)

// Kinds is a set of kinds.
type Kinds uint64

// HopByHop are the fields that concern one connection only (RFC 9110, 7.6.1).
// Trailer is among them because trailers are not forwarded.
const HopByHop Kinds = 1<<Connection | 1<<KeepAlive | 1<<ProxyAuthenticate | 1<<ProxyAuthorization |
	1<<ProxyConnection | 1<<TE | 1<<Trailer | 1<<TransferEncoding | 1<<Upgrade | 1<<HTTP2Settings

// indispensable are the fields without which a message would be routed or framed
// otherwise: Connection must not name them.
const indispensable Kinds = 1<<Host | 1<<ContentLength | 1<<TransferEncoding | 1<<ContentType |
	1<<ContentEncoding | 1<<InferenceLength

// Has says whether k is in the set.
func (s Kinds) Has(k Kind) bool { return s>>k&1 != 0 }

// kindOf returns the kind of a field by its name.
func kindOf(name []byte) Kind {
	k := known(name)
	if k == Other && len(name) > len(xForwarded) && equal(name[:len(xForwarded)], xForwarded) {
		return XForwarded
	}
	return k
}

const xForwarded = "x-forwarded-"

func known(name []byte) Kind {
	switch len(name) {
	case 2:
		return pick(name, "te", TE)
	case 3:
		return pick(name, "via", Via)
	case 4:
		return pick2(name, "host", Host, "date", Date)
	case 6:
		return pick2(name, "expect", Expect, "cookie", Cookie)
	case 7:
		return pick2(name, "upgrade", Upgrade, "trailer", Trailer)
	case 9:
		return pick3(name, "forwarded", Forwarded, "x-real-ip", XRealIP, "x-api-key", XAPIKey)
	case 10:
		return pick3(name, "connection", Connection, "keep-alive", KeepAlive, "tracestate", TraceState)
	case 11:
		return pick(name, "traceparent", TraceParent)
	case 12:
		if k := pick3(name, "content-type", ContentType, "x-request-id", RequestID, "x-weir-model", WeirModel); k != Other {
			return k
		}
		return pick(name, "max-forwards", MaxForwards)
	case 13:
		return pick2(name, "x-weir-shadow", WeirShadow, "authorization", Authorization)
	case 14:
		return pick3(name, "content-length", ContentLength, "x-weir-version", WeirVersion, "http2-settings", HTTP2Settings)
	case 15:
		return pick(name, "x-forwarded-for", XForwardedFor)
	case 16:
		return pick3(name, "content-encoding", ContentEncoding, "proxy-connection", ProxyConnection, "x-forwarded-host", XForwardedHost)
	case 17:
		return pick2(name, "transfer-encoding", TransferEncoding, "x-forwarded-proto", XForwardedProto)
	case 18:
		return pick(name, "proxy-authenticate", ProxyAuthenticate)
	case 19:
		return pick(name, "proxy-authorization", ProxyAuthorization)
	case 31:
		return pick(name, "inference-header-content-length", InferenceLength)
	}
	return Other
}

func pick(name []byte, a string, ka Kind) Kind {
	if equal(name, a) {
		return ka
	}
	return Other
}

func pick2(name []byte, a string, ka Kind, b string, kb Kind) Kind {
	if equal(name, a) {
		return ka
	}
	return pick(name, b, kb)
}

func pick3(name []byte, a string, ka Kind, b string, kb Kind, c string, kc Kind) Kind {
	if equal(name, a) {
		return ka
	}
	return pick2(name, b, kb, c, kc)
}
