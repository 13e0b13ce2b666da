package conformance_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// after is what an origin does with a connection behind its answer.
type after uint8

const (
	closes after = iota // ends it
	keeps               // waits for the next request
	resets              // ends it with an RST
)

// reply is what an origin answers a case's request with.
type reply struct {
	bytes string
	then  after
	early bool // before the request's body has been read
}

// seen is a request as the origin got it.
type seen struct {
	head
	method, target, version string
	body                    string
	cut                     bool   // it ended before its framing says
	excess                  string // what came behind it
	final                   chan struct{}
}

// origin is the server behind the proxies. It answers every request that names
// a case as that case says.
type origin struct {
	*listener

	mu      sync.Mutex
	replies map[string]*reply
	all     map[string][]*seen
	lost    []string // heads that name no case
}

// caseName is how a request names its case: /m/~cl-twice~.
var caseName = regexp.MustCompile(`~([a-z0-9.-]+)~`)

func newOrigin(t testing.TB, replies map[string]*reply) *origin {
	t.Helper()
	o := &origin{replies: replies, all: map[string][]*seen{}}
	o.listener = listen(t, o.serve)
	return o
}

// plan makes up a case with a reply, nil for the usual one, and returns its name.
func (o *origin) plan(r *reply) (id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	id = fmt.Sprintf("n%d", len(o.replies))
	o.replies[id] = r
	return id
}

// listener serves connections, each in a goroutine.
type listener struct {
	net.Listener
	address string
	running sync.WaitGroup
	mu      sync.Mutex
	open    map[net.Conn]bool
}

// listen serves until the test ends, and then cuts what is left.
func listen(t testing.TB, serve func(*net.TCPConn)) *listener {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{Listener: inner, address: inner.Addr().String(), open: map[net.Conn]bool{}}
	l.running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			l.mu.Lock()
			l.open[conn] = true
			l.mu.Unlock()
			l.running.Go(func() {
				serve(conn.(*net.TCPConn))
				conn.Close()
				l.mu.Lock()
				delete(l.open, conn)
				l.mu.Unlock()
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		l.mu.Lock()
		for c := range l.open {
			c.Close()
		}
		l.mu.Unlock()
		l.running.Wait()
	})
	return l
}

// drain waits until every connection has come to its own end; no more are taken.
func (l *listener) drain() {
	l.Close()
	l.running.Wait()
}

func (o *origin) serve(conn *net.TCPConn) {
	r := bufio.NewReader(conn)
	for o.exchange(conn, r) {
	}
}

// exchange takes one request and answers it.
func (o *origin) exchange(conn *net.TCPConn, r *bufio.Reader) bool {
	h, err := readHead(r)
	if err != nil && h.raw == "" {
		return false
	}
	s := o.note(h, err != nil)
	defer close(s.final)
	if err != nil {
		return false
	}
	answer := o.answer(s)
	if !answer.early {
		if s.names("Expect", "100-continue") && s.fault == "" {
			_, _ = io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
		}
		s.take(r)
		if s.cut {
			return false
		}
	}
	_ = conn.SetWriteDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, answer.bytes); err != nil {
		return false
	}
	switch answer.then {
	case resets:
		_ = conn.SetLinger(0)
		return false
	case keeps:
		if strings.HasPrefix(answer.bytes, "HTTP/1.1 101 ") {
			_, _ = io.Copy(conn, r) // an echo
			return false
		}
		return true
	}
	_ = conn.CloseWrite()
	_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
	rest, _ := io.ReadAll(r)
	s.excess = string(rest)
	return false
}

// note takes a request into the books.
func (o *origin) note(h head, cut bool) *seen {
	s := &seen{head: h, cut: cut, final: make(chan struct{})}
	s.method, s.target, s.version = startLine(h.start)
	o.mu.Lock()
	defer o.mu.Unlock()
	name := caseName.FindStringSubmatch(h.raw)
	if name == nil {
		o.lost = append(o.lost, h.raw)
		return s
	}
	o.all[name[1]] = append(o.all[name[1]], s)
	return s
}

func startLine(line string) (a, b, c string) {
	parts := strings.SplitN(line, " ", 3)
	for len(parts) < 3 {
		parts = append(parts, "")
	}
	return parts[0], parts[1], parts[2]
}

// take reads the request's body.
func (s *seen) take(r *bufio.Reader) {
	if s.fault != "" {
		return
	}
	minor := 1
	if s.version == "HTTP/1.0" {
		minor = 0
	} else if s.version != "HTTP/1.1" {
		s.fault = "version " + s.version
	}
	f, err := s.framing(minor)
	if err != nil {
		s.fault = err.Error()
		return
	}
	s.body, err = readBody(r, f)
	switch {
	case err == nil:
	case isEnd(err):
		s.cut = true
	default:
		s.fault = err.Error()
	}
}

// answer finds what to answer: the case's own reply to its first request, and to
// requests behind it their target.
func (o *origin) answer(s *seen) *reply {
	name := caseName.FindStringSubmatch(s.raw)
	if name != nil && !strings.Contains(s.target, "~/") {
		o.mu.Lock()
		own := o.replies[name[1]]
		o.mu.Unlock()
		if own != nil {
			return own
		}
	}
	text := s.target
	if s.method == "HEAD" {
		text = ""
	}
	return &reply{bytes: fmt.Sprintf("HTTP/1.1 200 OK\r\nDate: %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
		someDate, len(s.target), text)}
}

const someDate = "Sun, 06 Nov 1994 08:49:37 GMT"

// of returns what came for a case, when all of it has come to an end.
func (o *origin) of(id string) ([]*seen, error) {
	o.mu.Lock()
	got := append([]*seen(nil), o.all[id]...)
	o.mu.Unlock()
	for _, s := range got {
		select {
		case <-s.final:
		case <-time.After(patience):
			return nil, fmt.Errorf("a request did not end: %q", s.raw)
		}
	}
	return got, nil
}
