package proxy_test

import (
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/proxy"
	"github.com/weir-gateway/weir/registry"
)

// noisy is a gateway whose version 1 is asked every copied request a second time;
// first answers clients and second the copies; "" hangs. Copies are told to the returned
// watcher and to that of version 2.
func noisy(t *testing.T, s setup, cfg proxy.ShadowConfig, first, second, shadow string) (*weir, *watcher) {
	t.Helper()
	q := proxy.NewShadowQueue(cfg, slog.New(slog.DiscardHandler))
	t.Cleanup(q.Close)
	primary := func(p *peer) {
		for {
			req, _ := p.request()
			switch {
			case req == nil:
				return
			case req.Header.Get("x-fail") != "":
				p.send(fails)
			case req.Header.Get("x-weir-shadow") == "":
				p.send(first)
			case second == "":
				io.Copy(io.Discard, p)
			default:
				p.send(second)
			}
		}
	}
	if shadow == "" {
		s.upstreams = map[string][]string{"2": {listen(t, func(p *peer) { io.Copy(io.Discard, p) }).url}}
	} else {
		s.upstreams = map[string][]string{"2": {listen(t, always(shadow)).url}}
	}
	for range s.endpoints {
		s.upstreams["1"] = append(s.upstreams["1"], listen(t, primary).url)
	}
	s.shadows = []registry.Shadow{{Version: "2", Sample: 1}}
	s.settings = proxy.Settings{Capture: true, Shadow: q}
	s.noise, s.again = 1, newWatcher()
	return start(t, s), s.again
}

const (
	saysOne   = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1"
	saysTwo   = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2"
	saysThree = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n3"
	fails     = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"
)

func TestTheVersionThatAnsweredIsAskedAgainBesideTheShadow(t *testing.T) {
	w, again := noisy(t, setup{endpoints: 1}, proxy.ShadowConfig{}, saysOne, saysTwo, saysThree)
	if a := w.once(plain); a.body != "1" {
		t.Fatalf("the client got %q", a.body)
	}
	x := again.next(t)
	if x.Role != proxy.Again || x.Version.Name != "1" || x.Shadows != 1 || string(x.Response.Bytes) != "2" || string(x.Request.Bytes) != "hello" {
		t.Errorf("the second answer: %+v", x)
	}
	if p := x.Primary; p == nil || p.Role != proxy.Primary || p.Version != x.Version || string(p.Response.Bytes) != "1" {
		t.Errorf("its first: %+v", p)
	}
	if x := w.watchers["2"].next(t); x.Role != proxy.Copy || string(x.Response.Bytes) != "3" {
		t.Errorf("the shadow's: %+v", x)
	}
	if one := w.watchers["1"]; one.begun != 1 || len(one.ended) != 1 || again.begun != 1 {
		t.Errorf("the version's own observer was told of %d begun and %d ended", one.begun, len(one.ended))
	}
}

func TestAnAnswerThatFailedIsNotAskedForAgain(t *testing.T) {
	w, again := noisy(t, setup{endpoints: 1}, proxy.ShadowConfig{}, fails, saysTwo, saysThree)
	w.once(plain)
	w.watchers["2"].next(t) // is queued before the other would be
	if again.begun+len(again.dropped) != 0 {
		t.Errorf("it was: %d begun, dropped %v", again.begun, again.dropped)
	}
}

func TestSecondAnswersThatFailTakeNoEndpointFromClients(t *testing.T) {
	s := setup{endpoints: 2, pool: proxy.PoolConfig{EjectAfter: 1, EjectTime: time.Hour, EjectShare: 100}}
	w, again := noisy(t, s, proxy.ShadowConfig{}, saysOne, fails, saysThree)
	for range 20 {
		if a := w.once(plain); a.body != "1" {
			t.Fatalf("a client got %d %q", a.StatusCode, a.body)
		}
	}
	waitFor(t, func() bool { again.mu.Lock(); defer again.mu.Unlock(); return len(again.ended) > 4 })
	for _, e := range w.pools["1"].Endpoints() {
		if !e.Healthy || e.Ejected {
			t.Errorf("an endpoint after failed copies: %+v", e)
		}
	}
}

func TestClientsDoNotWaitBehindSecondQuestions(t *testing.T) {
	for places, want := range map[int]proxy.Fault{1: proxy.FaultOverloaded, 4: proxy.FaultTimeout} {
		s := setup{endpoints: 1, pool: proxy.PoolConfig{MaxConnections: places}}
		w, again := noisy(t, s, proxy.ShadowConfig{Workers: 4, Timeout: 100 * time.Millisecond}, saysOne, "", saysThree)
		c := w.dial()
		c.send(plain).recv("POST")
		c.send(plain).recv("POST") // while the first copy hangs, if it got a place
		if x := again.next(t); x.Fault != want {
			t.Errorf("of %d places a copy that is not answered gets %v, not %v", places, x.Fault, want)
		}
		if a := c.send(plain).recv("POST"); a.body != "1" {
			t.Errorf("a client got %d %q", a.StatusCode, a.body)
		}
	}
}

func TestSecondQuestionsLeaveTheQueueToShadows(t *testing.T) {
	cfg := proxy.ShadowConfig{Workers: 4, Queue: 100, Timeout: time.Hour}
	w, again := noisy(t, setup{endpoints: 1}, cfg, saysOne, "", saysThree)
	c := w.dial()
	for range 50 { // the first second question holds its worker for good, and so the only place that they have
		c.send(plain)
		c.recv("POST")
		w.watchers["2"].next(t)
	}
	again.mu.Lock()
	defer again.mu.Unlock()
	if again.begun != 1 || again.dropped["queue_full"] != 49 || len(w.watchers["2"].dropped) != 0 {
		t.Errorf("%d begun, dropped %v; of the shadow's dropped %v", again.begun, again.dropped, w.watchers["2"].dropped)
	}
}

func TestSecondQuestionsLeaveTheOtherHalfOfTheQueueToShadows(t *testing.T) {
	cfg := proxy.ShadowConfig{Workers: 1, Queue: 4, Timeout: time.Hour}
	w, again := noisy(t, setup{endpoints: 1}, cfg, saysOne, saysTwo, "")
	failing := strings.Replace(plain, "Host: h", "Host: h\r\nx-fail: 1", 1) // is copied and not asked again
	shadow, c := w.watchers["2"], w.dial()
	send := func(request string) { c.send(request).recv("POST") }
	send(failing)
	waitFor(t, func() bool { shadow.mu.Lock(); defer shadow.mu.Unlock(); return shadow.begun == 1 }) // and hangs
	send(failing)
	send(plain) // is the second in the queue, so that half of it is taken
	send(failing)
	send(failing) // is the fourth and last
	send(failing)
	waitFor(t, func() bool { shadow.mu.Lock(); defer shadow.mu.Unlock(); return shadow.dropped["queue_full"] == 1 })
	again.mu.Lock()
	defer again.mu.Unlock()
	if again.begun != 0 || again.dropped["queue_full"] != 1 {
		t.Errorf("%d begun, dropped %v", again.begun, again.dropped)
	}
}
