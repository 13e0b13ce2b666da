package proxy_test

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/proxy"
)

// answerOne reads a plain request's body and answers it.
func (p *peer) answerOne() {
	_, _ = io.ReadFull(p.r, make([]byte, 5))
	p.send(ok)
}

func queued(t *testing.T, cfg proxy.PoolConfig) (*weir, *backend, *proxy.PoolCounters) {
	b := listen(t, nil)
	cfg.Counters = new(proxy.PoolCounters)
	return start(t, setup{upstreams: map[string][]string{"1": {b.url}}, pool: cfg}), b, cfg.Counters
}

func inFlight(w *weir) int { return w.pools["1"].Endpoints()[0].InFlight }

func TestRequestsBeyondTheLimitWaitInTheOrderInWhichTheyCame(t *testing.T) {
	w, b, _ := queued(t, proxy.PoolConfig{MaxConnections: 2, QueueTimeout: time.Minute})
	var clients []*client
	for i := range 5 {
		clients = append(clients, w.dial().send(plain))
		if i < 2 {
			waitFor(t, func() bool { return inFlight(w) == i+1 })
		} else {
			waitFor(t, func() bool { return w.pools["1"].Waiting() == i-1 })
		}
	}
	p, _ := b.take(t)
	q, _ := b.take(t)
	if n := inFlight(w); n != 2 {
		t.Fatalf("%d in flight", n)
	}
	// Which of the two connections is whose is not known: one answer each.
	p.answerOne()
	q.answerOne()
	clients[0].recv("POST")
	clients[1].recv("POST")
	for range 2 {
		p.head()
		p.answerOne()
		if inFlight(w) > 2 {
			t.Error("more than two in flight")
		}
		p, q = q, p
	}
	clients[2].recv("POST")
	clients[3].recv("POST")
	waitFor(t, func() bool { return inFlight(w) == 1 && w.pools["1"].Waiting() == 0 })
	for _, p := range []*peer{p, q} {
		go func() {
			if p.head() != "" {
				p.answerOne()
			}
		}()
	}
	if a := clients[4].recv("POST"); a.StatusCode != 200 {
		t.Error(a.StatusCode)
	}
	waitFor(t, func() bool { return inFlight(w) == 0 })
}

func TestAFullQueueIsA429(t *testing.T) {
	w, b, counters := queued(t, proxy.PoolConfig{MaxConnections: 1, MaxQueue: 1, QueueTimeout: time.Minute})
	first := w.dial().send(plain)
	p, _ := b.take(t)
	second := w.dial().send(plain)
	waitFor(t, func() bool { return w.pools["1"].Waiting() == 1 })
	c := w.dial().send(plain)
	a := c.recv("POST")
	if a.StatusCode != 429 || a.Header.Get("Retry-After") != "1" || !strings.Contains(a.body, "urn:weir:problem:overloaded") ||
		a.Header.Get("x-weir-version") != "1" {
		t.Errorf("got %d %v %s", a.StatusCode, a.Header, a.body)
	}
	if n := counters.Full.Load(); n != 1 {
		t.Errorf("%d counted", n)
	}
	if x := w.watchers["1"].next(t); x.Fault != proxy.FaultOverloaded || x.Status != 429 {
		t.Errorf("exchange: %v %d", x.Fault, x.Status)
	}
	p.answerOne()
	first.recv("POST")
	p.head()
	p.answerOne()
	if a := second.recv("POST"); a.StatusCode != 200 {
		t.Error(a.StatusCode)
	}
	// The client that was turned away can go on with its connection.
	c.send(plain)
	p.head()
	p.answerOne()
	if a := c.recv("POST"); a.StatusCode != 200 {
		t.Error(a.StatusCode)
	}
}

func TestWaitingTooLongIsA503(t *testing.T) {
	w, b, counters := queued(t, proxy.PoolConfig{MaxConnections: 1, QueueTimeout: 5 * time.Millisecond})
	first := w.dial().send(plain)
	p, _ := b.take(t)
	a := w.once(plain)
	if a.StatusCode != 503 || a.Header.Get("Retry-After") != "1" || !strings.Contains(a.body, "urn:weir:problem:queue-timeout") {
		t.Errorf("got %d %v %s", a.StatusCode, a.Header, a.body)
	}
	if n := counters.Expired.Load(); n != 1 || w.pools["1"].Waiting() != 0 {
		t.Errorf("%d counted", n)
	}
	p.answerOne()
	first.recv("POST")
	waitFor(t, func() bool { return inFlight(w) == 0 })
}

func TestAClientThatLeavesTheQueueTakesNoPlace(t *testing.T) {
	w, b, _ := queued(t, proxy.PoolConfig{MaxConnections: 1, QueueTimeout: time.Minute})
	first := w.dial().send(plain)
	p, _ := b.take(t)
	second := w.dial().send(plain)
	waitFor(t, func() bool { return w.pools["1"].Waiting() == 1 })
	second.Close()
	waitFor(t, func() bool { return w.pools["1"].Waiting() == 0 })
	p.answerOne()
	first.recv("POST")
	waitFor(t, func() bool { return inFlight(w) == 0 })
	if x := w.watchers["1"].next(t); x.Fault != proxy.FaultClientGone {
		t.Errorf("fault %v", x.Fault)
	}
}

func TestAPlaceIsFreeOnlyWhenTheStreamHasEnded(t *testing.T) {
	w, b, _ := queued(t, proxy.PoolConfig{MaxConnections: 1, QueueTimeout: time.Minute})
	first := w.dial().send(plain)
	p, _ := b.take(t)
	_, _ = io.ReadFull(p.r, make([]byte, 5))
	p.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
	if _, err := first.r.ReadString('\n'); err != nil { // the answer has begun
		t.Fatal(err)
	}
	second := w.dial().send(plain)
	waitFor(t, func() bool { return w.pools["1"].Waiting() == 1 })
	if n := inFlight(w); n != 1 {
		t.Errorf("%d in flight", n)
	}
	p.send("0\r\n\r\n")
	p.head()
	p.answerOne()
	if a := second.recv("POST"); a.StatusCode != 200 {
		t.Error(a.StatusCode)
	}
}
