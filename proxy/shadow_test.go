package proxy_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-gateway/weir/proxy"
	"github.com/weir-gateway/weir/registry"
)

// shadowed is a gateway with version 1 and its shadow, version 2.
func shadowed(t *testing.T, cfg proxy.ShadowConfig, primary, shadow func(*peer)) (*weir, *backend, *proxy.ShadowQueue) {
	t.Helper()
	q := proxy.NewShadowQueue(cfg, slog.New(slog.DiscardHandler))
	t.Cleanup(q.Close)
	b := listen(t, shadow)
	w := start(t, setup{
		upstreams: map[string][]string{"1": {listen(t, primary).url}, "2": {b.url}},
		shadows:   []registry.Shadow{{Version: "2", Sample: 1}},
		settings:  proxy.Settings{Capture: true, Shadow: q},
	})
	return w, b, q
}

func TestACopyCarriesTheSameRequestAndItsAnswerIsPairedWithThePrimarys(t *testing.T) {
	got := make(chan *http.Request, 1)
	w, _, _ := shadowed(t, proxy.ShadowConfig{}, echo, func(p *peer) {
		req, body := p.request()
		if req == nil {
			return
		}
		req.Body = io.NopCloser(strings.NewReader(body))
		got <- req
		p.send("HTTP/1.1 201 Created\r\nContent-Length: 6\r\n\r\nshadow")
	})
	a := w.once("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nX-Mine: 1\r\nContent-Length: 5\r\n\r\nhello")
	if a.body != "POST /v2/models/m/infer h hello" {
		t.Fatal(a.body)
	}
	req := <-got
	body, _ := io.ReadAll(req.Body)
	if req.Header.Get("x-weir-shadow") != "1" || req.Header.Get("x-mine") != "1" || req.Host != "h" ||
		string(body) != "hello" || req.Header.Get("x-request-id") != a.Header.Get("x-request-id") || req.RequestURI != "/v2/models/m/infer" {
		t.Errorf("the copy: %v %s %v %q", req.Host, req.RequestURI, req.Header, body)
	}
	x := w.watchers["2"].next(t)
	if x.Role != proxy.Copy || x.Status != 201 || string(x.Response.Bytes) != "shadow" || string(x.Request.Bytes) != "hello" ||
		x.Version.Name != "2" || x.Fault != proxy.FaultNone {
		t.Errorf("the copy's exchange: %+v", x)
	}
	if p := x.Primary; p == nil || p.Status != 200 || string(p.Response.Bytes) != a.body || p.Version.Name != "1" {
		t.Errorf("its primary: %+v", x.Primary)
	}
}

func TestCopiesOfChunkedAndLargeBodiesAreWhole(t *testing.T) {
	sizes := make(chan int, 2)
	w, _, _ := shadowed(t, proxy.ShadowConfig{}, echo, func(p *peer) {
		for {
			req, body := p.request()
			if req == nil {
				return
			}
			sizes <- len(body)
			p.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	c := w.dial()
	c.send("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("3\r\nabc\r\n", 50000) + "0\r\n\r\n")
	c.recv("POST")
	if n := <-sizes; n != 150000 {
		t.Errorf("a chunked body of 150000 was copied with %d", n)
	}
	c.send(fmt.Sprintf("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n", 1<<20) + strings.Repeat("a", 1<<20))
	c.recv("POST")
	if n := <-sizes; n != 1<<20 {
		t.Errorf("a body of 1 MiB was copied with %d", n)
	}
}

func TestCopiesThatDoNotFitAreDroppedAndCounted(t *testing.T) {
	hung := func(p *peer) { p.request(); io.Copy(io.Discard, p) }
	for name, c := range map[string]struct {
		cfg    proxy.ShadowConfig
		body   int
		reason string
		sent   int // how many are sent or wait
	}{
		"too large":   {proxy.ShadowConfig{MaxBody: 100}, 101, "body_too_large", 0},
		"queue full":  {proxy.ShadowConfig{Queue: 2, Workers: 1, Timeout: time.Hour}, 10, "queue_full", 3},
		"bytes full":  {proxy.ShadowConfig{MaxBytes: 10_000, Workers: 1, Timeout: time.Hour}, 4_000, "bytes_full", 0},
		"1 MB bodies": {proxy.ShadowConfig{MaxBytes: 3 << 20, Workers: 2, Timeout: time.Hour}, 1 << 20, "bytes_full", 0},
	} {
		t.Run(name, func(t *testing.T) {
			w, _, _ := shadowed(t, c.cfg, always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), hung)
			client := w.dial()
			for range 20 {
				client.send(fmt.Sprintf("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", c.body, strings.Repeat("a", c.body)))
				if a := client.recv("POST"); a.body != "ok" {
					t.Fatalf("got %d %q", a.StatusCode, a.body)
				}
			}
			waitFor(t, func() bool {
				s := w.watchers["2"]
				s.mu.Lock()
				defer s.mu.Unlock()
				return s.dropped[c.reason] >= 15 && len(s.dropped) == 1
			})
		})
	}
}

func TestAHungShadowIsCutOffByItsOwnTimeout(t *testing.T) {
	w, _, _ := shadowed(t, proxy.ShadowConfig{Timeout: 20 * time.Millisecond}, echo, func(p *peer) { io.Copy(io.Discard, p) })
	w.once(plain)
	if x := w.watchers["2"].next(t); x.Fault != proxy.FaultTimeout || x.Primary.Status != 200 {
		t.Errorf("got %v", x.Fault)
	}
}

func TestAShadowsHugeAnswerIsNotHeld(t *testing.T) {
	w, _, _ := shadowed(t, proxy.ShadowConfig{MaxResponse: 1 << 10}, echo, func(p *peer) {
		p.request()
		p.send("HTTP/1.1 200 OK\r\n\r\n")
		chunk := strings.Repeat("a", 1<<16)
		for {
			if _, err := io.WriteString(p, chunk); err != nil {
				return
			}
		}
	})
	w.once(plain)
	x := w.watchers["2"].next(t)
	if !x.Response.Truncated || x.Response.Bytes != nil || x.Status != 200 || x.Fault != proxy.FaultNone {
		t.Errorf("got %+v", x.Response)
	}
}

func TestAShadowThatFailsIsLeftAloneForAMomentAndTriedAgain(t *testing.T) {
	var well atomic.Bool
	asked := make(chan struct{}, 1000)
	w, _, _ := shadowed(t, proxy.ShadowConfig{}, always("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), func(p *peer) {
		for {
			if req, _ := p.request(); req == nil {
				return
			}
			asked <- struct{}{}
			if !well.Load() {
				return // breaks off
			}
			p.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	s, c := w.watchers["2"], w.dial()
	dropped := func() int { s.mu.Lock(); defer s.mu.Unlock(); return s.dropped["unavailable"] }
	send := func() { c.send(plain); c.recv("POST") }
	waitFor(t, func() bool { send(); return dropped() > 100 })
	if n := len(asked); n > 100 {
		t.Errorf("a shadow that breaks off was asked %d times while %d copies were dropped", n, dropped())
	}
	well.Store(true)
	waitFor(t, func() bool { // one copy tries it, and then all go to it
		before, n := dropped(), len(asked)
		for range 20 {
			send()
		}
		return dropped() == before && n > 0
	})
}

func TestAnswersToCopiesAreReadNoFasterThanTheirRate(t *testing.T) {
	size := 1 << 20
	answer := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("a", size))
	w, _, _ := shadowed(t, proxy.ShadowConfig{MaxRate: int64(size)}, echo, always(answer))
	s := w.watchers["2"]
	began, answered := time.Now(), 0
	waitFor(t, func() bool {
		w.once(plain)
		s.mu.Lock()
		defer s.mu.Unlock()
		answered = len(s.ended)
		return s.dropped["rate_full"] > 20
	})
	// A second's worth at once, and what 16 workers had begun by then.
	if most := 1 + int(time.Since(began).Seconds()) + 16 + 1; answered > most {
		t.Errorf("%d answers of 1 MiB in %v at 1 MiB a second", answered, time.Since(began))
	}
}

func TestAnAnswerThatSaysItIsTooLongIsNotRead(t *testing.T) {
	w, _, _ := shadowed(t, proxy.ShadowConfig{MaxResponse: 1 << 10}, echo, func(p *peer) {
		p.request()
		p.send("HTTP/1.1 200 OK\r\nContent-Length: 1025\r\n\r\n") // and then nothing: reading it would end in a timeout
		io.Copy(io.Discard, p)
	})
	w.once(plain)
	if x := w.watchers["2"].next(t); !x.Response.Truncated || x.Status != 200 || x.Fault != proxy.FaultNone {
		t.Errorf("got %+v, fault %v", x.Response, x.Fault)
	}
}

func TestClosingTheQueueDropsWhatWaitsAndCutsWhatIsSent(t *testing.T) {
	w, b, q := shadowed(t, proxy.ShadowConfig{Workers: 1, Timeout: time.Hour}, echo, nil)
	c := w.dial()
	for range 4 {
		c.send(plain)
		c.recv("POST")
	}
	b.take(t)
	q.Close()
	if x := w.watchers["2"].next(t); x.Fault != proxy.FaultClientGone {
		t.Errorf("the copy under way: %v", x.Fault)
	}
	c.send(plain)
	c.recv("POST")
	s := w.watchers["2"]
	waitFor(t, func() bool { s.mu.Lock(); defer s.mu.Unlock(); return s.dropped["closed"] == 4 })
}

// waitFor waits until something has become true.
func waitFor(t testing.TB, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not come to be")
		}
	}
}
