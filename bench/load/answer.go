package load

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// maxHead bounds the head of an answer, and the line of a chunk's size.
const maxHead = 16 << 10

var (
	errAgain = errors.New("load: would block")
	errHead  = errors.New("load: the head of an answer is too long")
)

// answer finds where an answer ends, as its bytes come.
type answer struct {
	status int
	state  answerState
	left   int64  // of the body, or of the chunk
	last   bool   // the connection ends behind it
	part   []byte // of a head or a line that has not come whole
}

type answerState uint8

const (
	inHead answerState = iota
	inBody
	inChunkSize
	inChunk
	inChunkEnd
	inTrailer
	complete
)

func (a *answer) reset() { a.status, a.state, a.left, a.last, a.part = 0, inHead, 0, false, a.part[:0] }

// read takes bytes, hands those of the body to body where that is not nil, and
// returns how many belong to this answer. It is over in the state complete.
func (a *answer) read(b []byte, body func([]byte)) (int, error) {
	used := 0
	for used < len(b) && a.state != complete {
		rest := b[used:]
		if a.state == inBody || a.state == inChunk {
			n := int(min(int64(len(rest)), a.left))
			if body != nil {
				body(rest[:n])
			}
			used, a.left = used+n, a.left-int64(n)
			if a.left == 0 {
				a.bodyEnds()
			}
			continue
		}
		n, err := a.text(rest)
		if err != nil {
			return used, err
		}
		used += n
	}
	return used, nil
}

func (a *answer) bodyEnds() {
	if a.state == inBody {
		a.state = complete
		return
	}
	a.state = inChunkEnd
}

// text collects a head or a line, and acts on it once it is whole.
func (a *answer) text(b []byte) (int, error) {
	end := "\r\n"
	if a.state == inHead {
		end = "\r\n\r\n"
	}
	whole, used := b, 0
	if len(a.part) == 0 {
		i := bytes.Index(b, []byte(end))
		if i < 0 {
			a.part = append(a.part, b...)
			return len(b), a.bound()
		}
		whole, used = b[:i], i+len(end)
	} else {
		before := len(a.part)
		a.part = append(a.part, b...)
		i := bytes.Index(a.part[max(0, before-len(end)):], []byte(end))
		if i < 0 {
			return len(b), a.bound()
		}
		i += max(0, before-len(end))
		whole, used = a.part[:i], i+len(end)-before
	}
	err := a.act(whole)
	a.part = a.part[:0]
	return used, err
}

func (a *answer) bound() error {
	if len(a.part) > maxHead {
		return errHead
	}
	return nil
}

func (a *answer) act(text []byte) error {
	switch a.state {
	case inHead:
		return a.head(text)
	case inChunkSize:
		n, err := strconv.ParseInt(string(text), 16, 64)
		if err != nil {
			return fmt.Errorf("load: chunk size %q", text)
		}
		if a.left = n; n == 0 {
			a.state = inTrailer
		} else {
			a.state = inChunk
		}
	case inChunkEnd:
		a.state = inChunkSize
	case inTrailer:
		if len(text) == 0 {
			a.state = complete
		}
	}
	return nil
}

func (a *answer) head(head []byte) error {
	line, fields, _ := bytes.Cut(head, []byte("\r\n"))
	if len(line) < 12 {
		return fmt.Errorf("load: status line %q", line)
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return fmt.Errorf("load: status line %q", line)
	}
	a.status, a.left = status, -1
	chunked := false
	for len(fields) > 0 {
		line, fields, _ = bytes.Cut(fields, []byte("\r\n"))
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case len(name) == 14 && bytes.EqualFold(name, []byte("content-length")):
			if a.left, err = strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64); err != nil {
				return fmt.Errorf("load: content-length %q", value)
			}
		case len(name) == 17 && bytes.EqualFold(name, []byte("transfer-encoding")):
			chunked = true
		case len(name) == 10 && bytes.EqualFold(name, []byte("connection")):
			a.last = bytes.EqualFold(bytes.TrimSpace(value), []byte("close"))
		}
	}
	switch {
	case chunked:
		a.state = inChunkSize
	case a.left > 0:
		a.state = inBody
	case a.left == 0 || status == 204 || status == 304:
		a.state = complete
	default:
		return errors.New("load: an answer without a length")
	}
	return nil
}
