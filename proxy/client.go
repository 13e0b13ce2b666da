package proxy

import (
	"bytes"
	"net/netip"
	"strings"

	"github.com/weir-gateway/weir/proxy/http1"
)

// ForwardStyle says by which fields upstreams are told who the client is.
type ForwardStyle uint8

// The styles.
const (
	ForwardNothing ForwardStyle = 0
	ForwardX       ForwardStyle = 1 // X-Forwarded-For, -Proto and -Host
	ForwardRFC7239 ForwardStyle = 2 // Forwarded
	ForwardBoth                 = ForwardX | ForwardRFC7239
)

// Forwarding says what upstreams learn about clients, and whose word counts.
//
// From a client that isn't trusted every field of this kind is removed in all
// styles. From a trusted one those of the chosen styles are continued, and those
// of a style that isn't chosen are removed too: a proxy that doesn't know them
// would have let its own clients' through. With ForwardNothing they pass as they
// came, from trusted ones only.
type Forwarding struct {
	Style ForwardStyle
	// Trust are the networks of the proxies in front.
	Trust []netip.Prefix
}

// ours are the fields that Weir continues.
const ours = 1<<http1.Forwarded | 1<<http1.XForwardedFor | 1<<http1.XForwardedProto | 1<<http1.XForwardedHost

// aboutClients are all fields that say something about the client.
const aboutClients = ours | 1<<http1.XForwarded | 1<<http1.XRealIP

// provenance is where a request comes from.
type provenance struct {
	peer    netip.Addr // the connection's other end
	client  netip.Addr // as far as trusted proxies tell: who is behind it
	trusted bool       // peer is a proxy whose word counts
	secure  bool       // the connection is encrypted
	style   ForwardStyle
	strip   http1.Kinds // fields that endpoints don't get for another reason
}

// originate finds out where a request comes from. Requests from clients that are
// no trusted proxies, which most are, cost no allocation; from a trusted one,
// each address that it names costs one.
func (c *conn) originate(req *http1.Request) provenance {
	f := &c.server.cfg.Forwarding
	o := provenance{peer: c.peer, client: c.peer, trusted: c.trusted, secure: c.secure != nil, style: f.Style, strip: c.server.cfg.Keys.stripped()}
	if !o.trusted {
		return o
	}
	kind := http1.XForwardedFor
	if f.Style == ForwardRFC7239 {
		kind = http1.Forwarded
	}
	if !req.Has(kind) {
		return o
	}
	// The client is the rightmost that isn't trusted, or the leftmost where all
	// are. What can't be read ends the search: from there on anybody could have
	// written it. Seen from the left, that begins anew behind it.
	found := netip.Addr{}
	for i := range req.Len() {
		k, _, value := req.At(i)
		if k != kind {
			continue
		}
		for element := range elements(value) {
			a, ok := address(element, kind)
			switch {
			case !ok:
				found = netip.Addr{}
			case !found.IsValid(), !within(a, f.Trust):
				found = a
			}
		}
	}
	if found.IsValid() {
		o.client = found
	}
	return o
}

// elements are the parts of a list that is separated by commas, but for those in
// quotes.
func elements(list []byte) func(yield func([]byte) bool) {
	return func(yield func([]byte) bool) {
		from, quoted := 0, false
		for i := 0; i < len(list); i++ {
			switch c := list[i]; {
			case quoted && c == '\\':
				i++
			case c == '"':
				quoted = !quoted
			case c == ',' && !quoted:
				if !yield(list[from:i]) {
					return
				}
				from = i + 1
			}
		}
		yield(list[from:])
	}
}

// address reads one element of X-Forwarded-For or of Forwarded.
func address(element []byte, kind http1.Kind) (netip.Addr, bool) {
	text := element
	if kind == http1.Forwarded {
		text = parameter(element, "for")
	}
	s := strings.TrimSpace(string(text))
	if a, err := netip.ParseAddr(s); err == nil {
		return a.Unmap().WithZone(""), true
	}
	if p, err := netip.ParseAddrPort(s); err == nil {
		return p.Addr().Unmap().WithZone(""), true
	}
	if len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' {
		if a, err := netip.ParseAddr(s[1 : len(s)-1]); err == nil {
			return a.Unmap().WithZone(""), true
		}
	}
	return netip.Addr{}, false
}

// parameter returns the value of a parameter of an element of Forwarded, without
// its quotes; nil without one. A value with an escape in it is no address, and
// so is left as it is.
func parameter(element []byte, name string) []byte {
	for pair := range bytes.SplitSeq(element, []byte{';'}) {
		key, value, ok := bytes.Cut(bytes.TrimSpace(pair), []byte{'='})
		if !ok || !strings.EqualFold(string(key), name) {
			continue
		}
		if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
			value = value[1 : len(value)-1]
		}
		return value
	}
	return nil
}

// drop are the fields that are not passed on as they came.
func (o *provenance) drop() http1.Kinds {
	switch {
	case !o.trusted:
		return aboutClients | o.strip
	case o.style == ForwardNothing:
		return o.strip
	}
	return ours | o.strip
}

// append appends what upstreams are told about the client.
func (o *provenance) append(dst []byte, req *http1.Request) []byte {
	if !o.peer.IsValid() {
		return dst
	}
	proto := plainScheme
	if o.secure {
		proto = secureScheme
	}
	if o.style&ForwardX != 0 {
		dst = append(dst, "X-Forwarded-For: "...)
		dst = o.continued(dst, req, http1.XForwardedFor)
		dst = append(o.peer.AppendTo(dst), "\r\nX-Forwarded-Proto: "...)
		dst = append(append(dst, o.said(req, http1.XForwardedProto, proto)...), '\r', '\n')
		if host := o.said(req, http1.XForwardedHost, req.Host); len(host) > 0 {
			dst = append(append(append(dst, "X-Forwarded-Host: "...), host...), '\r', '\n')
		}
	}
	if o.style&ForwardRFC7239 != 0 {
		dst = append(dst, "Forwarded: "...)
		dst = o.continued(dst, req, http1.Forwarded)
		if o.peer.Is4() {
			dst = o.peer.AppendTo(append(dst, "for="...))
		} else {
			dst = append(o.peer.AppendTo(append(dst, `for="[`...)), `]"`...)
		}
		dst = append(append(dst, ";proto="...), proto...)
		if len(req.Host) > 0 && !bytes.ContainsAny(req.Host, `"\`) {
			dst = append(append(append(dst, `;host="`...), req.Host...), '"')
		}
		dst = append(dst, '\r', '\n')
	}
	return dst
}

// continued appends the elements that a trusted proxy sent, each field's behind
// the other's, with the comma for the next one.
func (o *provenance) continued(dst []byte, req *http1.Request, kind http1.Kind) []byte {
	if !o.trusted || !req.Has(kind) {
		return dst
	}
	for i := range req.Len() {
		if k, _, value := req.At(i); k == kind && len(value) > 0 {
			dst = append(append(dst, value...), ", "...)
		}
	}
	return dst
}

// said returns the first value that a trusted proxy sent, or else our own.
func (o *provenance) said(req *http1.Request, kind http1.Kind, own []byte) []byte {
	if o.trusted {
		if v := req.Value(kind); len(v) > 0 {
			return v
		}
	}
	return own
}

var plainScheme, secureScheme = []byte("http"), []byte("https")
