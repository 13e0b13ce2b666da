package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// Config is what is configured for the whole data plane. The zero value of a
// field means its default.
type Config struct {
	// HeadTimeout is how long a request's head may take from its first byte.
	// Default 10 s.
	HeadTimeout time.Duration
	// KeepAlive is how long an idle client connection is kept. Default 75 s.
	KeepAlive time.Duration
	// Rest is how long an idle client connection keeps its goroutine; one that is
	// used every now and then keeps it for 20 times that. Default 250 ms.
	Rest time.Duration
	// BodyIdle is how long a request's body may stand still; one of up to 64 KiB
	// must be there as a whole in this time. Default 30 s.
	BodyIdle time.Duration
	// BodyRate is how many bytes a second a body that streams must come with, on
	// average over at least BodyIdle; 0: no matter. Time in which the upstream
	// takes nothing doesn't count.
	BodyRate int
	// MaxHead is how many bytes the head of a request or an answer may have.
	// Default 32 KiB.
	MaxHead int
	// MaxTarget is how many bytes a request's target may have. Default 8 KiB.
	MaxTarget int
	// MaxConns is how many client connections may be open, MaxConnsPerClient how
	// many of one address; one more is answered with 503 and closed. 0: no limit.
	MaxConns, MaxConnsPerClient int
	// TLS is spoken with all clients where it isn't nil.
	TLS *tls.Config
	// Keys, where it isn't nil, are what a client must have one of.
	Keys *Keys
	// Forwarding says what upstreams learn about clients. Default: nothing, from nobody.
	Forwarding Forwarding
	// Uncounted are the addresses for which MaxConnsPerClient doesn't hold:
	// proxies, behind which many clients are.
	Uncounted []netip.Prefix
	// Refused is called, where it isn't nil, for every request that got an
	// answer from Weir without a version having been chosen, with the last part
	// of the problem's type, e.g. no-route, or client-gone where the request broke
	// off before that. It must not block.
	Refused func(problem string)
	// Version is what the server's metadata say in the Open Inference Protocol.
	Version string
	// Random returns 64 uniformly random bits, for ids and assignment; it is
	// called concurrently. Default math/rand/v2.
	Random func() uint64
}

func (c Config) withDefaults() Config {
	c.HeadTimeout = or(c.HeadTimeout, 10*time.Second)
	c.KeepAlive = or(c.KeepAlive, 75*time.Second)
	c.Rest = or(c.Rest, 250*time.Millisecond)
	c.BodyIdle = or(c.BodyIdle, 30*time.Second)
	c.MaxHead = or(c.MaxHead, 32<<10)
	c.MaxTarget = or(c.MaxTarget, 8<<10)
	if c.Random == nil {
		c.Random = rand.Uint64
	}
	return c
}

// Server is the data plane's server.
type Server struct {
	cfg       Config
	log       *slog.Logger
	state     atomic.Pointer[State]
	date      date
	works     works
	streams   streams
	exchanges exchanges

	draining    atomic.Bool
	nudges      chan struct{}
	stopReaping chan struct{}
	reaping     sync.WaitGroup
	accepting   sync.WaitGroup // Serve
	serving     sync.WaitGroup // connections
	hangups     *hangups
	resting     resting
	refusals    chan struct{} // a token for each connection that is being refused

	mu            sync.Mutex
	listeners     map[net.Listener]struct{}
	conns         map[uint64]*conn
	clients       map[netip.Addr]int // connections by address, where that is limited
	lastID        uint64
	stateDraining []*State
}

// New returns a server without a state: it answers 503 until the first Swap. It
// must be ended with Shutdown, whether it has served or not.
func New(cfg Config, log *slog.Logger) *Server {
	s := &Server{
		cfg:         cfg.withDefaults(),
		log:         log,
		nudges:      make(chan struct{}, 1),
		stopReaping: make(chan struct{}),
		listeners:   make(map[net.Listener]struct{}),
		conns:       make(map[uint64]*conn),
		clients:     make(map[netip.Addr]int),
		refusals:    make(chan struct{}, maxRefusals),
	}
	s.date.now = time.Now
	var err error
	if s.hangups, err = newHangups(s.find, s.wake); err != nil {
		// Nothing but promptness is lost.
		log.Warn("clients that leave will be noticed late", "error", err)
	}
	s.reaping.Go(s.reap)
	return s
}

// Serve takes connections until Shutdown, and then returns nil. It may be called
// for several listeners, which it closes.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	if s.draining.Load() {
		s.mu.Unlock()
		return l.Close()
	}
	s.listeners[l] = struct{}{}
	s.accepting.Add(1)
	s.mu.Unlock()
	defer s.accepting.Done()
	defer func() {
		s.mu.Lock()
		delete(s.listeners, l)
		s.mu.Unlock()
		_ = l.Close()
	}()
	for {
		conn, err := l.Accept()
		if err == nil {
			s.accept(conn)
			continue
		}
		if s.draining.Load() {
			return nil
		}
		if !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE) && !errors.Is(err, syscall.ECONNABORTED) {
			return fmt.Errorf("proxy: serve %s: %w", l.Addr(), err)
		}
		s.log.Warn("a connection could not be taken", "error", err)
		time.Sleep(10 * time.Millisecond) // out of descriptors: others must end first
	}
}

// accept starts to serve a connection.
func (s *Server) accept(nc net.Conn) {
	tcp, ok := nc.(syscall.Conn)
	if !ok {
		s.log.Error("a listener of this kind is not supported", "connection", fmt.Sprintf("%T", nc))
		_ = nc.Close()
		return
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		_ = nc.Close()
		return
	}
	c := &conn{server: s, raw: raw, peer: addressOf(nc), deadlines: deadlines{conn: nc}}
	c.trusted = within(c.peer, s.cfg.Forwarding.Trust)
	if s.cfg.TLS != nil {
		c.protect(s.cfg.TLS)
	}
	c.filled, c.taken = c.fill, c.offer
	s.mu.Lock() // also while draining: a client that got through is served
	if full, ok := s.admit(c.peer); !ok {
		s.mu.Unlock()
		s.turnAway(nc, full)
		return
	}
	s.lastID++
	c.id = s.lastID
	s.conns[c.id] = c
	s.serving.Add(1)
	s.mu.Unlock()
	s.hangups.add(c)
	go c.serve()
}

// forget ends a connection.
func (s *Server) forget(c *conn) {
	c.phase.Store(phaseClosed)
	_ = c.conn.Close()
	c.giveBack()
	s.mu.Lock()
	delete(s.conns, c.id)
	s.dismiss(c.peer)
	s.mu.Unlock()
	s.serving.Done()
}

// find returns the connection with an id, nil if it has ended.
func (s *Server) find(id uint64) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns[id]
}

func (s *Server) refused(slug string) {
	if s.cfg.Refused != nil {
		s.cfg.Refused(slug)
	}
}

// Active returns how many client connections are open.
func (s *Server) Active() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// Shutdown stops taking connections, closes the idle ones, lets every request
// end, also the first one of a connection that was just made, and cuts what is left when ctx is done; then it returns ctx's error. The
// state stays in use by copies that wait in shadow queues.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	first := !s.draining.Swap(true)
	for l := range s.listeners {
		_ = l.Close()
	}
	s.mu.Unlock()
	s.accepting.Wait() // what came before is served
	s.mu.Lock()
	for _, c := range s.conns {
		c.wind()
	}
	s.mu.Unlock()
	s.rouse()
	ended := make(chan struct{})
	go func() {
		s.serving.Wait()
		close(ended)
	}()
	var err error
	select {
	case <-ended:
	case <-ctx.Done():
		err = ctx.Err()
		s.cut()
		<-ended
	}
	if first {
		close(s.stopReaping)
		s.hangups.close()
	}
	s.reaping.Wait()
	return err
}

// cut ends all connections, whatever they are doing.
func (s *Server) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.socket().Close()
		c.hungUp()
	}
}
