package stub

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Behaviour says how a server answers.
type Behaviour struct {
	Body  []byte        // of every answer
	Delay time.Duration // before an answer; with Sigma > 0 its median
	Sigma float64       // of a lognormal delay
	Hang  bool          // never answer
	// Events > 0: answer with a stream of so many server-sent events of Body
	// each, Interval apart.
	Events   int
	Interval time.Duration
}

// Server answers every request alike. It understands just enough HTTP/1.1 to
// find where requests end.
type Server struct {
	Calls atomic.Int64

	behaviour Behaviour
	listener  net.Listener
	mu        sync.Mutex
	conns     map[net.Conn]bool
	closed    chan struct{}
	wg        sync.WaitGroup
}

// Listen starts a server on the address.
func Listen(address string, b Behaviour) (*Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("stub: %w", err)
	}
	s := &Server{behaviour: b, listener: l, conns: map[net.Conn]bool{}, closed: make(chan struct{})}
	s.wg.Go(s.accept)
	return s, nil
}

// Address is where the server listens.
func (s *Server) Address() string { return s.listener.Addr().String() }

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
	answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(s.behaviour.Body), s.behaviour.Body)
	r := bufio.NewReaderSize(c, 16<<10)
	for {
		if err := discardRequest(r); err != nil {
			return err
		}
		s.Calls.Add(1)
		if !s.wait() {
			return nil
		}
		if s.behaviour.Events > 0 {
			if err := s.stream(c); err != nil {
				return err
			}
			continue
		}
		if _, err := c.Write(answer); err != nil {
			return err
		}
	}
}

// wait is the time that a model takes; false when the server closes.
func (s *Server) wait() bool {
	b := s.behaviour
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

func (s *Server) stream(w io.Writer) error {
	if _, err := io.WriteString(w, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"); err != nil {
		return err
	}
	for range s.behaviour.Events {
		// Every event says when it left.
		event := fmt.Sprintf("data: %d %s\n\n", time.Now().UnixNano(), s.behaviour.Body)
		if _, err := fmt.Fprintf(w, "%x\r\n%s\r\n", len(event), event); err != nil {
			return err
		}
		if !s.sleep(s.behaviour.Interval) {
			return net.ErrClosed
		}
	}
	_, err := io.WriteString(w, "0\r\n\r\n")
	return err
}

// discardRequest reads one request with a Content-Length, with chunks, or
// without a body.
func discardRequest(r *bufio.Reader) error {
	length, chunked := 0, false
	for first := true; ; first = false {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			if first {
				continue
			}
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("content-length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return fmt.Errorf("stub: %w", err)
			}
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			chunked = true
		}
	}
	if chunked {
		return discardChunks(r)
	}
	_, err := r.Discard(length)
	return err
}

func discardChunks(r *bufio.Reader) error {
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil || n < 0 {
			return errors.New("stub: bad chunk size")
		}
		if _, err := r.Discard(int(n) + 2); err != nil || n == 0 {
			return err
		}
	}
}
