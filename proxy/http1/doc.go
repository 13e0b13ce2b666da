// Package http1 reads the heads and the chunked bodies of HTTP/1.1 messages as a
// proxy must: whatever two recipients could read differently is refused.
//
// It does no I/O: it is given bytes and says what they are. Nothing is copied
// and, once a value has been used before, nothing is allocated: a parsed head
// points into the bytes that it was parsed from, and they must not change while
// it is in use.
//
//	var r http1.Request
//	n, err := r.Parse(buf)       // n == 0: more bytes are needed
//	out = r.Append(out, http1.HopByHop)
//
// # What is refused
//
// In requests (RFC 9112 unless said otherwise): versions other than 1.0 and 1.1
// (505); lines that end in a bare LF; folded lines; white space in or behind a
// field name; control bytes anywhere; Content-Length together with
// Transfer-Encoding, twice, or not 1 to 18 digits; a transfer coding that does
// not end in chunked (400), one that has others before it (501), or any with
// HTTP/1.0; no Host, two, or a malformed one; an absolute target whose authority
// is not the Host's; a Connection field that names a field which frames or
// routes the message; expectations other than 100-continue (417). In answers the
// same as far as it applies. In chunked bodies: bare LF, anything but CRLF or a
// well-formed extension behind a size, sizes beyond 2⁶²; extensions and trailers
// must be well-formed and are then left out.
package http1
