package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-gateway/weir/proxy"
)

// mortal is a backend that can be killed: its listener closes, and its
// connections are reset, requests in progress or not.
type mortal struct {
	url  string
	kill func()
}

func mortalBackend(t *testing.T, script func(*peer)) mortal {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	open := map[*peer]bool{}
	dead := false
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p := &peer{t, conn.(*net.TCPConn), bufio.NewReader(conn)}
			mu.Lock()
			if dead {
				p.reset()
				mu.Unlock()
				return
			}
			open[p] = true
			mu.Unlock()
			running.Go(func() {
				script(p)
				mu.Lock()
				delete(open, p)
				mu.Unlock()
				p.Close()
			})
		}
	})
	kill := func() {
		mu.Lock()
		dead = true
		l.Close()
		for p := range open {
			p.reset()
		}
		mu.Unlock()
	}
	t.Cleanup(func() { kill(); running.Wait() })
	return mortal{"http://" + l.Addr().String(), kill}
}

func TestAKilledEndpointFailsNoRequestOfAnIdempotentModel(t *testing.T) {
	const clients, each = 32, 250
	var served atomic.Int64
	var urls []string
	var kills []func()
	for range 3 {
		b := mortalBackend(t, func(p *peer) {
			for {
				req, body := p.request()
				if req == nil {
					return
				}
				time.Sleep(2 * time.Millisecond) // so that some are under way when it dies
				p.send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
				served.Add(1)
			}
		})
		urls, kills = append(urls, b.url), append(kills, b.kill)
	}
	counters := new(proxy.PoolCounters)
	w := start(t, setup{
		upstreams: map[string][]string{"1": urls}, settings: proxy.Settings{Idempotent: true},
		pool: proxy.PoolConfig{Counters: counters}, observer: silent{}, quiet: true,
	})
	var failed atomic.Int64
	var die sync.Once
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			c := w.dial()
			_ = c.SetDeadline(time.Now().Add(6 * patience))
			for range each {
				_, err := io.WriteString(c, plain)
				var a answer
				if err == nil {
					a, err = c.tryRecv("POST")
				}
				if err != nil || a.StatusCode != 200 || a.body != "hello" {
					failed.Add(1)
					t.Errorf("a request failed: %v %+v", err, a)
					return
				}
				if served.Load() >= clients*each/4 {
					die.Do(kills[1])
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d of %d failed; %d sent again", failed.Load(), clients*each, counters.Retried.Load())
	if counters.Unbudgeted.Load() > 0 {
		t.Errorf("%d were not sent again", counters.Unbudgeted.Load())
	}
}

func TestOnlyAnIdempotentModelsRequestsRunTwice(t *testing.T) {
	long := strings.Repeat("x", 300_000)
	upload := func(body string) string {
		return fmt.Sprintf("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	chunked := "POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
	for name, c := range map[string]struct {
		settings proxy.Settings
		request  string
		status   int
		runs     int32
	}{
		"not idempotent":        {proxy.Settings{}, plain, 502, 1},
		"idempotent":            {proxy.Settings{Idempotent: true}, plain, 200, 2},
		"a long body":           {proxy.Settings{Idempotent: true}, upload(long), 200, 2},
		"chunks":                {proxy.Settings{Idempotent: true}, chunked, 200, 2},
		"a body over the limit": {proxy.Settings{Idempotent: true, ReplayLimit: 200_000}, upload(long), 502, 1},
	} {
		t.Run(name, func(t *testing.T) {
			var runs atomic.Int32
			// Whoever gets the first request takes it whole and dies.
			script := func(p *peer) {
				for {
					req, body := p.request()
					if req == nil {
						return
					}
					if runs.Add(1) == 1 {
						p.reset()
						return
					}
					if want := c.request[strings.Index(c.request, "\r\n\r\n")+4:]; c.request != chunked && body != want || c.request == chunked && body != "abcde" {
						t.Errorf("the second run got a body of %d bytes", len(body))
					}
					p.send(ok)
				}
			}
			a, b := listen(t, script), listen(t, script)
			w := start(t, setup{upstreams: map[string][]string{"1": {a.url, b.url}}, settings: c.settings})
			if got := w.once(c.request); got.StatusCode != c.status {
				t.Errorf("got %d %s", got.StatusCode, got.body)
			}
			if n := runs.Load(); n != c.runs {
				t.Errorf("it ran %d times", n)
			}
			if x := w.watchers["1"].next(t); int32(x.Retries) != c.runs-1 {
				t.Errorf("%d retries told", x.Retries)
			}
		})
	}
}

func TestAnIdempotentRequestThatKillsEveryEndpointIsGivenUp(t *testing.T) {
	var runs atomic.Int32
	killer := func(p *peer) {
		if req, _ := p.request(); req != nil {
			runs.Add(1)
			p.reset()
		}
	}
	var urls []string
	for range 6 {
		urls = append(urls, listen(t, killer).url)
	}
	w := start(t, setup{upstreams: map[string][]string{"1": urls}, settings: proxy.Settings{Idempotent: true}})
	if a := w.once(plain); a.StatusCode != 502 {
		t.Errorf("got %d", a.StatusCode)
	}
	// The first retry is among those always allowed; a lone request has saved no more.
	if n := runs.Load(); n > 4 {
		t.Errorf("it ran %d times", n)
	}
}

func TestAnIdempotentRequestIsNotRepeatedOnceItsAnswerHasBegun(t *testing.T) {
	var runs atomic.Int32
	script := func(p *peer) {
		if req, _ := p.request(); req != nil {
			runs.Add(1)
			p.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
			p.CloseWrite()
			p.request()
		}
	}
	a, b := listen(t, script), listen(t, script)
	w := start(t, setup{upstreams: map[string][]string{"1": {a.url, b.url}}, settings: proxy.Settings{Idempotent: true}})
	if _, err := w.dial().send(plain).tryRecv("POST"); err == nil {
		t.Error("the answer looks whole")
	}
	if n := runs.Load(); n != 1 {
		t.Errorf("it ran %d times", n)
	}
}
