package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// answerTimeout bounds the wait for one answer; a request that exceeds it is
// an error.
const answerTimeout = 30 * time.Second

// Conn is one keep-alive connection that sends prepared requests.
type Conn struct {
	net  net.Conn
	read *bufio.Reader
}

// Dial opens a connection.
func Dial(address string) (*Conn, error) {
	c, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	return &Conn{net: c, read: bufio.NewReaderSize(c, 64<<10)}, nil
}

// Close closes the connection.
func (c *Conn) Close() { _ = c.net.Close() }

// Do sends one request and reads its answer whole. The body goes to w where
// that is not nil.
func (c *Conn) Do(request []byte, w io.Writer) (status int, err error) {
	if err := c.net.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return 0, err
	}
	if _, err := c.net.Write(request); err != nil {
		return 0, err
	}
	if w == nil {
		w = io.Discard
	}
	return c.answer(w)
}

func (c *Conn) answer(w io.Writer) (status int, err error) {
	line, err := c.read.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, fmt.Errorf("load: status line %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, fmt.Errorf("load: status line %q", line)
	}
	length, chunked := int64(-1), false
	for {
		if line, err = c.read.ReadSlice('\n'); err != nil {
			return status, err
		}
		if len(line) <= 2 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("content-length")):
			if length, err = strconv.ParseInt(string(value), 10, 64); err != nil {
				return status, fmt.Errorf("load: content-length %q", value)
			}
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			chunked = true
		}
	}
	switch {
	case chunked:
		return status, c.chunks(w)
	case length > 0:
		_, err = io.CopyN(w, c.read, length)
		return status, err
	case length == 0:
		return status, nil
	}
	return status, errors.New("load: an answer without a length")
}

func (c *Conn) chunks(w io.Writer) error {
	for {
		line, err := c.read.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 64)
		if err != nil {
			return fmt.Errorf("load: chunk size %q", line)
		}
		if _, err = io.CopyN(w, c.read, n); err != nil {
			return err
		}
		if _, err = c.read.Discard(2); err != nil || n == 0 {
			return err
		}
	}
}
