package proxy_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/weir-gateway/weir/proxy"
)

// doorman is a dialer. The next connections, as many as shut says, are closed by
// the other side before they are handed out: what the gateway finds does not
// depend on who is faster.
type doorman struct {
	t      *testing.T
	mu     sync.Mutex
	door   net.Listener
	end    func(*net.TCPConn)
	shut   int
	dialed int // since it was armed
}

func newDoorman(t *testing.T, end func(*net.TCPConn)) *doorman {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return &doorman{t: t, door: l, end: end}
}

// arm is called once the health checks have dialed.
func (d *doorman) arm(w *weir, shut int) {
	waitFor(d.t, func() bool {
		for _, e := range w.pools["1"].Endpoints() {
			if !e.Checked {
				return false
			}
		}
		return true
	})
	d.mu.Lock()
	d.shut, d.dialed = shut, 0
	d.mu.Unlock()
}

func (d *doorman) count() int { d.mu.Lock(); defer d.mu.Unlock(); return d.dialed }

func (d *doorman) dial(ctx context.Context, address string) (*net.TCPConn, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dialed++
	var dialer net.Dialer
	if d.shut == 0 {
		conn, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, err
		}
		return conn.(*net.TCPConn), nil
	}
	d.shut--
	conn, err := dialer.DialContext(ctx, "tcp", d.door.Addr().String())
	if err != nil {
		return nil, err
	}
	other, err := d.door.Accept()
	if err != nil {
		return nil, err
	}
	d.end(other.(*net.TCPConn))
	if n, err := conn.Read(make([]byte, 1)); n > 0 || err == nil {
		d.t.Error("the connection has not ended")
	}
	return conn.(*net.TCPConn), nil
}

func closed(c *net.TCPConn) { c.Close() }

func wasReset(c *net.TCPConn) { _ = c.SetLinger(0); c.Close() }

// counting is echo that counts its requests.
func counting(runs *atomic.Int32) func(*peer) {
	return func(p *peer) {
		for {
			req, body := p.request()
			if req == nil {
				return
			}
			runs.Add(1)
			p.send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
		}
	}
}

func TestANewConnectionThatIsClosedUnusedIsMadeOnceMore(t *testing.T) {
	long := strings.Repeat("x", 300_000)
	for name, end := range map[string]func(*net.TCPConn){"closed": closed, "reset": wasReset} {
		for kind, c := range map[string]struct {
			request, body string
			settings      proxy.Settings
		}{
			"POST":       {request: plain, body: "hello"},
			"idempotent": {request: plain, body: "hello", settings: proxy.Settings{Idempotent: true}},
			"a stream":   {request: "POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n" + long, body: long},
			"chunks": {
				request: "POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", body: "abcde",
			},
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				var runs atomic.Int32
				door, counters := newDoorman(t, end), new(proxy.PoolCounters)
				w := start(t, setup{
					upstreams: map[string][]string{"1": {listen(t, counting(&runs)).url}}, settings: c.settings,
					pool: proxy.PoolConfig{Dial: door.dial, Counters: counters},
				})
				door.arm(w, 1)
				if a := w.once(c.request); a.StatusCode != 200 || a.body != c.body {
					t.Errorf("got %d with %d bytes", a.StatusCode, len(a.body))
				}
				x := w.watchers["1"].next(t)
				if runs.Load() != 1 || door.count() != 2 || x.Retries != 1 || counters.Retried.Load() != 1 {
					t.Errorf("%d runs, %d connections, %d retries told, %d counted", runs.Load(), door.count(), x.Retries, counters.Retried.Load())
				}
			})
		}
	}
}

func TestAnEndpointThatClosesEveryNewConnectionIsTriedTwice(t *testing.T) {
	var runs atomic.Int32
	door := newDoorman(t, closed)
	w := start(t, setup{
		upstreams: map[string][]string{"1": {listen(t, counting(&runs)).url}}, pool: proxy.PoolConfig{Dial: door.dial},
	})
	door.arm(w, 1000)
	if a := w.once(plain); a.StatusCode != 502 || !strings.Contains(a.body, "upstream-unreachable") {
		t.Errorf("got %d %s", a.StatusCode, a.body)
	}
	if x := w.watchers["1"].next(t); x.Fault != proxy.FaultConnect || door.count() != 2 || runs.Load() != 0 {
		t.Errorf("%v, %d connections, %d runs", x.Fault, door.count(), runs.Load())
	}
}

func TestOneOfTwoEndpointsThatClosedIsTriedAgainWhereTheOtherIsGone(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	var runs atomic.Int32
	door := newDoorman(t, closed)
	w := start(t, setup{
		upstreams: map[string][]string{"1": {listen(t, counting(&runs)).url, "http://" + dead.Addr().String()}},
		pool:      proxy.PoolConfig{Dial: door.dial}, quiet: true,
	})
	door.arm(w, 1)
	if a := w.once(plain); a.StatusCode != 200 || runs.Load() != 1 {
		t.Errorf("got %d after %d runs", a.StatusCode, runs.Load())
	}
}

func TestANewConnectionThatTookAByteIsNotMadeAgain(t *testing.T) {
	for name, then := range map[string]func(*peer){
		"closed": func(p *peer) { p.Close() }, "reset": (*peer).reset,
		"half-closed": func(p *peer) { p.CloseWrite(); p.head() },
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			door, counters := newDoorman(t, closed), new(proxy.PoolCounters)
			w := start(t, setup{pool: proxy.PoolConfig{Dial: door.dial, Counters: counters}, upstreams: map[string][]string{"1": {listen(t, func(p *peer) {
				if _, err := p.Read(make([]byte, 1)); err == nil {
					asked.Add(1)
					then(p)
				}
			}).url}}})
			door.arm(w, 0)
			if a := w.once(plain); a.StatusCode != 502 || asked.Load() != 1 || counters.Retried.Load() != 0 {
				t.Errorf("got %d; it was sent %d times; %d counted", a.StatusCode, asked.Load(), counters.Retried.Load())
			}
		})
	}
}

func TestSecondConnectionsComeOutOfTheBudget(t *testing.T) {
	b := listen(t, nil)
	door, counters := newDoorman(t, closed), new(proxy.PoolCounters)
	w := start(t, setup{
		upstreams: map[string][]string{"1": {b.url}}, pool: proxy.PoolConfig{Dial: door.dial, Counters: counters},
	})
	var held []*peer
	var clients []*client
	for range 3 { // that many are always allowed at a time; four requests save less than one more
		door.arm(w, 1)
		clients = append(clients, w.dial().send(plain))
		p, _ := b.take(t)
		held = append(held, p)
	}
	door.arm(w, 1)
	if a := w.once(plain); a.StatusCode != 502 || counters.Unbudgeted.Load() != 1 || counters.Retried.Load() != 3 {
		t.Errorf("got %d; %d over the budget, %d sent again", a.StatusCode, counters.Unbudgeted.Load(), counters.Retried.Load())
	}
	for i, p := range held {
		p.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
		clients[i].recv("POST")
	}
	for range 4 {
		w.watchers["1"].next(t) // its place in the budget is free again
	}
	door.arm(w, 1)
	c := w.dial().send(plain)
	p, _ := b.take(t)
	p.send(ok)
	if a := c.recv("POST"); a.StatusCode != 200 {
		t.Errorf("afterwards: %d", a.StatusCode)
	}
}
