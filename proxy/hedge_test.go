package proxy_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/proxy"
)

// two is a gateway with two endpoints, of which the test sees every request.
type two struct {
	*weir
	t        *testing.T
	arrived  [2]chan *asked // by endpoint; see first and second
	counters *proxy.PoolCounters
}

// asked is a request that an endpoint has read.
type asked struct {
	*peer
	ended chan struct{} // closed with the connection
}

func (a *asked) hasEnded(t *testing.T) {
	t.Helper()
	select {
	case <-a.ended:
	case <-time.After(patience):
		t.Error("the other endpoint goes on")
	}
}

// hedging starts one. Every request saves a whole hedge, and its first endpoint
// may be silent for a moment.
func hedging(t *testing.T, change func(*setup)) *two {
	w := &two{t: t, counters: new(proxy.PoolCounters)}
	var urls []string
	for i := range w.arrived {
		w.arrived[i] = make(chan *asked, 100)
		urls = append(urls, listen(t, func(p *peer) {
			ended := make(chan struct{})
			defer close(ended)
			for {
				if req, body := p.request(); req == nil || body == "" {
					return
				}
				w.arrived[i] <- &asked{p, ended}
			}
		}).url)
	}
	s := setup{
		upstreams: map[string][]string{"1": urls},
		settings:  proxy.Settings{Idempotent: true}, quiet: true,
		pool: proxy.PoolConfig{
			Hedge: proxy.Hedge{After: time.Millisecond, Budget: 100}, Counters: w.counters, Balance: proxy.RoundRobin,
		},
	}
	if change != nil {
		change(&s)
	}
	w.weir = start(t, s)
	return w
}

// first and second wait for a request at the endpoint that is asked first, in
// turn, and at the other one.
func (w *two) first() *asked { return w.next(w.arrived[1]) }

func (w *two) second() *asked { return w.next(w.arrived[0]) }

func (w *two) next(arrived chan *asked) *asked {
	w.t.Helper()
	select {
	case a := <-arrived:
		return a
	case <-time.After(patience):
		w.t.Fatal("no request came")
		return nil
	}
}

// either waits for a request at any of the two.
func (w *two) either() *asked {
	w.t.Helper()
	waitFor(w.t, func() bool { return len(w.arrived[0])+len(w.arrived[1]) > 0 })
	if len(w.arrived[0]) > 0 {
		return <-w.arrived[0]
	}
	return <-w.arrived[1]
}

// counted says what became of the hedges.
func (w *two) counted() string {
	c := w.counters
	return fmt.Sprintf("won %d, lost %d, failed %d, over budget %d, nowhere %d; again %d",
		c.HedgesWon.Load(), c.HedgesLost.Load(), c.HedgesFailed.Load(), c.HedgesUnbudgeted.Load(), c.HedgesNowhere.Load(), c.Retried.Load())
}

func (w *two) expect(want string) {
	w.t.Helper()
	if got := w.counted(); got != want {
		w.t.Errorf("counted: %s; want: %s", got, want)
	}
}

func says(text string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
}

func TestASecondEndpointIsAskedWhereTheFirstIsSilent(t *testing.T) {
	w := hedging(t, nil)
	c := w.dial().send(plain)
	first, second := w.first(), w.second()
	second.send(says("second"))
	if a := c.recv("POST"); a.StatusCode != 200 || a.body != "second" {
		t.Errorf("got %d %q", a.StatusCode, a.body)
	}
	first.hasEnded(t)
	if x := w.watchers["1"].next(t); x.Fault != proxy.FaultNone || x.Status != 200 || x.Retries != 0 {
		t.Errorf("told: %+v", x)
	}
	w.expect("won 1, lost 0, failed 0, over budget 0, nowhere 0; again 0")
	// The winner's connection is kept.
	waitFor(t, func() bool {
		e := w.pools["1"].Endpoints()
		return e[0].InFlight+e[1].InFlight == 0 && e[0].Idle == 1 && e[1].Idle == 0
	})
}

func TestTheFirstEndpointMayStillAnswerFirst(t *testing.T) {
	w := hedging(t, nil)
	c := w.dial().send(plain)
	first, second := w.first(), w.second()
	first.send(says("first"))
	if a := c.recv("POST"); a.body != "first" {
		t.Errorf("got %q", a.body)
	}
	second.hasEnded(t)
	w.expect("won 0, lost 1, failed 0, over budget 0, nowhere 0; again 0")
	waitFor(t, func() bool {
		e := w.pools["1"].Endpoints()
		return e[0].InFlight+e[1].InFlight == 0 && e[0].Idle+e[1].Idle == 1
	})
}

func TestAStreamOfTheSecondEndpointIsRelayedToItsEnd(t *testing.T) {
	w := hedging(t, nil)
	c := w.dial().send(plain)
	second := w.second()
	second.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
	for line := ""; line != "abc\r\n"; {
		var err error
		if line, err = c.r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	second.send("3\r\ndef\r\n0\r\n\r\n")
	for line := ""; line != "def\r\n"; {
		var err error
		if line, err = c.r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOneOfBothMayDie(t *testing.T) {
	t.Run("the first", func(t *testing.T) {
		w := hedging(t, nil)
		c := w.dial().send(plain)
		first, second := w.first(), w.second()
		first.reset()
		second.send(says("second"))
		if a := c.recv("POST"); a.body != "second" {
			t.Errorf("got %q", a.body)
		}
		w.expect("won 1, lost 0, failed 0, over budget 0, nowhere 0; again 0")
	})
	t.Run("the second", func(t *testing.T) {
		w := hedging(t, nil)
		c := w.dial().send(plain)
		first, second := w.first(), w.second()
		second.reset()
		waitFor(t, func() bool { e := w.pools["1"].Endpoints(); return e[0].InFlight+e[1].InFlight == 1 })
		first.send(says("first"))
		if a := c.recv("POST"); a.body != "first" {
			t.Errorf("got %q", a.body)
		}
		w.expect("won 0, lost 0, failed 1, over budget 0, nowhere 0; again 0")
	})
	t.Run("both", func(t *testing.T) {
		w := hedging(t, nil)
		c := w.dial().send(plain)
		first, second := w.first(), w.second()
		second.reset()
		waitFor(t, func() bool { e := w.pools["1"].Endpoints(); return e[0].InFlight+e[1].InFlight == 1 })
		first.reset()
		// Both have been tried, and there is no third.
		if a := c.recv("POST"); a.StatusCode != 502 {
			t.Errorf("got %d %q", a.StatusCode, a.body)
		}
		w.expect("won 0, lost 0, failed 1, over budget 0, nowhere 0; again 0")
	})
}

func TestHedgesKeepToTheirBudget(t *testing.T) {
	w := hedging(t, func(s *setup) { s.pool.Hedge.Budget = 10 })
	c := w.dial()
	hedged := 0
	for range 40 {
		before := w.counters.HedgesUnbudgeted.Load()
		c.send(plain)
		first := w.first()
		// It is silent until the second is asked, or is not for lack of budget.
		waitFor(t, func() bool { return len(w.arrived[0]) > 0 || w.counters.HedgesUnbudgeted.Load() > before })
		if w.counters.HedgesUnbudgeted.Load() == before {
			hedged++
			w.second()
		}
		first.send(says("first"))
		if a := c.recv("POST"); a.body != "first" {
			t.Fatalf("got %q", a.body)
		}
	}
	if hedged != 4 {
		t.Errorf("%d of 40 were hedged", hedged)
	}
	w.expect("won 0, lost 4, failed 0, over budget 36, nowhere 0; again 0")
}

func TestWhatIsNotHedged(t *testing.T) {
	long := fmt.Sprintf("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: 300000\r\n\r\n%s", strings.Repeat("x", 300_000))
	for name, c := range map[string]struct {
		request string
		change  func(*setup)
		nowhere int
	}{
		"a model that isn't idempotent": {plain, func(s *setup) { s.settings.Idempotent = false }, 0},
		"a version with one endpoint":   {plain, func(s *setup) { s.upstreams["1"] = s.upstreams["1"][:1] }, 0},
		"a body that is not kept":       {long, func(s *setup) { s.settings.ReplayLimit = 200_000 }, 0},
		"without being asked to":        {plain, func(s *setup) { s.pool.Hedge = proxy.Hedge{} }, 0},
		"a quantile that isn't known":   {plain, func(s *setup) { s.pool.Hedge = proxy.Hedge{Quantile: 0.95} }, 0},
		"where nobody else is well":     {plain, func(s *setup) { s.upstreams["1"][1] = "http://127.0.0.1:1" }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := hedging(t, c.change)
			waitFor(t, func() bool {
				for _, e := range w.pools["1"].Endpoints() {
					if !e.Checked {
						return false
					}
				}
				return true
			})
			client := w.dial().send(c.request)
			first := w.either()
			// A hundred times as long as a hedge would take; where it is counted, that is waited for.
			time.Sleep(100 * time.Millisecond)
			waitFor(t, func() bool { return int(w.counters.HedgesNowhere.Load()) == c.nowhere })
			first.send(says("first"))
			if a := client.recv("POST"); a.body != "first" {
				t.Errorf("got %q", a.body)
			}
			w.expect(fmt.Sprintf("won 0, lost 0, failed 0, over budget 0, nowhere %d; again 0", c.nowhere))
			if len(w.arrived[0])+len(w.arrived[1]) > 0 {
				t.Error("another endpoint was asked")
			}
		})
	}
}

func TestAClientThatLeavesEndsBoth(t *testing.T) {
	w := hedging(t, nil)
	c := w.dial().send(plain)
	first, second := w.first(), w.second()
	c.Close()
	first.hasEnded(t)
	second.hasEnded(t)
	if x := w.watchers["1"].next(t); x.Fault != proxy.FaultClientGone {
		t.Errorf("fault %v", x.Fault)
	}
}

func TestBothHaveTheFirstOnesTime(t *testing.T) {
	w := hedging(t, func(s *setup) { s.settings.Timeout = 300 * time.Millisecond })
	c := w.dial().send(plain)
	first, second := w.first(), w.second()
	if a := c.recv("POST"); a.StatusCode != 504 {
		t.Errorf("got %d", a.StatusCode)
	}
	first.hasEnded(t)
	second.hasEnded(t)
}

func TestHedgesGoOverTLSToo(t *testing.T) {
	for _, winner := range []int{0, 1} {
		t.Run(fmt.Sprint("winner ", winner), func(t *testing.T) {
			id := newIdentity(t, t.TempDir(), "server")
			cfg := &tls.Config{Certificates: []tls.Certificate{id.Certificate}}
			var urls []string
			var arrived [2]chan *secret
			for i := range arrived {
				arrived[i] = make(chan *secret, 1)
				urls = append(urls, listenTLS(t, cfg, func(s *secret) {
					for {
						if req, body := s.request(); req == nil || body == "" {
							return
						}
						arrived[i] <- s
					}
				}))
			}
			counters := new(proxy.PoolCounters)
			w := start(t, setup{
				upstreams: map[string][]string{"1": urls},
				settings:  proxy.Settings{Idempotent: true},
				pool: proxy.PoolConfig{
					Hedge: proxy.Hedge{After: time.Millisecond, Budget: 100}, Counters: counters, TLS: proxy.UpstreamTLS{CA: id.cert}, Balance: proxy.RoundRobin,
				},
			})
			c := w.dial().send(plain)
			both := []*secret{<-arrived[1], <-arrived[0]}
			_, _ = io.WriteString(both[winner], says("yes"))
			if a := c.recv("POST"); a.body != "yes" {
				t.Errorf("got %q", a.body)
			}
			if counters.HedgesWon.Load() != uint64(winner) || counters.HedgesLost.Load() != uint64(1-winner) {
				t.Errorf("won %d, lost %d", counters.HedgesWon.Load(), counters.HedgesLost.Load())
			}
		})
	}
}
