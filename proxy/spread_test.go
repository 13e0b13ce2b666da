package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-gateway/weir/proxy"
)

const broken = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"

func TestAnEndpointThatFailsIsLeftOut(t *testing.T) {
	for name, script := range map[string]func(*peer){
		"500":   always(broken),
		"reset": func(p *peer) { p.request(); p.reset() },
		"nonsense": func(p *peer) {
			if req, _ := p.request(); req != nil {
				p.send("not HTTP\r\n\r\n")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bad, good := listen(t, script), listen(t, echo)
			counters := new(proxy.PoolCounters)
			w := start(t, setup{upstreams: map[string][]string{"1": {bad.url, good.url}}, pool: proxy.PoolConfig{
				EjectAfter: 3, EjectTime: time.Hour, Balance: proxy.RoundRobin, Counters: counters,
			}})
			failed := 0
			for range 20 {
				if a := w.once(plain); a.StatusCode != 200 {
					failed++
				}
			}
			e := w.pools["1"].Endpoints()
			if failed != 3 || !e[0].Ejected || !e[0].Healthy || e[1].Ejected || counters.Ejected.Load() != 1 {
				t.Errorf("%d failed: %+v", failed, e)
			}
		})
	}
}

func TestWithEveryEndpointFailingHalfStayIn(t *testing.T) {
	var urls []string
	for range 4 {
		urls = append(urls, listen(t, always(broken)).url)
	}
	w := start(t, setup{upstreams: map[string][]string{"1": urls}, pool: proxy.PoolConfig{EjectAfter: 1, EjectTime: time.Hour}})
	for range 40 {
		if a := w.once(plain); a.StatusCode != 500 {
			t.Fatalf("got %d: not the endpoint's own answer", a.StatusCode)
		}
	}
	out := 0
	for _, e := range w.pools["1"].Endpoints() {
		if e.Ejected {
			out++
		}
	}
	if out != 2 {
		t.Errorf("%d of 4 are left out", out)
	}
}

// names resolves one name to what a test says.
type names struct {
	mu    sync.Mutex
	addrs []netip.AddrPort
	err   error
	asked atomic.Int32
}

func (n *names) set(err error, addrs ...string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.err, n.addrs = err, nil
	for _, a := range addrs {
		ip, own, err := net.SplitHostPort(a)
		if err != nil {
			ip, own = a, "0"
		}
		n.addrs = append(n.addrs, netip.MustParseAddrPort(net.JoinHostPort(ip, own)))
	}
}

func (n *names) resolve(_ context.Context, name string) ([]netip.AddrPort, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.asked.Add(1)
	if name != "models.test" {
		return nil, fmt.Errorf("asked for %q", name)
	}
	return append([]netip.AddrPort(nil), n.addrs...), n.err
}

func (n *names) turn(t *testing.T) {
	asked := n.asked.Load()
	waitFor(t, func() bool { return n.asked.Load() > asked+1 })
}

func TestTheAddressesOfANameAreEndpoints(t *testing.T) {
	b := listen(t, echo)
	_, port, _ := net.SplitHostPort(b.url[len("http://"):])
	dns := new(names)
	dns.set(nil, "127.0.0.1", "127.0.0.2")
	pool, err := proxy.NewPool(proxy.PoolConfig{
		Endpoints: []string{"http://models.test:" + port}, Resolve: dns.resolve,
		ResolveInterval: time.Millisecond, HealthInterval: time.Hour,
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	have := func(want ...string) {
		t.Helper()
		waitFor(t, func() bool {
			all := pool.Endpoints()
			if len(all) != len(want) {
				return false
			}
			for i, e := range all {
				if e.Address != want[i]+":"+port || e.URL != "http://models.test:"+port {
					return false
				}
			}
			return true
		})
	}
	have("127.0.0.1", "127.0.0.2")
	dns.set(nil, "127.0.0.1", "127.0.0.3", "::1", "127.0.0.1")
	have("127.0.0.1", "127.0.0.3")
	dns.set(errors.New("the name server is down"))
	dns.turn(t)
	have("127.0.0.1", "127.0.0.3")
	dns.set(nil)
	dns.turn(t)
	have("127.0.0.1", "127.0.0.3")
	dns.set(nil, "::1")
	waitFor(t, func() bool { all := pool.Endpoints(); return len(all) == 1 && all[0].Address == "[::1]:"+port })
	dns.set(nil, "127.0.0.1:81", "127.0.0.1:80") // as a catalog has them
	waitFor(t, func() bool {
		all := pool.Endpoints()
		return len(all) == 2 && all[0].Address == "127.0.0.1:80" && all[1].Address == "127.0.0.1:81"
	})
}

func TestARequestAtAnAddressThatIsGoneEndsThere(t *testing.T) {
	b := listen(t, nil)
	_, port, _ := net.SplitHostPort(b.url[len("http://"):])
	dns := new(names)
	dns.set(nil, "127.0.0.1")
	w := start(t, setup{upstreams: map[string][]string{"1": {"http://models.test:" + port}}, pool: proxy.PoolConfig{
		Resolve: dns.resolve, ResolveInterval: time.Millisecond,
	}})
	waitFor(t, func() bool { return w.pools["1"].Endpoints()[0].Address == "127.0.0.1:"+port })
	c := w.dial().send(plain)
	p, _ := b.take(t)
	dns.set(nil, "127.0.0.9")
	waitFor(t, func() bool { return w.pools["1"].Endpoints()[0].Address == "127.0.0.9:"+port })
	p.answerOne()
	if a := c.recv("POST"); a.StatusCode != 200 {
		t.Error(a.StatusCode)
	}
	if p.head() != "" {
		t.Error("its connection was used again")
	}
}
