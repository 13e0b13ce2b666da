package conformance_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds what is waited for from Weir and from this package's own
// servers; nothing depends on how long anything took below it.
const patience = 10 * time.Second

// subject is a proxy under test.
type subject struct {
	name    string
	version string
	address string
	origin  *origin
	wait    time.Duration // what is waited for an answer before it counts as hanging
}

// isEnd says whether an error is the end of a connection, of whatever kind.
func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, net.ErrClosed)
}

func endOf(err error) ending {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return hangs
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return closed
	}
	return reset
}

// run drives one case through a proxy.
func (p *subject) run(t testing.TB, c *testCase) *observed {
	t.Helper()
	conn, err := net.Dial("tcp", p.address)
	if err != nil {
		t.Error(err)
		return &observed{}
	}
	defer conn.Close()
	o := &observed{}
	d := &driver{subject: p, conn: conn.(*net.TCPConn), r: bufio.NewReader(conn), o: o, id: c.id, more: c.more}
	d.send(c)
	d.receive(c)
	conn.Close()
	if o.seen, err = p.origin.of(c.id); err != nil {
		t.Errorf("%s: %v", c.id, err)
	}
	o.seen = slices.DeleteFunc(o.seen, func(s *seen) bool { return strings.HasSuffix(s.target, "/after") })
	return o
}

// driver is the client of one case.
type driver struct {
	*subject
	conn *net.TCPConn
	r    *bufio.Reader
	o    *observed
	id   string
	more string
}

func (d *driver) send(c *testCase) {
	_ = d.conn.SetDeadline(time.Now().Add(d.wait))
	// A refusal may come before everything is written: so errors are for the reader.
	_, _ = io.WriteString(d.conn, c.bytes())
	if c.halfClose {
		_ = d.conn.CloseWrite()
	}
}

// bytes returns what is sent: ~~ is the case's name, ## the number of bytes behind
// the head, and #x# that of a hidden request, in hexadecimal digits.
func (c *testCase) bytes() string {
	name := "~" + c.id + "~"
	s := strings.ReplaceAll(c.send, "~~", name)
	_, body, _ := strings.Cut(strings.ReplaceAll(s, "\r\n\n", "\r\n\r\n"), "\r\n\r\n")
	s = strings.ReplaceAll(s, "##", strconv.Itoa(len(body)))
	return strings.ReplaceAll(s, "#x#", strconv.FormatInt(int64(len(strings.ReplaceAll(hiding, "~~", name))), 16))
}

func (d *driver) receive(c *testCase) {
	o := d.o
	method, _, _ := strings.Cut(strings.TrimLeft(c.send, "\r\n "), " ")
	for range max(1, c.answers) {
		a, err := d.answer(method)
		if a != nil {
			o.answers = append(o.answers, a)
		}
		if err != nil {
			o.end = endOf(err)
			return
		}
		if a.until {
			o.end = closed
			return
		}
		if a.names("Connection", "close") || a.minor == 0 && !a.names("Connection", "keep-alive") {
			d.drain()
			return
		}
		if a.status == 101 {
			b := make([]byte, len(d.more))
			n, _ := io.ReadFull(d.r, b)
			a.body, o.end = string(b[:n]), closed
			return
		}
	}
	switch {
	case c.halfClose:
		d.drain()
	case c.alone || o.answers[len(o.answers)-1].fault != "":
		o.end = kept // as far as one can tell
	default:
		d.further()
	}
}

// drain reads to the end of a connection that should have none before it.
func (d *driver) drain() {
	rest, err := io.ReadAll(d.r)
	d.o.extra, d.o.end = string(rest), closed
	if err != nil {
		d.o.end = endOf(err)
	}
}

// further sends one more request, which must get its own answer.
func (d *driver) further() {
	target := "/m/~" + d.id + "~/after"
	_ = d.conn.SetDeadline(time.Now().Add(d.wait))
	_, _ = io.WriteString(d.conn, "GET "+target+" HTTP/1.1\r\nHost: h\r\n\r\n")
	a, err := d.answer("GET")
	d.o.next = a
	switch {
	case err != nil && (a == nil || a.raw == ""):
		d.o.end = endOf(err)
	case err != nil || a.status != 200 || a.body != target:
		d.o.end = wrong
	default:
		d.o.end = kept
	}
}

// answer reads one answer. With an error it is what there is of it, or nil.
func (d *driver) answer(method string) (*answer, error) {
	a := &answer{}
	for {
		var err error
		if a.head, err = readHead(d.r); err != nil {
			if a.raw == "" && len(a.interim) == 0 {
				return nil, err
			}
			a.status, _ = strconv.Atoi(strings.TrimSpace(firstWords(a.raw)))
			return a, err
		}
		version, code, _ := startLine(a.start)
		a.status, err = strconv.Atoi(code)
		switch version {
		case "HTTP/1.1":
			a.minor = 1
		case "HTTP/1.0":
			a.minor = 0
		default:
			a.fault = "version " + version
		}
		if err != nil || len(code) != 3 {
			a.fault = "a malformed status line"
		}
		if a.fault != "" || a.status >= 200 || a.status == 101 {
			break
		}
		a.interim = append(a.interim, a.head)
		if a.status == 100 && d.more != "" {
			_, _ = io.WriteString(d.conn, d.more)
		}
	}
	if a.status == 101 {
		a.whole = true
		_, err := io.WriteString(d.conn, d.more)
		return a, err
	}
	return a, d.body(a, method)
}

func firstWords(raw string) string {
	_, code, _ := startLine(raw)
	return code
}

func (d *driver) body(a *answer, method string) error {
	f, err := a.framing(a.minor)
	if err != nil {
		a.fault = err.Error()
		return nil
	}
	if a.fault != "" {
		return nil
	}
	switch {
	case method == "HEAD" || a.status == 204 || a.status == 304:
		a.whole = true
		return nil
	case !f.chunked && f.length < 0:
		a.until = true
		rest, err := io.ReadAll(d.r)
		a.body, a.whole = string(rest), err == nil
		return err
	}
	a.body, err = readBody(d.r, f)
	if errors.Is(err, errChunk) {
		a.fault = err.Error()
		return nil
	}
	a.whole = err == nil
	return err
}
