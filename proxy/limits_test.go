package proxy_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-gateway/weir/proxy"
)

// refusals counts what Config.Refused is told.
type refusals struct {
	mu sync.Mutex
	n  map[string]int
}

func (r *refusals) note(problem string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == nil {
		r.n = map[string]int{}
	}
	r.n[problem]++
}

func (r *refusals) of(problem string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n[problem]
}

// limited is a gateway with limits in front of an echoing backend.
func limited(t *testing.T, cfg proxy.Config) (*weir, *refusals) {
	r := &refusals{}
	cfg.Refused = r.note
	b := listen(t, echo)
	return start(t, setup{upstreams: map[string][]string{"1": {b.url}}, config: cfg}), r
}

func TestAConnectionOverTheLimitIsAnsweredAndClosed(t *testing.T) {
	for _, c := range []struct {
		name string
		cfg  proxy.Config
		slug string
	}{
		{"of all", proxy.Config{MaxConns: 2}, "too-many-connections"},
		{"of a client", proxy.Config{MaxConnsPerClient: 2}, "too-many-connections-of-client"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, refused := limited(t, c.cfg)
			first, second := w.dial().send(plain), w.dial().send(plain)
			first.recv("POST")
			second.recv("POST")
			third := w.dial().send(plain)
			a := third.recv("POST")
			if a.StatusCode != 503 || !a.Close || a.Header.Get("Retry-After") == "" || !strings.Contains(a.body, "urn:weir:problem:"+c.slug+`"`) {
				t.Errorf("got %d %v %s", a.StatusCode, a.Header, a.body)
			}
			if !third.ended() {
				t.Error("the connection goes on")
			}
			if refused.of(c.slug) != 1 {
				t.Errorf("counted %d refusals", refused.of(c.slug))
			}
			if a := first.send(plain).recv("POST"); a.StatusCode != 200 {
				t.Errorf("a connection within the limit got %d", a.StatusCode)
			}
			second.Close()
			waitFor(t, func() bool { return w.server.Active() == 1 })
			if a := w.once(plain); a.StatusCode != 200 {
				t.Errorf("got %d although there is room again", a.StatusCode)
			}
		})
	}
}

func TestAConnectionThatIsRefusedWithoutARequestGetsItsAnswerToo(t *testing.T) {
	w, _ := limited(t, proxy.Config{MaxConns: 1})
	w.dial().send(plain).recv("POST")
	if a := w.dial().recv("GET"); a.StatusCode != 503 {
		t.Errorf("got %d", a.StatusCode)
	}
}

func TestProxiesAreNotCountedAsOneClient(t *testing.T) {
	w, _ := limited(t, proxy.Config{MaxConnsPerClient: 1, Uncounted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	for range 5 {
		if a := w.dial().send(plain).recv("POST"); a.StatusCode != 200 {
			t.Fatalf("got %d", a.StatusCode)
		}
	}
}

func TestLimitsOfTheHead(t *testing.T) {
	w, _ := limited(t, proxy.Config{MaxHead: 2000, MaxTarget: 200})
	long := func(n int) string {
		return "GET /v2/models/m/" + strings.Repeat("a", n) + " HTTP/1.1\r\nHost: h\r\n\r\n"
	}
	field := func(n int) string {
		return "GET /v2/models/m HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("a", n) + "\r\n\r\n"
	}
	for _, c := range []struct {
		name, request string
		status        int
	}{
		{"a target at the limit", long(200 - len("/v2/models/m/")), 200},
		{"a target over it", long(201 - len("/v2/models/m/")), 414},
		{"a target over all limits", long(100_000), 414},
		{"a target without end", "GET /" + strings.Repeat("a", 10_000), 414},
		{"a head within the limit", field(1900), 200},
		{"a head over it", field(2000), 431},
		{"a head over all limits", field(100_000), 431},
		{"128 fields", "GET /v2/models/m HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("A: b\r\n", 127) + "\r\n", 200},
		{"129 fields", "GET /v2/models/m HTTP/1.1\r\nHost: h\r\n" + strings.Repeat("A: b\r\n", 128) + "\r\n", 431},
	} {
		if a := w.once(c.request); a.StatusCode != c.status {
			t.Errorf("%s: got %d, want %d", c.name, a.StatusCode, c.status)
		}
	}
}

func TestABodyThatTricklesIsCutOffAlsoUpstream(t *testing.T) {
	b := listen(t, nil)
	refused := &refusals{}
	w := start(t, setup{
		upstreams: map[string][]string{"1": {b.url}}, quiet: true,
		config: proxy.Config{BodyIdle: 100 * time.Millisecond, BodyRate: 100_000, Refused: refused.note},
	})
	c := w.dial().send("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
	p, _ := b.take(t)
	stop := make(chan struct{})
	var trickle sync.WaitGroup
	trickle.Go(func() {
		for { // never idle for long, and far below 100 kB/s
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				if _, err := io.WriteString(c, "1\r\na\r\n"); err != nil {
					return
				}
			}
		}
	})
	a := c.recv("POST")
	close(stop)
	trickle.Wait()
	if a.StatusCode != 408 || !a.Close {
		t.Errorf("got %d", a.StatusCode)
	}
	got, err := io.ReadAll(p.r)
	if isTimeout(err) || strings.HasSuffix(string(got), "0\r\n\r\n") {
		t.Errorf("upstream the request did not break off: %v", err)
	}
	if x := w.watchers["1"].next(t); x.Fault != proxy.FaultClientGone {
		t.Errorf("the version is blamed: %v", x.Fault)
	}
}

func TestABodyThatTheUpstreamHoldsUpIsNotCutOff(t *testing.T) {
	b := listen(t, nil)
	w := start(t, setup{
		upstreams: map[string][]string{"1": {b.url}},
		config:    proxy.Config{BodyIdle: 100 * time.Millisecond, BodyRate: 10_000},
	})
	const size = 16 << 20
	c := w.dial().send("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: 16777216\r\n\r\n")
	var sending sync.WaitGroup
	sending.Go(func() { _, _ = c.Write(make([]byte, size)) })
	p, _ := b.take(t)
	time.Sleep(300 * time.Millisecond) // three times what a silent client would have
	if n, err := io.CopyN(io.Discard, p.r, size); err != nil {
		t.Fatalf("after %d bytes: %v", n, err)
	}
	p.send(ok)
	if a := c.recv("POST"); a.StatusCode != 200 {
		t.Errorf("got %d", a.StatusCode)
	}
	sending.Wait()
}

func TestAConnectionMadeBeforeShutdownGetsItsFirstRequestAnswered(t *testing.T) {
	w, _ := limited(t, proxy.Config{})
	c := w.dial()
	waitFor(t, func() bool { return w.server.Active() == 1 })
	done := make(chan error, 1)
	go func() { done <- w.server.Shutdown(context.Background()) }()
	waitFor(t, func() bool {
		conn, err := net.Dial("tcp", w.address)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	if a := c.send(plain).recv("POST"); a.StatusCode != 200 || !a.Close {
		t.Errorf("got %d close=%v", a.StatusCode, a.Close)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func isTimeout(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
