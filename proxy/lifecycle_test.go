package proxy_test

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-gateway/weir/proxy"
	"github.com/weir-gateway/weir/router"
)

func TestSwapsUnderLoadFailNoRequest(t *testing.T) {
	b := listen(t, echo)
	s := setup{upstreams: map[string][]string{"1": {b.url}, "2": {b.url}}, arms: map[string]float64{"1": 50, "2": 50}}
	w := start(t, s)
	var stop atomic.Bool
	var load sync.WaitGroup
	var requests atomic.Int64
	for range 8 {
		c := w.dial()
		load.Go(func() {
			for !stop.Load() {
				if _, err := io.WriteString(c, plain); err != nil {
					t.Error(err)
					return
				}
				a, err := c.tryRecv("POST")
				if err != nil || a.StatusCode != 200 {
					t.Errorf("got %v %v", a.Response, err)
					return
				}
				requests.Add(1)
			}
		})
	}
	old := w.state
	for i := range 100 {
		s.arms = map[string]float64{"1": float64(i), "2": float64(100 - i)}
		next := w.compile(s)
		if got := w.server.Swap(next); got != old {
			t.Error("Swap returned another state than the one before")
		}
		select {
		case <-old.Drained():
		case <-time.After(patience):
			t.Fatal("the old state was never drained")
		}
		old = next
	}
	stop.Store(true)
	load.Wait()
	if requests.Load() == 0 {
		t.Error("no request was made")
	}
}

func TestAStateIsDrainedOnlyWhenItsLastRequestHasEnded(t *testing.T) {
	b := listen(t, nil)
	s := setup{upstreams: map[string][]string{"1": {b.url}}}
	w := start(t, s)
	c := w.dial().send(plain)
	p, _ := b.take(t)
	old := w.server.Swap(w.compile(s))
	// Another request of another connection goes by meanwhile.
	d := w.dial().send(plain)
	q, _ := b.take(t)
	q.send(ok)
	d.recv("POST")
	select {
	case <-old.Drained():
		t.Fatal("drained while a request is under way")
	case <-time.After(120 * time.Millisecond): // more than two looks
	}
	p.send(ok)
	c.recv("POST")
	select {
	case <-old.Drained():
	case <-time.After(patience):
		t.Fatal("never drained")
	}
}

func TestShutdownLetsRequestsEndAndClosesIdleConnections(t *testing.T) {
	b := listen(t, nil)
	w := start(t, setup{upstreams: map[string][]string{"1": {b.url}}})
	idle, busy := w.dial().send(plain), w.dial()
	q, _ := b.take(t)
	busy.send(plain)
	p, _ := b.take(t)
	q.send(ok)
	idle.recv("POST")
	done := make(chan error, 1)
	go func() { done <- w.server.Shutdown(context.Background()) }()
	if !idle.ended() {
		t.Error("the idle connection goes on")
	}
	p.send(ok)
	if a := busy.recv("POST"); a.StatusCode != 200 || !a.Close {
		t.Errorf("got %d close=%v", a.StatusCode, a.Close)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestShutdownCutsWhatDoesNotEnd(t *testing.T) {
	b := listen(t, nil)
	w := start(t, setup{upstreams: map[string][]string{"1": {b.url}}})
	c := w.dial().send(plain)
	p, _ := b.take(t)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := w.server.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	io.ReadFull(p.r, make([]byte, 5))
	closedWithin(t, p)
	if !c.ended() {
		t.Error("the client's connection goes on")
	}
}

func TestBeforeTheFirstStateThereIsA503(t *testing.T) {
	w, _ := one(t, echo)
	w.server.Swap(nil)
	if a := w.once(plain); a.StatusCode != 503 || !strings.Contains(a.body, "not-ready") {
		t.Errorf("got %d %s", a.StatusCode, a.body)
	}
}

func TestTimeouts(t *testing.T) {
	ms := time.Millisecond
	silent := func(p *peer) { io.Copy(io.Discard, p) }
	for name, c := range map[string]struct {
		settings proxy.Settings
		config   proxy.Config
		request  string
		script   func(*peer)
		status   int // 0: the connection is cut
		fault    proxy.Fault
	}{
		"no answer": {proxy.Settings{Timeout: 30 * ms}, proxy.Config{}, plain, silent, 504, proxy.FaultTimeout},
		"no answer to a stream": {
			proxy.Settings{Timeout: 30 * ms},
			proxy.Config{},
			"POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n" + strings.Repeat("a", 100000), silent, 504, proxy.FaultTimeout,
		},
		"half a head": {
			proxy.Settings{Timeout: 30 * ms},
			proxy.Config{},
			plain,
			func(p *peer) { p.head(); p.send("HTTP/1.1 200 OK\r\nA:"); silent(p) }, 504, proxy.FaultTimeout,
		},
		"a body that stops": {
			proxy.Settings{Idle: 30 * ms},
			proxy.Config{},
			plain,
			func(p *peer) { p.head(); p.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"); silent(p) }, 0, proxy.FaultTimeout,
		},
		"in all": {proxy.Settings{Total: 30 * ms}, proxy.Config{}, plain, silent, 504, proxy.FaultTimeout},
		"an upload that stops": {
			proxy.Settings{},
			proxy.Config{BodyIdle: 30 * ms},
			"POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\nabc", silent, 408, proxy.FaultClientGone,
		},
		"a small upload that stops": {
			proxy.Settings{},
			proxy.Config{BodyIdle: 30 * ms},
			"POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc", silent, 408, proxy.FaultNone,
		},
		"a slow head": {proxy.Settings{}, proxy.Config{HeadTimeout: 30 * ms}, "POST /v2/mod", silent, 408, proxy.FaultNone},
		"silence":     {proxy.Settings{}, proxy.Config{KeepAlive: 30 * ms}, "", silent, 0, proxy.FaultNone},
	} {
		t.Run(name, func(t *testing.T) {
			b := listen(t, c.script)
			w := start(t, setup{upstreams: map[string][]string{"1": {b.url}}, settings: c.settings, config: c.config})
			client := w.dial().send(c.request)
			a, err := client.tryRecv("POST")
			if c.status == 0 && err == nil || c.status != 0 && (err != nil || a.StatusCode != c.status) {
				t.Fatalf("got %v %v", a.Response, err)
			}
			if c.fault != proxy.FaultNone {
				if x := w.watchers["1"].next(t); x.Fault != c.fault {
					t.Errorf("fault %v", x.Fault)
				}
			}
		})
	}
}

func TestAnUpgradeGoesThroughAndOutlivesSwaps(t *testing.T) {
	s := setup{upstreams: map[string][]string{"1": {listen(t, func(p *peer) {
		head := p.head()
		if head == "" {
			return
		}
		if !strings.Contains(head, "Connection: upgrade\r\nUpgrade: websocket\r\n") {
			p.send("HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n")
			return
		}
		p.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\nfirst")
		io.Copy(p, p.r)
	}).url}}}
	w := start(t, s)
	c := w.dial().send("GET /v2/models/m/ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\nearly")
	var head strings.Builder
	for line := ""; line != "\r\n"; head.WriteString(line) {
		var err error
		if line, err = c.r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.HasPrefix(head.String(), "HTTP/1.1 101 ") || !strings.Contains(head.String(), "Connection: upgrade\r\nUpgrade: websocket\r\n") {
		t.Fatal(head.String())
	}
	old := w.server.Swap(w.compile(s))
	<-old.Drained()
	c.send("more")
	got := make([]byte, len("firstearlymore"))
	if _, err := io.ReadFull(c.r, got); err != nil || string(got) != "firstearlymore" {
		t.Fatalf("%q %v", got, err)
	}
	c.CloseWrite()
	if !c.ended() {
		t.Error("it goes on")
	}
	if x := w.watchers["1"].next(t); x.Status != 101 || x.Fault != proxy.FaultNone {
		t.Errorf("exchange: %d %v", x.Status, x.Fault)
	}
}

func TestStickyKeysAndPins(t *testing.T) {
	one, two := listen(t, always("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1")), listen(t, always("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2"))
	body := func(s string) string { return "Content-Length: " + strconv.Itoa(len(s)) + "\r\n\r\n" + s }
	for name, c := range map[string]struct {
		assign  router.Assign
		request func(user string) string
		sticky  bool
	}{
		"header":      {router.Assign{Kind: router.AssignHeader, Name: "X-User"}, func(u string) string { return "x-USER: " + u + "\r\n\r\n" }, true},
		"no header":   {router.Assign{Kind: router.AssignHeader, Name: "X-User"}, func(u string) string { return "\r\n" }, false},
		"cookie":      {router.Assign{Kind: router.AssignCookie, Name: "user"}, func(u string) string { return "Cookie: a=b; user=" + u + "; c=d\r\n\r\n" }, true},
		"JSON":        {router.Assign{Kind: router.AssignJSON, Name: "parameters.user"}, func(u string) string { return body(`{"parameters":{"user":"` + u + `"}}`) }, true},
		"JSON number": {router.Assign{Kind: router.AssignJSON, Name: "user"}, func(u string) string { return body(`{"user":1` + u + `}`) }, true},
		"JSON chunks": {router.Assign{Kind: router.AssignJSON, Name: "user"}, func(u string) string {
			return "Transfer-Encoding: chunked\r\n\r\n9\r\n{\"user\":\"\r\n" + "3\r\n" + (u + "__")[:3] + "\r\n2\r\n\"}\r\n0\r\n\r\n"
		}, true},
		"not JSON": {router.Assign{Kind: router.AssignJSON, Name: "user"}, func(u string) string { return body(`{"user":"` + u + `"`) }, false},
		"too long": {router.Assign{Kind: router.AssignJSON, Name: "user"}, func(u string) string { return body(`{"user":"` + u + `","a":"` + strings.Repeat("a", 3000) + `"}`) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t, setup{
				upstreams: map[string][]string{"1": {one.url}, "2": {two.url}},
				arms:      map[string]float64{"1": 50, "2": 50}, assign: c.assign, pin: "x-weir-version",
				settings: proxy.Settings{KeyLimit: 2000},
			})
			client := w.dial()
			versions := map[string]int{}
			moved := 0
			for i := range 64 {
				user := string(rune('0'+i/8)) + string(rune('0'+i%8))
				first := ""
				for range 3 {
					a := client.send("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\n" + c.request(user)).recv("POST")
					if a.StatusCode != 200 {
						t.Fatalf("got %d %s", a.StatusCode, a.body)
					}
					if versions[a.body]++; first != "" && first != a.body {
						moved++
					}
					first = a.body
				}
			}
			if c.sticky != (moved == 0) || len(versions) != 2 {
				t.Errorf("%d moved; by version: %v", moved, versions)
			}
			for pin, want := range map[string]int{"1": 200, "2": 200, "3": 404} {
				a := client.send("GET /v2/models/m HTTP/1.1\r\nHost: h\r\nX-Weir-Version: " + pin + "\r\n\r\n").recv("GET")
				if a.StatusCode != want || want == 200 && a.body != pin {
					t.Errorf("pin %s: %d %s", pin, a.StatusCode, a.body)
				}
			}
		})
	}
}

// panicky is an Observer with a defect.
type panicky struct{ silent }

func (panicky) End(x *proxy.Exchange) {
	if x.Status == 200 {
		panic("a defect")
	}
}

func TestAPanicCostsOneConnectionOnly(t *testing.T) {
	b := listen(t, echo)
	w := start(t, setup{upstreams: map[string][]string{"1": {b.url}}, observer: panicky{}, quiet: true})
	for range 3 {
		c := w.dial().send(plain)
		c.recv("POST") // the panic came behind the answer
		if !c.ended() {
			t.Error("the connection goes on")
		}
	}
	waitFor(t, func() bool { return w.server.Active() == 0 && w.pools["1"].Endpoints()[0].InFlight == 0 })
}
