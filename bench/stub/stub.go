package stub

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Behaviour says how a server answers.
type Behaviour struct {
	Body  []byte        // of every answer
	Size  int           // > 0: a body of so many bytes in place of Body
	Delay time.Duration // before an answer; with Sigma > 0 its median
	Sigma float64       // of a lognormal delay
	Hang  bool          // never answer
	Break bool          // close every connection instead of answering
	// IdleTimeout > 0: close a connection on which no request came for so long.
	IdleTimeout time.Duration
	// Sized: a request's number, "?n=…" in its path, is the size of the answer's
	// body.
	Sized bool
	// Numbers: requests have numbers, "?n=…" in their path. Count those that
	// arrive twice.
	Numbers bool
	// Events > 0: answer with a stream of so many server-sent events of Body
	// each, Interval apart.
	Events   int
	Interval time.Duration
}

// Stats are what a server has counted.
type Stats struct {
	Calls int64 // requests that came whole
	Bytes int64 // of their bodies
	Twice int64 // numbers that came before
}

// Server answers every request alike. It understands just enough HTTP/1.1 to
// find where requests end.
type Server struct {
	calls, bytes, twice atomic.Int64

	behaviour Behaviour
	answer    []byte
	listener  net.Listener
	mu        sync.Mutex
	conns     map[net.Conn]bool
	numbers   map[int64]bool
	closed    chan struct{}
	wg        sync.WaitGroup
}

// Listen starts a server on the address.
func Listen(address string, b Behaviour) (*Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("stub: %w", err)
	}
	if b.Size > 0 {
		b.Body = make([]byte, b.Size)
		for i := range b.Body {
			b.Body[i] = 'x'
		}
	}
	s := &Server{
		behaviour: b, listener: l, conns: map[net.Conn]bool{}, numbers: map[int64]bool{}, closed: make(chan struct{}),
		answer: fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(b.Body), b.Body),
	}
	s.wg.Go(s.accept)
	return s, nil
}

// Address is where the server listens.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Stats are the counts so far.
func (s *Server) Stats() Stats {
	return Stats{Calls: s.calls.Load(), Bytes: s.bytes.Load(), Twice: s.twice.Load()}
}

// Close ends all connections and waits for them.
func (s *Server) Close() {
	close(s.closed)
	_ = s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[c] = true
		s.mu.Unlock()
		s.wg.Go(func() {
			_ = s.serve(c) // a client that leaves is no news
			_ = c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

func (s *Server) serve(c net.Conn) error {
	r := bufio.NewReaderSize(c, 64<<10)
	for {
		if d := s.behaviour.IdleTimeout; d > 0 {
			if err := c.SetReadDeadline(time.Now().Add(d)); err != nil {
				return err
			}
		}
		q, err := readRequest(r)
		if errors.Is(err, os.ErrDeadlineExceeded) && r.Buffered() == 0 && came(c) {
			continue // as an event loop does, which looks at its sockets before its timers
		}
		if err != nil {
			return err
		}
		s.count(q)
		switch b := &s.behaviour; {
		case b.Break:
			return errors.New("stub: as asked")
		case !s.wait():
			return nil
		case b.Events > 0 && !q.probe:
			if err := s.stream(c); err != nil {
				return err
			}
		case b.Sized && q.number >= 0:
			if err := sized(c, q.number); err != nil {
				return err
			}
		default:
			if _, err := c.Write(s.answer); err != nil {
				return err
			}
		}
	}
}

// sized answers with n bytes.
func sized(c net.Conn, n int64) error {
	if _, err := fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %d\r\n\r\n", n); err != nil {
		return err
	}
	block := make([]byte, 256<<10)
	for n > 0 {
		m, err := c.Write(block[:min(n, int64(len(block)))])
		if err != nil {
			return err
		}
		n -= int64(m)
	}
	return nil
}

// came says whether bytes wait to be read.
func came(c net.Conn) bool {
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		return false
	}
	waiting := false
	err = raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		waiting = err == nil && n > 0
	})
	return err == nil && waiting
}

// count leaves out GET: the probes of active health checks.
func (s *Server) count(q request) {
	if q.probe {
		return
	}
	s.calls.Add(1)
	s.bytes.Add(int64(q.length))
	if s.behaviour.Numbers && q.number >= 0 {
		s.mu.Lock()
		if s.numbers[q.number] {
			s.twice.Add(1)
		}
		s.numbers[q.number] = true
		s.mu.Unlock()
	}
}

// wait is the time that a model takes; false when the server closes.
func (s *Server) wait() bool {
	b := &s.behaviour
	if b.Hang {
		<-s.closed
		return false
	}
	d := b.Delay
	if b.Sigma > 0 {
		d = time.Duration(float64(d) * math.Exp(b.Sigma*rand.NormFloat64())) //nolint:gosec // not a secret
	}
	return d <= 0 || s.sleep(d)
}

func (s *Server) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.closed:
		return false
	}
}

func (s *Server) stream(c net.Conn) error {
	if _, err := c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")); err != nil {
		return err
	}
	for range s.behaviour.Events {
		// Every event says when it left.
		event := fmt.Sprintf("data: %d %s\n\n", time.Now().UnixNano(), s.behaviour.Body)
		if _, err := fmt.Fprintf(c, "%x\r\n%s\r\n", len(event), event); err != nil {
			return err
		}
		if !s.sleep(s.behaviour.Interval) {
			return net.ErrClosed
		}
	}
	_, err := c.Write([]byte("0\r\n\r\n"))
	return err
}
