package http1

// Response is the head of an answer.
type Response struct {
	Fields
	Status int
	Line   []byte // the status line from the status on: "200 OK"
	Minor  int    // of the version: 0 or 1
}

// Framing says how the end of an answer's body is found.
type Framing uint8

// The framings.
const (
	NoBody   Framing = iota
	Length           // ContentLength bytes
	Chunks           // chunked
	UntilEOF         // all that comes until the connection is closed
)

// Parse reads a head at the beginning of b and returns its length: 0 if it isn't
// there as a whole. Errors are of type *Error.
func (r *Response) Parse(b []byte) (n int, err error) {
	r.reset(b)
	text, next, err := line(b, 0)
	if err != nil || next == 0 {
		return 0, err
	}
	if err := r.statusLine(text); err != nil {
		return 0, err
	}
	if n, err = r.parse(next); err != nil || n == 0 {
		return 0, err
	}
	r.raw = b[:n]
	return n, r.framing(r.Minor)
}

func (r *Response) statusLine(text []byte) error {
	const status = len("HTTP/1.1 ")
	// The space before an empty reason is missing often enough, and nothing
	// else can be meant.
	if len(text) < status+3 || text[status-1] != ' ' || len(text) > status+3 && text[status+3] != ' ' {
		return ErrStatusLine
	}
	var err error
	if r.Minor, err = parseVersion(text[:status-1]); err != nil {
		return ErrStatusLine
	}
	r.Line = text[status:]
	r.Status = 0
	for _, c := range r.Line[:3] {
		if !isDigit(c) {
			return ErrStatusLine
		}
		r.Status = r.Status*10 + int(c-'0')
	}
	if r.Status < 100 || r.Status > 599 || !isText(r.Line) {
		return ErrStatusLine
	}
	return nil
}

// Framing returns how the body is framed in answer to a request with HEAD or
// not (RFC 9112, 6.3).
func (r *Response) Framing(head bool) Framing {
	switch {
	case head, r.Status < 200, r.Status == 204, r.Status == 304:
		return NoBody
	case r.Chunked:
		return Chunks
	case r.ContentLength == 0:
		return NoBody
	case r.ContentLength > 0:
		return Length
	}
	return UntilEOF
}

// KeepsAlive says whether the connection may be used again once the answer has
// been read to its end.
func (r *Response) KeepsAlive() bool {
	return !r.Close && (r.Minor == 1 || r.Fields.KeepAlive)
}
