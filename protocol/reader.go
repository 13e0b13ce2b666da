package protocol

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// reader is one decoding of one body: where it reads, where it writes, by which rules.
type reader struct {
	scanner
	batch    *Batch
	settings settings
	// single says that a list of one element is its element, as in TensorFlow
	// Serving and MLflow, where [5.1] and 5.1 are the same feature. In plain JSON
	// a list may have another length in the next row, so x[0] stays x[0].
	single bool
	// base64 says that {"b64": "…"} is a string, as in TensorFlow Serving.
	base64 bool
}

// newReader starts b for a JSON body of a type that may be JSON.
func newReader(s settings, b *Batch, body Body) (reader, error) {
	b.start(s.limits)
	r := reader{scanner: scanner{b: body.Bytes}, batch: b, settings: s}
	if !jsonMedia(body.ContentType) {
		return r, &Error{Unsupported, "content type " + quote(body.ContentType)}
	}
	if r.space(); r.i == len(r.b) {
		return r, &Error{Truncated, "the body is empty"}
	}
	return r, nil
}

// jsonMedia says whether a body sent as contentType may be JSON. What curl and
// careless clients send passes, since servers take it; other formats do not.
func jsonMedia(contentType string) bool {
	if contentType == "" || contentType == "application/json" {
		return true
	}
	media, _, _ := strings.Cut(contentType, ";")
	switch media = strings.ToLower(strings.TrimSpace(media)); media {
	case "application/json", "application/octet-stream", "application/x-www-form-urlencoded", "text/plain", "text/json":
		return true
	}
	return strings.HasSuffix(media, "+json")
}

// scalar consumes a value that is neither array nor object.
func (r *reader) scalar(t token) (Cell, error) {
	switch t {
	case tokNumber:
		f, kind, err := r.number()
		return Cell{Kind: kind, Number: f}, err
	case tokString:
		return r.text()
	}
	return r.literal(t)
}

// value consumes any value as one cell; a nested one is Invalid.
func (r *reader) value(t token) (Cell, error) {
	switch t {
	case tokObject:
		if cell, ok, err := r.binary(); ok || err != nil {
			return cell, err
		}
		return Cell{Kind: Invalid}, r.skip(0)
	case tokArray:
		return Cell{Kind: Invalid}, r.skip(0)
	}
	return r.scalar(t)
}

// text consumes a string.
func (r *reader) text() (Cell, error) {
	raw, escaped, err := r.str()
	if err != nil {
		return Cell{}, err
	}
	if escaped {
		start := len(r.batch.arena)
		r.batch.arena = unescape(r.batch.arena, raw)
		raw = r.batch.arena[start:len(r.batch.arena):len(r.batch.arena)]
	}
	return textCell(raw), nil
}

func textCell(b []byte) Cell {
	if !utf8.Valid(b) {
		return Cell{Kind: Invalid}
	}
	return Cell{Kind: Text, Text: b}
}

// binary consumes {"b64": "…"} and returns its bytes as text; ok is false, and
// nothing is consumed, when the object is something else.
func (r *reader) binary() (cell Cell, ok bool, err error) {
	if !r.base64 {
		return Cell{}, false, nil
	}
	back := r.i
	r.i++
	if more, err := r.more('}', true); err != nil || !more {
		r.i = back
		return Cell{}, false, err
	}
	key, err := r.key()
	if err != nil {
		return Cell{}, false, err
	}
	t, err := r.peek()
	if err != nil {
		return Cell{}, false, err
	}
	if string(key) != "b64" || t != tokString {
		r.i = back
		return Cell{}, false, nil
	}
	raw, _, err := r.str()
	if err != nil {
		return Cell{}, false, err
	}
	if more, err := r.more('}', false); err != nil || more {
		r.i = back
		return Cell{}, false, err
	}
	start := len(r.batch.arena)
	r.batch.arena, err = base64.StdEncoding.AppendDecode(r.batch.arena, raw)
	if err != nil {
		return Cell{Kind: Invalid}, true, nil //nolint:nilerr // a wrong value, not a broken body
	}
	return textCell(r.batch.arena[start:len(r.batch.arena):len(r.batch.arena)]), true, nil
}
