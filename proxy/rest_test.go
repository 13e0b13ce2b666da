package proxy_test

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/weir-gateway/weir/proxy"
)

// resting is a gateway whose connections rest almost at once.
func resting(t *testing.T, config proxy.Config, script func(*peer)) (*weir, *backend) {
	t.Helper()
	b := listen(t, script)
	config.Rest = time.Millisecond
	return start(t, setup{upstreams: map[string][]string{"1": {b.url}}, config: config}), b
}

func (w *weir) waitForRest(n int) {
	w.t.Helper()
	waitFor(w.t, func() bool { return w.server.Resting() == n })
}

func TestARestingConnectionServesItsNextRequest(t *testing.T) {
	w, _ := resting(t, proxy.Config{}, echo)
	c := w.dial()
	for range 3 {
		w.waitForRest(1) // the first time before it has had any
		if a := c.send(plain).recv("POST"); a.StatusCode != 200 {
			t.Fatalf("got %d", a.StatusCode)
		}
	}
	// A request in pieces, the first of which wakes it.
	w.waitForRest(1)
	c.send(plain[:10])
	w.waitForRest(0)
	if a := c.send(plain[10:]).recv("POST"); a.StatusCode != 200 {
		t.Fatalf("got %d", a.StatusCode)
	}
}

func TestAClientThatLeavesIsNoticedAfterARest(t *testing.T) {
	w, b := resting(t, proxy.Config{}, nil)
	c := w.dial()
	w.waitForRest(1)
	c.send(plain)
	p, _ := b.take(t)
	_, _ = io.ReadFull(p.r, make([]byte, len("hello")))
	c.Close()
	closedWithin(t, p)
	if x := w.watchers["1"].next(t); x.Fault != proxy.FaultClientGone {
		t.Errorf("fault %v", x.Fault)
	}
}

func TestARestingConnectionEndsWithItsClient(t *testing.T) {
	w, _ := resting(t, proxy.Config{}, echo)
	c, d := w.dial(), w.dial()
	w.waitForRest(2)
	c.Close()
	_ = d.SetLinger(0) // a reset
	d.Close()
	waitFor(t, func() bool { return w.server.Active() == 0 && w.server.Resting() == 0 })
}

func TestARestingConnectionEndsWhenItHasBeenIdleForTooLong(t *testing.T) {
	w, _ := resting(t, proxy.Config{KeepAlive: 30 * time.Millisecond}, echo)
	c := w.dial().send(plain)
	c.recv("POST")
	if !c.ended() {
		t.Error("it goes on")
	}
	waitFor(t, func() bool { return w.server.Active() == 0 })
}

func TestShutdownClosesConnectionsThatRest(t *testing.T) {
	w, _ := resting(t, proxy.Config{}, echo)
	c := w.dial().send(plain)
	c.recv("POST")
	w.waitForRest(1)
	if err := w.server.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if !c.ended() {
		t.Error("it goes on")
	}
}

func TestShutdownServesTheFirstRequestOfAConnectionThatRests(t *testing.T) {
	w, _ := resting(t, proxy.Config{}, echo)
	c := w.dial()
	w.waitForRest(1)
	done := make(chan error, 1)
	go func() { done <- w.server.Shutdown(context.Background()) }()
	w.waitForRest(0)
	if a := c.send(plain).recv("POST"); a.StatusCode != 200 || !a.Close {
		t.Errorf("got %d close=%v", a.StatusCode, a.Close)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestAConnectionThatIsUsedAgainSoonDoesNotRestAgainSoSoon(t *testing.T) {
	b := listen(t, echo)
	w := start(t, setup{upstreams: map[string][]string{"1": {b.url}}, config: proxy.Config{Rest: 300 * time.Millisecond}})
	brisk := w.dial()
	w.waitForRest(1)
	brisk.send(plain).recv("POST")
	// It has been idle for longer than one that has just been made; if that rests,
	// and it does too, one is left when the other has ended.
	other := w.dial()
	w.waitForRest(1)
	other.Close()
	waitFor(t, func() bool { return w.server.Active() == 1 })
	if n := w.server.Resting(); n != 0 {
		t.Errorf("%d rest", n)
	}
}

// Requests that come at about the moment when their connections begin to rest,
// some with a pause between their pieces.
func TestNoRequestIsLostAtTheBeginningOfARest(t *testing.T) {
	w, _ := resting(t, proxy.Config{}, echo)
	done := make(chan error)
	const clients = 8
	for i := range clients {
		c := w.dial()
		go func() {
			for n := range 200 {
				time.Sleep(time.Duration((n+i)%20) * 100 * time.Microsecond)
				if _, err := io.WriteString(c, plain); err != nil {
					done <- err
					return
				}
				if _, err := c.tryRecv("POST"); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range clients {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
