package proxy_test

import (
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-gateway/weir/proxy"
)

// outcome is what a fault between the gateway and a model server comes to.
type outcome struct {
	status int    // of the answer; 0: none came
	whole  bool   // the client has a whole answer
	body   string // if it is whole and 200
	fault  proxy.Fault
	runs   int32 // requests that the model server took whole
	sent   uint64
}

func answered(runs int32, sent uint64) outcome {
	return outcome{status: 200, whole: true, body: "answer", runs: runs, sent: sent}
}

func problem(status int, fault proxy.Fault, runs int32) outcome {
	return outcome{status: status, whole: true, fault: fault, runs: runs}
}

// shapes are the requests that faults are tried with.
type shape struct {
	request string
	length  int // of the body
}

func shapes() map[string]shape {
	const long = 300_000
	chunks := strings.Repeat("1000\r\n"+strings.Repeat("x", 0x1000)+"\r\n", long/0x1000)
	post := "POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\n"
	return map[string]shape{
		"short":   {plain, 5},
		"long":    {fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", post, long, strings.Repeat("x", long)), long},
		"chunked": {post + "Transfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n", long / 0x1000 * 0x1000},
	}
}

// faulty runs one request through a link that does h to the first connection.
func faulty(t *testing.T, s shape, settings proxy.Settings, slow bool, h harm, answer []string, released chan struct{}) outcome {
	t.Helper()
	var runs atomic.Int32
	b := listen(t, func(p *peer) {
		for {
			req, body := p.request()
			if req == nil {
				return
			}
			if len(body) != s.length {
				t.Errorf("the model server took a body of %d bytes for a whole one", len(body))
			}
			runs.Add(1)
			for _, part := range answer {
				p.send(part)
			}
		}
	})
	delay, piece := time.Duration(0), 0
	if slow {
		delay, piece = time.Millisecond, max(s.length/20, 3)
	}
	k := newLink(t, strings.TrimPrefix(b.url, "http://"), 1, delay, piece, h)
	counters := new(proxy.PoolCounters)
	w := start(t, setup{upstreams: map[string][]string{"1": {k.url}}, settings: settings, pool: proxy.PoolConfig{Counters: counters}, quiet: true})
	c := w.dial()
	go func() { _, _ = io.WriteString(c, s.request) }() // the gateway may answer before it has all
	var got outcome
	if h.after != nil {
		// What the link has passed on has reached the client before it goes on.
		for line := ""; line != "\r\n"; {
			var err error
			if line, err = c.r.ReadString('\n'); err != nil {
				t.Fatal("client:", err)
			}
		}
		if _, err := c.r.ReadByte(); err != nil {
			t.Fatal("client:", err)
		}
		close(released)
		_, err := io.ReadAll(c.r)
		got.status, got.whole = 200, err == nil
	} else if a, err := c.tryRecv("POST"); a.Response != nil {
		got.status, got.whole = a.StatusCode, err == nil
		if got.whole && a.StatusCode == 200 {
			got.body = a.body
		}
	}
	c.Close() // or the gateway would wait for what is left of the request
	x := w.watchers["1"].next(t)
	got.fault, got.runs, got.sent = x.Fault, runs.Load(), counters.Retried.Load()
	if uint64(x.Retries) != got.sent {
		t.Errorf("%d retries told, %d counted", x.Retries, got.sent)
	}
	return got
}

const wholeAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer"

// TestWhatAFaultComesTo is the table of docs/limits.md's words: what is done to
// the connection to the model server, what the client gets, and what is counted.
func TestWhatAFaultComesTo(t *testing.T) {
	cut := outcome{status: 200, fault: proxy.FaultReset, runs: 1}
	reset, late := problem(502, proxy.FaultReset, 0), problem(504, proxy.FaultTimeout, 0)
	resetAtWork := problem(502, proxy.FaultReset, 1)
	chunked := []string{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nans\r\n", "3\r\nwer\r\n0\r\n\r\n"}
	for _, c := range []struct {
		name              string
		harm              harm
		answer            []string
		plain, idempotent outcome
		only              string // a shape; all
		slow              bool   // in small pieces, each late by another time
	}{
		{name: "nothing", plain: answered(1, 0), idempotent: answered(1, 0)},
		{name: "reset at the first byte", harm: harm{up: true, at: 1, how: resets}, plain: reset, idempotent: answered(1, 1)},
		{name: "reset in the request's head", harm: harm{up: true, at: 40, how: resets}, plain: reset, idempotent: answered(1, 1)},
		{name: "reset in the request's body", harm: harm{up: true, at: 150_000, how: resets}, plain: reset, idempotent: answered(1, 1), only: "long"},
		{name: "reset among the chunks", harm: harm{up: true, at: 150_000, how: resets}, plain: reset, idempotent: answered(1, 1), only: "chunked"},
		{name: "end in the request's head", harm: harm{up: true, at: 40, how: ends}, plain: reset, idempotent: answered(1, 1)},
		{name: "half close in the request's head", harm: harm{up: true, at: 40, how: halfCloses}, plain: reset, idempotent: answered(1, 1)},
		{name: "half close in the request's body", harm: harm{up: true, at: 150_000, how: halfCloses}, plain: reset, idempotent: answered(1, 1), only: "long"},
		{name: "black hole in the request's head", harm: harm{up: true, at: 40, how: swallows}, plain: late, idempotent: late},
		{name: "reset instead of an answer", harm: harm{how: resets}, plain: resetAtWork, idempotent: answered(2, 1)},
		{name: "end instead of an answer", harm: harm{how: ends}, plain: resetAtWork, idempotent: answered(2, 1)},
		{name: "black hole instead of an answer", harm: harm{how: swallows}, plain: problem(504, proxy.FaultTimeout, 1), idempotent: problem(504, proxy.FaultTimeout, 1)},
		// From the first byte of an answer on nothing is repeated.
		{name: "end in the answer's head", harm: harm{at: 20, how: ends}, plain: resetAtWork, idempotent: resetAtWork},
		{name: "black hole in the answer's head", harm: harm{at: 20, how: swallows}, plain: problem(504, proxy.FaultTimeout, 1), idempotent: problem(504, proxy.FaultTimeout, 1)},
		{name: "end in the answer's body", harm: harm{at: len(wholeAnswer) - 3, how: ends}, plain: cut, idempotent: cut},
		{name: "end among the answer's chunks", harm: harm{at: len(chunked[0]), how: ends}, answer: chunked, plain: cut, idempotent: cut},
		{name: "reset in the answer's body", harm: harm{at: len(wholeAnswer) - 3, how: resets, after: make(chan struct{})}, plain: cut, idempotent: cut},
		{name: "reset among the answer's chunks", harm: harm{at: len(chunked[0]), how: resets, after: make(chan struct{})}, answer: chunked, plain: cut, idempotent: cut},
		{
			name: "black hole in the answer's body", harm: harm{at: len(wholeAnswer) - 3, how: swallows},
			plain: outcome{status: 200, fault: proxy.FaultTimeout, runs: 1}, idempotent: outcome{status: 200, fault: proxy.FaultTimeout, runs: 1},
		},
		{name: "latency and jitter", slow: true, plain: answered(1, 0), idempotent: answered(1, 0)},
		{name: "a drip that ends in the answer's body", slow: true, harm: harm{at: len(wholeAnswer) - 3, how: ends}, plain: cut, idempotent: cut},
		{name: "a drip of the answer", answer: strings.Split(wholeAnswer, ""), plain: answered(1, 0), idempotent: answered(1, 0)},
	} {
		for kind, s := range shapes() {
			if c.only != "" && c.only != kind {
				continue
			}
			for _, idempotent := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %s, idempotent=%v", c.name, kind, idempotent), func(t *testing.T) {
					t.Parallel()
					settings := proxy.Settings{Idempotent: idempotent}
					if c.harm.how == swallows {
						settings.Timeout, settings.Idle = 400*time.Millisecond, 400*time.Millisecond
					}
					h, want, answer := c.harm, c.plain, c.answer
					if idempotent {
						want = c.idempotent
					}
					if answer == nil {
						answer = []string{wholeAnswer}
					}
					var released chan struct{}
					if h.after != nil {
						released = make(chan struct{})
						h.after = released
					}
					if got := faulty(t, s, settings, c.slow, h, answer, released); got != want {
						t.Errorf("got  %+v\nwant %+v", got, want)
					}
				})
			}
		}
	}
}
