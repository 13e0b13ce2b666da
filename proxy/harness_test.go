package proxy_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/weir-gateway/weir/proxy"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/router"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what is waited for; no test's outcome depends on how long
// anything took below it.
const patience = 10 * time.Second

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// watcher is an Observer that keeps what it is told.
type watcher struct {
	mu      sync.Mutex
	begun   int
	ended   []*proxy.Exchange // retained
	dropped map[string]int
	end     chan *proxy.Exchange // gets every ended exchange, if there is room
}

func newWatcher() *watcher {
	return &watcher{dropped: map[string]int{}, end: make(chan *proxy.Exchange, 1000)}
}

func (w *watcher) Begin() { w.mu.Lock(); w.begun++; w.mu.Unlock() }

func (w *watcher) End(x *proxy.Exchange) {
	x.Retain()
	w.mu.Lock()
	w.ended = append(w.ended, x)
	w.mu.Unlock()
	select {
	case w.end <- x:
	default:
	}
}

func (w *watcher) Dropped(reason string) { w.mu.Lock(); w.dropped[reason]++; w.mu.Unlock() }

// next returns the next exchange that ends.
func (w *watcher) next(t testing.TB) *proxy.Exchange {
	t.Helper()
	select {
	case x := <-w.end:
		return x
	case <-time.After(patience):
		t.Fatal("no exchange ended")
		return nil
	}
}

// weir is a gateway with model m: version 1 serves, others as the test says.
type weir struct {
	t        testing.TB
	server   *proxy.Server
	address  string
	state    *proxy.State
	watchers map[string]*watcher
	pools    map[string]*proxy.Pool
}

// setup is what a test wants of its gateway.
type setup struct {
	upstreams map[string][]string // by version: endpoints
	arms      map[string]float64  // default: version 1 takes all
	shadows   []registry.Shadow
	assign    router.Assign
	pin       string
	settings  proxy.Settings
	config    proxy.Config
	pool      proxy.PoolConfig
	observer  proxy.Observer // default: a watcher for each version
	endpoints int            // of version 1, for tests of second answers
	noise     float64
	again     *watcher // of second answers, where there are any
	quiet     bool     // errors are expected in the log
}

func infers(method, rest string) bool { return method == "POST" && rest == "/infer" }

func start(t testing.TB, s setup) *weir {
	t.Helper()
	w := &weir{t: t, watchers: map[string]*watcher{}, pools: map[string]*proxy.Pool{}}
	log := slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelError}))
	if s.quiet {
		log = slog.New(slog.DiscardHandler)
	}
	w.server = proxy.New(s.config, log)
	for version, urls := range s.upstreams {
		cfg := s.pool
		cfg.Endpoints = urls
		if cfg.HealthInterval == 0 {
			cfg.HealthInterval = time.Hour
		}
		pool, err := proxy.NewPool(cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		w.pools[version], w.watchers[version] = pool, newWatcher()
	}
	w.state = w.compile(s)
	w.server.Swap(w.state)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.address = l.Addr().String()
	served := make(chan error, 1)
	go func() { served <- w.server.Serve(l) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := w.server.Shutdown(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if err := <-served; err != nil {
			t.Error(err)
		}
		for _, p := range w.pools {
			p.Close()
		}
	})
	return w
}

func (w *weir) compile(s setup) *proxy.State {
	w.t.Helper()
	spec := router.Spec{Model: "m", Prefix: "/v2/models/m", Assign: s.assign, Pin: s.pin, Noise: s.noise, Traffic: &registry.Traffic{
		Model: "m", Generation: 7, Stable: "1", Shadows: s.shadows,
	}}
	arms := s.arms
	if arms == nil {
		arms = map[string]float64{"1": 100}
	}
	for version, percent := range arms {
		spec.Traffic.Arms = append(spec.Traffic.Arms, registry.Arm{Version: version, Weight: registry.Weight(percent * 1e4)})
	}
	for version, urls := range s.upstreams {
		spec.Versions = append(spec.Versions, registry.Version{Model: "m", Version: version, Endpoints: urls})
	}
	table, err := router.Compile([]router.Spec{spec})
	if err != nil {
		w.t.Fatal(err)
	}
	targets := make([]proxy.Target, table.Versions())
	for _, v := range table.Route("m").Versions {
		targets[v.Index] = proxy.Target{Pool: w.pools[v.Name], Observer: w.watchers[v.Name]}
		if s.again != nil {
			targets[v.Index].Again = s.again
		}
		if s.observer != nil {
			targets[v.Index].Observer = s.observer
		}
	}
	if s.settings.IsInference == nil {
		s.settings.IsInference = infers
	}
	state, err := proxy.NewState(table, targets, []proxy.Settings{s.settings})
	if err != nil {
		w.t.Fatal(err)
	}
	return state
}

type testLog struct{ t testing.TB }

func (l testLog) Write(b []byte) (int, error) {
	l.t.Logf("%s", b)
	return len(b), nil
}

// client is a raw client connection.
type client struct {
	t testing.TB
	*net.TCPConn
	r *bufio.Reader
}

func (w *weir) dial() *client {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.address)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return &client{w.t, conn.(*net.TCPConn), bufio.NewReader(conn)}
}

func (c *client) send(s string) *client {
	c.t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		c.t.Fatal("client:", err)
	}
	return c
}

// answer is what a client got.
type answer struct {
	*http.Response
	body string
}

// recv reads one answer to its end.
func (c *client) recv(method string) answer {
	c.t.Helper()
	a, err := c.tryRecv(method)
	if err != nil {
		c.t.Fatal("client:", err)
	}
	return a
}

func (c *client) tryRecv(method string) (answer, error) {
	resp, err := http.ReadResponse(c.r, &http.Request{Method: method})
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp, string(body)}, err
}

// ended says whether the connection ended, without more bytes.
func (c *client) ended() bool {
	_, err := c.r.ReadByte()
	var timeout net.Error
	return err != nil && !(errors.As(err, &timeout) && timeout.Timeout())
}

// once sends one request on a new connection and reads its answer.
func (w *weir) once(request string) answer {
	w.t.Helper()
	method, _, _ := strings.Cut(request, " ")
	return w.dial().send(request).recv(method)
}

const plain = "POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"

// backend is a scripted model server: it hands each connection to a script.
type backend struct {
	url   string
	conns chan *peer // every connection taken, for tests without a script
}

// peer is the backend's end of a connection.
type peer struct {
	t testing.TB
	*net.TCPConn
	r *bufio.Reader
}

// listen starts a backend. script runs for each connection, in a goroutine of
// its own; without one the connections go to conns.
func listen(t testing.TB, script func(p *peer)) *backend {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &backend{url: "http://" + l.Addr().String(), conns: make(chan *peer, 1000)}
	var running sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			_ = conn.SetDeadline(time.Now().Add(3 * patience))
			p := &peer{t, conn.(*net.TCPConn), bufio.NewReader(conn)}
			if script == nil {
				b.conns <- p
				continue
			}
			running.Go(func() {
				defer conn.Close()
				script(p)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for _, c := range open {
			c.Close()
		}
		mu.Unlock()
		running.Wait()
	})
	return b
}

// take returns the next connection on which a request came, with its head.
// Connections of health checks end without one.
func (b *backend) take(t testing.TB) (*peer, string) {
	t.Helper()
	for {
		select {
		case p := <-b.conns:
			if head := p.head(); head != "" {
				return p, head
			}
		case <-time.After(patience):
			t.Fatal("no connection came to the backend")
		}
	}
}

// head reads a head, "" at the connection's end.
func (p *peer) head() string {
	var b strings.Builder
	for {
		line, err := p.r.ReadString('\n')
		b.WriteString(line)
		if err != nil {
			return ""
		}
		if line == "\r\n" {
			return b.String()
		}
	}
}

// request reads a whole request, nil at the connection's end.
func (p *peer) request() (*http.Request, string) {
	req, err := http.ReadRequest(p.r)
	if err != nil {
		return nil, ""
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, ""
	}
	return req, string(body)
}

func (p *peer) send(s string) { _, _ = io.WriteString(p, s) }

// reset ends the connection with an RST.
func (p *peer) reset() {
	_ = p.SetLinger(0)
	p.Close()
}

// always answers every request with the same bytes.
func always(response string) func(*peer) {
	return func(p *peer) {
		for {
			if req, _ := p.request(); req == nil {
				return
			}
			p.send(response)
		}
	}
}

// echo answers with what it got: request line, host and body.
func echo(p *peer) {
	for {
		req, body := p.request()
		if req == nil {
			return
		}
		text := req.Method + " " + req.RequestURI + " " + req.Host + " " + body
		p.send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", len(text), text))
	}
}

// one is a gateway in front of one backend.
func one(t testing.TB, script func(*peer)) (*weir, *backend) {
	t.Helper()
	b := listen(t, script)
	return start(t, setup{upstreams: map[string][]string{"1": {b.url}}}), b
}

// chunkedReader decodes a chunked body, by the standard library.
func chunkedReader(r io.Reader) io.Reader { return httputil.NewChunkedReader(r) }
