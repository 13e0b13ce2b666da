package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fastjson"

	"github.com/weir-gateway/weir/internal/demo/model"
)

// Config says what is served.
type Config struct {
	Name, Version string
	Model         model.Model
	Address       string // default 127.0.0.1:0, a free port
}

// Server is a running model server.
type Server struct {
	config  Config
	address net.Addr
	http    *fasthttp.Server
	parsers fastjson.ParserPool
	ended   chan error
}

const (
	maxBody      = 4 << 20
	idleTimeout  = 5 * time.Minute
	closeTimeout = 5 * time.Second
)

// Start listens and serves until Close.
func Start(c Config) (*Server, error) {
	if c.Address == "" {
		c.Address = "127.0.0.1:0"
	}
	ln, err := net.Listen("tcp", c.Address)
	if err != nil {
		return nil, fmt.Errorf("model server %s version %s: %w", c.Name, c.Version, err)
	}
	s := &Server{config: c, address: ln.Addr(), ended: make(chan error, 1)}
	s.http = &fasthttp.Server{
		Handler:            s.handle,
		Name:               "demo-model-server",
		MaxRequestBodySize: maxBody,
		IdleTimeout:        idleTimeout,
		CloseOnShutdown:    true,
	}
	go func() { s.ended <- s.http.Serve(ln) }()
	return s, nil
}

// URL is the server's base URL, without a slash at the end.
func (s *Server) URL() string { return "http://" + s.address.String() }

// Close stops accepting, lets running requests end and waits for it. An idle
// connection does not hold it up.
func (s *Server) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := s.http.ShutdownWithContext(ctx)
	if served := <-s.ended; served != nil {
		err = errors.Join(err, served)
	}
	if err != nil {
		return fmt.Errorf("model server %s version %s: close: %w", s.config.Name, s.config.Version, err)
	}
	return nil
}
