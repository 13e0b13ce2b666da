package conformance_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// This is the reader that judges: it shares no code with the proxy's and takes
// only what the grammars of RFC 9110 and 9112 have, with CR LF at every line's
// end, and only one framing. It is slow, and meant to be compared with the text
// of the RFCs line by line.

// field is one field line.
type field struct{ name, value string }

// head is the head of a message.
type head struct {
	start  string // the start line
	fields []field
	raw    string // with the empty line
	fault  string // why a strict reader refuses it; empty if it doesn't
}

// all returns the values of the fields of a name, in order.
func (h *head) all(name string) (values []string) {
	for _, f := range h.fields {
		if strings.EqualFold(f.name, name) {
			values = append(values, f.value)
		}
	}
	return values
}

func (h *head) has(name string) bool { return len(h.all(name)) > 0 }

// names says whether a field that is a list has an element.
func (h *head) names(name, element string) bool {
	for part := range strings.SplitSeq(strings.Join(h.all(name), ","), ",") {
		if strings.EqualFold(strings.Trim(part, " \t"), element) {
			return true
		}
	}
	return false
}

var errTooLong = errors.New("a head of more than 256 KiB")

// readHead reads up to what anybody could take for the end of a head, and then
// checks it. An error means that the end did not come.
func readHead(r *bufio.Reader) (head, error) {
	var raw strings.Builder
	for {
		line, err := r.ReadString('\n')
		raw.WriteString(line)
		if err != nil {
			return head{raw: raw.String()}, err
		}
		if raw.Len() > 256<<10 {
			return head{raw: raw.String()}, errTooLong
		}
		if line == "\n" || line == "\r\n" {
			return parseHead(raw.String()), nil
		}
	}
}

// parseHead checks a head that ends in an empty line.
func parseHead(raw string) head {
	h := head{raw: raw}
	body, ok := strings.CutSuffix(raw, "\r\n\r\n")
	if !ok {
		h.fault = "a line that ends in a bare LF"
		return h
	}
	lines := strings.Split(body, "\r\n")
	h.start = lines[0]
	for _, line := range lines {
		if strings.ContainsFunc(line, isControl) {
			h.fault = "a control byte"
		}
	}
	for _, line := range lines[1:] {
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) {
			h.fault = "a malformed field line"
			continue
		}
		h.fields = append(h.fields, field{name, strings.Trim(value, " \t")})
	}
	return h
}

// isControl is about bytes: every byte above 0x7f is obs-text, whatever rune it
// may be part of.
func isControl(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// isToken is RFC 9110, 5.6.2.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		alpha := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		if !alpha && !isDigit(c) && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isNumber(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// framing is how the end of a body is found.
type framing struct {
	chunked bool
	length  int64 // -1: not said
}

// framing returns what the fields say about the body, or why they are refused.
func (h *head) framing(minor int) (framing, error) {
	lengths, codings := h.all("Content-Length"), h.all("Transfer-Encoding")
	switch {
	case len(lengths) == 0 && len(codings) == 0:
		return framing{length: -1}, nil
	case len(lengths) > 0 && len(codings) > 0:
		return framing{}, errors.New("two framings")
	case len(lengths) > 1 || len(codings) > 1:
		return framing{}, errors.New("a framing twice")
	case len(codings) == 1 && minor == 0:
		return framing{}, errors.New("a transfer coding in HTTP/1.0")
	case len(codings) == 1:
		if !strings.EqualFold(codings[0], "chunked") {
			return framing{}, errors.New("a transfer coding that isn't chunked")
		}
		return framing{chunked: true, length: -1}, nil
	}
	n, err := strconv.ParseInt(lengths[0], 10, 64)
	if err != nil || !isNumber(lengths[0]) {
		return framing{}, errors.New("a malformed length")
	}
	return framing{length: n}, nil
}

// errChunk is a chunked body that isn't one.
var errChunk = errors.New("malformed chunks")

// readLine reads a line that ends in CR LF and has no other control bytes.
func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	text, ok := strings.CutSuffix(line, "\r\n")
	if !ok || strings.ContainsFunc(text, isControl) {
		return "", errChunk
	}
	return text, nil
}

// readChunks decodes a chunked body (RFC 9112, 7.1). What it returns with an
// error is the data before it.
func readChunks(r *bufio.Reader) (data string, trailer []field, err error) {
	var b strings.Builder
	for {
		line, err := readLine(r)
		if err != nil {
			return b.String(), nil, err
		}
		n, err := chunkSize(line)
		if err != nil {
			return b.String(), nil, err
		}
		if n == 0 {
			break
		}
		if _, err := io.CopyN(&b, r, n); err != nil {
			return b.String(), nil, err
		}
		if line, err := readLine(r); err != nil || line != "" {
			return b.String(), nil, orChunk(err)
		}
	}
	for {
		line, err := readLine(r)
		if err != nil {
			return b.String(), nil, err
		}
		if line == "" {
			return b.String(), trailer, nil
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || !isToken(name) {
			return b.String(), nil, errChunk
		}
		trailer = append(trailer, field{name, strings.Trim(value, " \t")})
	}
}

func orChunk(err error) error {
	if err != nil {
		return err
	}
	return errChunk
}

// chunkSize reads the line before a chunk. BWS is allowed where the grammar has
// it: around what an extension is made of, and nowhere else.
func chunkSize(line string) (int64, error) {
	digits := 0
	for digits < len(line) && strings.IndexByte("0123456789abcdefABCDEF", line[digits]) >= 0 {
		digits++
	}
	n, err := strconv.ParseInt(line[:digits], 16, 63)
	if err != nil {
		return 0, errChunk
	}
	return n, extensions(line[digits:])
}

// extensions checks *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted ) ] ).
func extensions(s string) error {
	for s != "" {
		t, ok := strings.CutPrefix(strings.TrimLeft(s, " \t"), ";")
		if !ok {
			return errChunk
		}
		if s, ok = cutToken(strings.TrimLeft(t, " \t")); !ok {
			return errChunk
		}
		value, ok := strings.CutPrefix(strings.TrimLeft(s, " \t"), "=")
		if !ok {
			continue
		}
		value = strings.TrimLeft(value, " \t")
		if strings.HasPrefix(value, `"`) {
			s, ok = cutQuoted(value)
		} else {
			s, ok = cutToken(value)
		}
		if !ok {
			return errChunk
		}
	}
	return nil
}

func cutToken(s string) (rest string, ok bool) {
	n := 0
	for n < len(s) && isToken(s[n:n+1]) {
		n++
	}
	return s[n:], n > 0
}

func cutQuoted(s string) (rest string, ok bool) {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return s[i+1:], true
		}
	}
	return s, false
}

// readBody reads a body of a framing that has an end.
func readBody(r *bufio.Reader, f framing) (string, error) {
	if f.chunked {
		data, _, err := readChunks(r)
		return data, err
	}
	var b strings.Builder
	if _, err := io.CopyN(&b, r, max(0, f.length)); err != nil {
		return b.String(), fmt.Errorf("a body of %d bytes ended after %d: %w", f.length, b.Len(), err)
	}
	return b.String(), nil
}
