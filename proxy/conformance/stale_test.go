package conformance_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	stalePosts   = 10_000
	staleClients = 16
	// What may fail beside those that crossed: 0.01 %.
	staleFailures = stalePosts / 10_000
)

// moody is an origin that closes its connections at random moments while they
// are idle, and counts how often each request has run.
type moody struct {
	*listener
	seed   uint64
	conns  atomic.Uint64
	closed atomic.Int64 // while idle
	// crossed are those of them on which a request arrived at the last moment.
	crossed atomic.Int64
	mu      sync.Mutex
	runs    map[string]int
}

func newMoody(t *testing.T, seed uint64) *moody {
	m := &moody{seed: seed, runs: map[string]int{}}
	m.listener = listen(t, m.serve)
	return m
}

func (m *moody) serve(conn *net.TCPConn) {
	random := rand.New(rand.NewPCG(m.seed, m.conns.Add(1)))
	r := bufio.NewReader(conn)
	idle := patience // at first; a connection is stale only when it has been used
	for ; ; idle = time.Duration(random.IntN(4000)) * time.Microsecond {
		_ = conn.SetReadDeadline(time.Now().Add(idle))
		if _, err := r.Peek(1); errors.Is(err, os.ErrDeadlineExceeded) && m.shutIfSilent(conn) {
			m.closed.Add(1)
			return
		} else if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		_ = conn.SetReadDeadline(time.Now().Add(patience))
		h, err := readHead(r)
		if err != nil {
			return
		}
		f, _ := h.framing(1)
		body, err := readBody(r, f)
		if err != nil {
			return
		}
		m.mu.Lock()
		m.runs[body]++
		m.mu.Unlock()
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
}

// shutIfSilent ends a connection on which nothing has come, as servers with an
// event loop do: they look at what has arrived before they look at the clock. What
// arrives between the two system calls has reached the origin, for all that a
// proxy can know, and is counted: no proxy can do anything about it.
func (m *moody) shutIfSilent(conn *net.TCPConn) (shut bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	_ = raw.Control(func(fd uintptr) {
		var b [1]byte
		if _, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT); err == syscall.EAGAIN {
			shut = syscall.Shutdown(int(fd), syscall.SHUT_RDWR) == nil
			if n, _, _ := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT); n > 0 {
				m.crossed.Add(1)
			}
		}
	})
	return shut
}

// TestPOSTsOnConnectionsThatAnOriginClosesWhileIdle sends POSTs at moments around
// those at which the origin gives its idle connections up.
func TestPOSTsOnConnectionsThatAnOriginClosesWhileIdle(t *testing.T) {
	const seed = 20261123
	m := newMoody(t, seed)
	g := weir(t, m.address, setup{})
	var failed atomic.Int64
	var clients sync.WaitGroup
	for n := range staleClients {
		clients.Go(func() {
			random := rand.New(rand.NewPCG(seed, 1<<32|uint64(n)))
			conn, err := net.Dial("tcp", g.address)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			d := &driver{conn: conn.(*net.TCPConn), r: bufio.NewReader(conn)}
			for i := range stalePosts / staleClients {
				id := fmt.Sprintf("%d-%d", n, i)
				_ = conn.SetDeadline(time.Now().Add(patience))
				_, _ = io.WriteString(conn, fmt.Sprintf("POST /m/x HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", len(id), id))
				a, err := d.answer("POST")
				switch {
				case err != nil:
					t.Errorf("seed %d, POST %s: %v", seed, id, err)
					return
				case a.status == 200 && a.body != id:
					t.Errorf("seed %d, POST %s: it got the answer to %s", seed, id, a.body)
				case a.status == 502:
					failed.Add(1)
				case a.status != 200:
					t.Errorf("seed %d, POST %s: %d %s", seed, id, a.status, a.body)
				}
				pause(time.Duration(random.IntN(4000)) * time.Microsecond)
			}
		})
	}
	clients.Wait()
	g.stop()
	for id, n := range m.runs {
		if n > 1 {
			t.Errorf("seed %d: POST %s ran %d times", seed, id, n)
		}
	}
	t.Logf("seed %d: of %d POSTs %d failed and %d ran, over %d connections, %d of them closed by the origin while idle, %d as a request arrived",
		seed, stalePosts, failed.Load(), len(m.runs), m.conns.Load(), m.closed.Load(), m.crossed.Load())
	if failed.Load() > m.crossed.Load()+staleFailures {
		t.Errorf("seed %d: %d of %d POSTs failed", seed, failed.Load(), stalePosts)
	}
	if m.closed.Load() < stalePosts/20 {
		t.Errorf("only %d connections were closed while idle: the test tests nothing", m.closed.Load())
	}
}

// pause spreads requests over time. What comes out does not depend on it.
func pause(d time.Duration) { <-time.After(d) }

// TestBytesThatComeLateAreNobodysAnswer has the origin say something more behind
// a whole answer, as servers do that time out, on a connection that is idle by
// then. The next request must not get it.
func TestBytesThatComeLateAreNobodysAnswer(t *testing.T) {
	for _, late := range []string{
		"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen", "\r\n", "x",
	} {
		for _, then := range []after{keeps, closes} {
			said := make(chan struct{})
			speak := make(chan struct{})
			l := listen(t, func(conn *net.TCPConn) {
				r := bufio.NewReader(conn)
				for {
					h, err := readHead(r)
					if err != nil {
						return
					}
					_, target, _ := startLine(h.start)
					_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(target), target)
					<-speak
					_, _ = io.WriteString(conn, late)
					if then == closes {
						conn.Close()
					}
					said <- struct{}{}
				}
			})
			g := weir(t, l.address, setup{})
			c := g.dial(t)
			for i := range 50 {
				target := fmt.Sprintf("/m/%d", i)
				a := c.ask(t, "POST "+target+" HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
				if a.status != 200 || a.body != target {
					t.Fatalf("request %d, late %q: %d %q", i, late, a.status, a.body)
				}
				speak <- struct{}{}
				<-said
			}
			c.conn.Close()
			g.stop()
			l.Close()
		}
	}
}

// dial connects a client.
func (g gateway) dial(t testing.TB) *driver {
	t.Helper()
	conn, err := net.Dial("tcp", g.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return &driver{conn: conn.(*net.TCPConn), r: bufio.NewReader(conn), o: &observed{}}
}

// ask sends a request and reads its answer.
func (d *driver) ask(t testing.TB, request string) *answer {
	t.Helper()
	if _, err := io.WriteString(d.conn, request); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	a, err := d.answer(method)
	if err != nil {
		t.Fatal(err)
	}
	return a
}
