package stub

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// request is what a server knows of one.
type request struct {
	probe  bool  // GET or HEAD
	number int64 // −1: none
	length int   // of the body
}

// readRequest reads one request with a Content-Length, with chunks, or without
// a body.
func readRequest(r *bufio.Reader) (request, error) {
	q := request{number: -1}
	chunked := false
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return q, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if first {
			q.line(line)
			continue
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case len(name) == 14 && bytes.EqualFold(name, []byte("content-length")):
			if q.length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return q, fmt.Errorf("stub: %w", err)
			}
		case len(name) == 17 && bytes.EqualFold(name, []byte("transfer-encoding")):
			chunked = true
		}
	}
	if chunked {
		return q, q.chunks(r)
	}
	_, err := r.Discard(q.length)
	return q, err
}

func (q *request) line(line []byte) {
	q.probe = bytes.HasPrefix(line, []byte("GET ")) || bytes.HasPrefix(line, []byte("HEAD "))
	if _, rest, ok := bytes.Cut(line, []byte("?n=")); ok {
		digits, _, _ := bytes.Cut(rest, []byte(" "))
		if n, err := strconv.ParseInt(string(digits), 10, 64); err == nil {
			q.number = n
		}
	}
}

func (q *request) chunks(r *bufio.Reader) error {
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil || n < 0 {
			return errors.New("stub: bad chunk size")
		}
		q.length += int(n)
		if _, err := r.Discard(int(n) + 2); err != nil || n == 0 {
			return err
		}
	}
}
