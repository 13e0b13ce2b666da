package proxy

import (
	"context"
	"log/slog"
	"net"
	"time"
)

// Config is what is configured for the whole data plane. The zero value of a
// field means its default.
type Config struct {
	HeadTimeout time.Duration // for a request's head, from its first byte; default 10 s
	KeepAlive   time.Duration // how long an idle client connection is kept; default 75 s
	BodyIdle    time.Duration // how long a request's body may stand still; default 30 s
	MaxHead     int           // bytes of a request's or answer's head; default 32 KiB
	Random      func() uint64 // for ids and assignment; default math/rand/v2
	Now         func() time.Time
}

// Server is the data plane's server.
type Server struct{}

// New returns a server without a state: it answers 503 until the first Swap.
func New(cfg Config, log *slog.Logger) *Server { return &Server{} }

// Swap makes s the state of all requests from now on and returns the one before,
// nil at first.
func (s *Server) Swap(next *State) (old *State) { return nil }

// Serve takes connections until Shutdown, and then returns nil. It may be called
// for several listeners, which it closes.
func (s *Server) Serve(l net.Listener) error { return nil }

// Shutdown stops taking connections, closes the idle ones, lets every request
// end, and cuts what is left when ctx is done; then it returns ctx's error.
func (s *Server) Shutdown(ctx context.Context) error { return nil }

// Active returns how many client connections are open.
func (s *Server) Active() int { return 0 }
