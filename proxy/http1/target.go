package http1

import "bytes"

// target takes the request target apart (RFC 9112, 3.2) and checks it against
// Host.
func (r *Request) target() error {
	host, err := r.host()
	if err != nil {
		return err
	}
	r.Host = host
	t := r.Target
	for _, c := range t {
		if c <= ' ' || c >= 0x7f || c == '#' {
			return ErrTarget
		}
	}
	switch {
	case string(r.Method) == "CONNECT":
		return ErrConnect
	case t[0] == '/':
	case string(t) == "*" && string(r.Method) == "OPTIONS":
		r.Path, r.Query = t, nil
		return nil
	default:
		if t, err = r.absolute(t); err != nil {
			return err
		}
	}
	r.Path, r.Query = t, nil
	if i := bytes.IndexByte(t, '?'); i >= 0 {
		r.Path, r.Query = t[:i], t[i:]
	}
	if len(r.Path) == 0 {
		r.Path = root
	}
	return nil
}

var root = []byte("/")

// absolute checks a target in absolute form and returns it from its path on.
func (r *Request) absolute(t []byte) ([]byte, error) {
	colon := bytes.IndexByte(t, ':')
	if colon < 0 || !equal(t[:colon], "http") && !equal(t[:colon], "https") || !bytes.HasPrefix(t[colon:], []byte("://")) {
		return nil, ErrTarget
	}
	t = t[colon+len("://"):]
	end := bytes.IndexAny(t, "/?")
	if end < 0 {
		end = len(t)
	}
	authority := t[:end]
	if !validHost(authority) {
		return nil, ErrTarget
	}
	if r.Host == nil {
		r.Host = authority // HTTP/1.0
	} else if !bytes.EqualFold(authority, r.Host) {
		return nil, ErrOtherHost
	}
	return t[end:], nil
}

// host returns the value of Host, nil for HTTP/1.0 without one.
func (r *Request) host() ([]byte, error) {
	if !r.Has(Host) {
		if r.Minor == 0 {
			return nil, nil
		}
		return nil, ErrNoHost
	}
	var value []byte
	for i := range r.list {
		if r.list[i].Kind != Host {
			continue
		}
		if value != nil {
			return nil, ErrHost
		}
		value = r.value(i)
		if !validHost(value) {
			return nil, ErrHost
		}
	}
	return value, nil
}

// validHost says whether b is uri-host [":" port] with a host that isn't empty.
// It is not a full grammar of addresses, but lets nothing through that could end
// the authority early or begin another.
func validHost(b []byte) bool {
	host := b
	if len(b) > 0 && b[0] == '[' {
		i := bytes.IndexByte(b, ']')
		if i < 3 {
			return false
		}
		for _, c := range b[1:i] {
			if hex[c] == 0xff && c != ':' && c != '.' {
				return false
			}
		}
		host = b[i+1:]
		return len(host) == 0 || host[0] == ':' && isPort(host[1:])
	}
	if before, after, ok := bytes.Cut(b, []byte{':'}); ok {
		if !isPort(after) {
			return false
		}
		host = before
	}
	for i, c := range host {
		// reg-name: unreserved, sub-delims but comma, percent-encoded.
		if c == '%' && (i+2 >= len(host) || hex[host[i+1]] == 0xff || hex[host[i+2]] == 0xff) {
			return false
		}
		if lower[c] == 0 && c != '(' && c != ')' && c != ';' && c != '=' || c == '^' || c == '`' || c == '|' || c == '#' {
			return false
		}
	}
	return len(host) > 0
}

func isPort(b []byte) bool {
	if len(b) > 5 {
		return false
	}
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return true
}
