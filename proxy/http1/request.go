package http1

import "bytes"

// Request is the head of a request.
type Request struct {
	Fields
	Method []byte
	Target []byte // as it came
	Path   []byte // of the target, without the query; "*" for OPTIONS *
	Query  []byte // from the '?' on; empty without one
	Host   []byte // value of Host, or the authority of an absolute target
	Minor  int    // of the version: 0 or 1

	// Continue says that the client waits for "100 Continue".
	Continue bool
}

// Parse reads a head at the beginning of b and returns its length: 0 if it isn't
// there as a whole. One empty line before it is skipped. A head that can't
// become valid is refused as soon as that is certain. Errors are of type *Error.
func (r *Request) Parse(b []byte) (n int, err error) {
	r.reset(b)
	first := 0
	if len(b) > 1 && b[0] == '\r' && b[1] == '\n' {
		first = 2
	}
	text, next, err := line(b, first)
	if err != nil || next == 0 {
		return 0, err
	}
	if err := r.requestLine(text); err != nil {
		return 0, err
	}
	if n, err = r.parse(next); err != nil || n == 0 {
		return 0, err
	}
	r.raw = b[:n]
	if err := r.framing(r.Minor); err != nil {
		return 0, err
	}
	if err := r.target(); err != nil {
		return 0, err
	}
	return n, r.expect()
}

func (r *Request) requestLine(text []byte) error {
	sp := bytes.IndexByte(text, ' ')
	last := len(text) - len(" HTTP/1.1")
	if sp <= 0 || last <= sp+1 || text[last] != ' ' {
		return ErrRequestLine
	}
	r.Method, r.Target = text[:sp], text[sp+1:last]
	for _, c := range r.Method {
		if lower[c] == 0 {
			return ErrRequestLine
		}
	}
	var err error
	r.Minor, err = parseVersion(text[last+1:])
	return err
}

func parseVersion(b []byte) (minor int, err error) {
	switch string(b) {
	case "HTTP/1.1":
		return 1, nil
	case "HTTP/1.0":
		return 0, nil
	}
	if len(b) == 8 && string(b[:5]) == "HTTP/" && b[6] == '.' && isDigit(b[5]) && isDigit(b[7]) {
		return 0, ErrVersion
	}
	return 0, ErrRequestLine
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (r *Request) expect() error {
	r.Continue = false
	if !r.Has(Expect) || r.Minor == 0 {
		return nil // HTTP/1.0 has no expectations: RFC 9110, 10.1.1
	}
	if !equal(r.Value(Expect), "100-continue") {
		return ErrExpectation
	}
	r.Continue = r.HasBody()
	return nil
}

// HasBody says whether a body follows the head.
func (r *Request) HasBody() bool { return r.Chunked || r.ContentLength > 0 }

// KeepsAlive says whether the client wants to use the connection again.
func (r *Request) KeepsAlive() bool {
	return !r.Close && (r.Minor == 1 || r.Fields.KeepAlive)
}
