package proxy_test

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/weir-gateway/weir/proxy"
)

// closedWithin returns how long it took until the backend's connection ended.
func closedWithin(t *testing.T, p *peer) time.Duration {
	t.Helper()
	began := time.Now()
	_ = p.SetReadDeadline(began.Add(patience))
	_, err := p.r.ReadByte()
	if err == nil {
		t.Fatal("more came instead of the end")
	}
	if e, ok := err.(interface{ Timeout() bool }); ok && e.Timeout() {
		t.Fatal("the model server goes on")
	}
	return time.Since(began)
}

func TestAClientThatLeavesFreesTheModelServer(t *testing.T) {
	for name, answer := range map[string]string{
		"waiting":   "",
		"streaming": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
		"a length":  "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc",
	} {
		for _, reset := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", reset=", reset), func(t *testing.T) {
				w, b := one(t, nil)
				c := w.dial().send(plain)
				p, _ := b.take(t)
				io.ReadFull(p.r, make([]byte, 5))
				if answer != "" {
					p.send(answer)
					c.r.ReadString('\n')
				}
				if reset {
					c.SetLinger(0)
				}
				c.Close()
				t.Logf("cancelled after %v", closedWithin(t, p))
				if x := w.watchers["1"].next(t); x.Fault != proxy.FaultClientGone {
					t.Errorf("fault %v", x.Fault)
				}
			})
		}
	}
}

func TestAnUploadThatBreaksOffIsNeverCompleted(t *testing.T) {
	for name, sent := range map[string]string{
		"length":            "Content-Length: 100000\r\n\r\nabc",
		"chunked, boundary": "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
		"chunked, in data":  "Transfer-Encoding: chunked\r\n\r\n5\r\nabc",
		"chunked, in size":  "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1",
		"chunked, last":     "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n",
	} {
		for _, half := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", half-closed=", half), func(t *testing.T) {
				whole := make(chan bool, 1)
				w, _ := one(t, func(p *peer) {
					if p.head() == "" {
						return
					}
					if name == "length" {
						n, _ := io.CopyN(io.Discard, p.r, 100000)
						whole <- n == 100000
						return
					}
					_, err := io.Copy(io.Discard, chunkedReader(p.r))
					whole <- err == nil
				})
				c := w.dial().send("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\n" + sent)
				// A request that never reached the model server is fine too, but not the case here.
				waitFor(t, func() bool { s := w.watchers["1"]; s.mu.Lock(); defer s.mu.Unlock(); return s.begun > 0 })
				waitFor(t, func() bool { return w.pools["1"].Endpoints()[0].InFlight > 0 })
				time.Sleep(2 * time.Millisecond)
				if half {
					c.CloseWrite()
				} else {
					c.Close()
				}
				if <-whole {
					t.Error("the model server took it for a whole request")
				}
				if x := w.watchers["1"].next(t); x.Fault != proxy.FaultClientGone {
					t.Errorf("fault %v", x.Fault)
				}
			})
		}
	}
}

func TestAClientThatLeavesEndsTheAttemptToConnect(t *testing.T) {
	// An address that swallows packets: nothing ever answers.
	w := start(t, setup{
		upstreams: map[string][]string{"1": {"http://192.0.2.1:9"}},
		pool:      proxy.PoolConfig{ConnectTimeout: time.Hour, HealthTimeout: time.Millisecond},
	})
	c := w.dial().send(plain)
	time.Sleep(5 * time.Millisecond)
	c.Close()
	// Where the network says at once that it can't be reached, that is the fault.
	if x := w.watchers["1"].next(t); x.Fault != proxy.FaultClientGone && x.Fault != proxy.FaultConnect {
		t.Errorf("fault %v", x.Fault)
	}
}
