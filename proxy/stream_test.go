package proxy_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/proxy"
)

func TestEventsArriveAsTheyAreSent(t *testing.T) {
	next := make(chan string)
	w, _ := one(t, func(p *peer) {
		if p.head() == "" {
			return
		}
		p.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
		for event := range next {
			p.send(fmt.Sprintf("%x;ext=1\r\n%s\r\n", len(event), event))
		}
		p.send("0\r\nX-Trailer: 1\r\n\r\n")
		p.head()
	})
	c := w.dial().send("GET /v2/models/m/events HTTP/1.1\r\nHost: h\r\n\r\n")
	// The head is there before the first event, each event before the next is made.
	for line := ""; line != "\r\n"; {
		var err error
		if line, err = c.r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 20 {
		event := fmt.Sprintf("data: %d\n\n", i)
		next <- event
		want := fmt.Sprintf("%x\r\n%s\r\n", len(event), event)
		got := make([]byte, len(want))
		if _, err := io.ReadFull(c.r, got); err != nil || string(got) != want {
			t.Fatalf("event %d: %q %v", i, got, err)
		}
	}
	close(next)
	end := make([]byte, 5)
	if _, err := io.ReadFull(c.r, end); err != nil || string(end) != "0\r\n\r\n" {
		t.Fatalf("the end: %q %v", end, err)
	}
}

func TestAnAnswerCutAtAnyByteIsNeverPassedOffAsWhole(t *testing.T) {
	for name, response := range map[string]string{
		"length":  "HTTP/1.1 200 OK\r\nContent-Length: 10\r\nA: b\r\n\r\n0123456789",
		"chunked": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a=b\r\n0123\r\n06\r\n456789\r\n0\r\nX: y\r\n\r\n",
	} {
		for _, reset := range []bool{false, true} {
			for cut := range response {
				p := response[:cut]
				w, _ := one(t, func(peer *peer) {
					if peer.head() == "" {
						return
					}
					peer.send(p)
					if reset {
						// Not before the bytes have been taken, which a reset would destroy.
						time.Sleep(time.Millisecond)
						peer.reset()
					}
				})
				c := w.dial().send("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
				a, err := c.tryRecv("POST")
				if err == nil && a.StatusCode == 200 {
					t.Errorf("%s cut at %d, reset=%v: taken for whole: %q", name, cut, reset, a.body)
				}
				x := w.watchers["1"].next(t)
				if x.Fault != proxy.FaultReset || !x.Response.Truncated && x.Response.Bytes != nil {
					t.Errorf("%s cut at %d, reset=%v: exchange %v", name, cut, reset, x.Fault)
				}
				w.server.Shutdown(t.Context())
			}
		}
	}
}

func TestAnAnswerUntilTheEndThatIsResetIsCut(t *testing.T) {
	w, _ := one(t, func(p *peer) {
		if p.head() != "" {
			p.send("HTTP/1.1 200 OK\r\n\r\n0123456789")
			time.Sleep(5 * time.Millisecond) // a reset destroys what has not been taken
			p.reset()
		}
	})
	for _, version := range []string{"1.1", "1.0"} {
		a, err := w.dial().send("POST /v2/models/m/infer HTTP/" + version + "\r\nHost: h\r\nContent-Length: 0\r\n\r\n").tryRecv("POST")
		if err == nil && a.StatusCode == 200 {
			t.Errorf("HTTP/%s: taken for whole: %q", version, a.body)
		}
	}
}

func TestAnswersThatAreNotHTTPAre502(t *testing.T) {
	for name, response := range map[string]string{
		"garbage":            "SSH-2.0-OpenSSH\r\n",
		"length and coding":  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"two lengths":        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
		"negative length":    "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
		"bare LF":            "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
		"folded":             "HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\nok",
		"NUL":                "HTTP/1.1 200 OK\r\nA: \x00\r\nContent-Length: 2\r\n\r\nok",
		"version":            "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"coding":             "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nok",
		"coding in 1.0":      "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"status":             "HTTP/1.1 2x0 OK\r\nContent-Length: 2\r\n\r\nok",
		"upgrade":            "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
		"interims, no end":   strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 50),
		"large head":         "HTTP/1.1 200 OK\r\nA: " + strings.Repeat("a", 40<<10) + "\r\n\r\n",
		"chunk, first bytes": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n",
	} {
		w, _ := one(t, func(p *peer) {
			if p.head() != "" {
				p.send(response)
				io.Copy(io.Discard, p)
			}
		})
		c := w.dial().send("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")
		var a answer
		for a = c.recv("POST"); a.StatusCode < 200; a = c.recv("POST") {
		}
		if a.StatusCode != 502 || !strings.Contains(a.body, "upstream-invalid") || strings.Contains(a.body, "SSH") {
			t.Errorf("%s: %d %q", name, a.StatusCode, a.body)
		}
		if x := w.watchers["1"].next(t); x.Fault != proxy.FaultProtocol || x.Status != 502 {
			t.Errorf("%s: exchange %v %d", name, x.Fault, x.Status)
		}
	}
}

// heap returns the bytes in use after a collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

func Test200MBUpAndDownNeedNoMemory(t *testing.T) {
	const size = 200 << 20
	for name, chunked := range map[string]bool{"length": false, "chunked": true} {
		t.Run(name, func(t *testing.T) {
			inMiddle := make(chan uint64, 2)
			w, _ := one(t, func(p *peer) {
				if p.head() == "" {
					return
				}
				body := io.Reader(io.LimitReader(p.r, size))
				if chunked {
					body = chunkedReader(p.r)
				}
				n, _ := io.CopyN(io.Discard, body, size/2)
				inMiddle <- heap()
				m, _ := io.Copy(io.Discard, body)
				if n+m != size {
					p.send("HTTP/1.1 400 Short\r\nContent-Length: 0\r\n\r\n")
					return
				}
				if chunked {
					p.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
				} else {
					p.send(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size))
				}
				writeBody(p, size, chunked)
			})
			before := heap()
			c := w.dial()
			framing := fmt.Sprintf("Content-Length: %d", size)
			if chunked {
				framing = "Transfer-Encoding: chunked"
			}
			c.send("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\n" + framing + "\r\n\r\n")
			writeBody(c, size, chunked)
			var body io.Reader
			for line := ""; line != "\r\n"; {
				var err error
				if line, err = c.r.ReadString('\n'); err != nil {
					t.Fatal(err)
				}
			}
			if body = io.LimitReader(c.r, size); chunked {
				body = chunkedReader(c.r)
			}
			n, _ := io.CopyN(io.Discard, body, size/2)
			inMiddle <- heap()
			m, err := io.Copy(io.Discard, body)
			if n+m != size || err != nil {
				t.Fatalf("%d bytes came back, %v", n+m, err)
			}
			for range 2 {
				if after := <-inMiddle; after > before+(4<<20) {
					t.Errorf("the heap grew from %d to %d bytes", before, after)
				}
			}
		})
	}
}

func writeBody(w io.Writer, size int, chunked bool) {
	piece := make([]byte, 1<<18)
	for size > 0 {
		n := min(size, 1+rand.IntN(len(piece)))
		if chunked {
			fmt.Fprintf(w, "%x\r\n", n)
		}
		_, _ = w.Write(piece[:n])
		if chunked {
			io.WriteString(w, "\r\n")
		}
		size -= n
	}
	if chunked {
		io.WriteString(w, "0\r\n\r\n")
	}
}

func TestASlowReaderHoldsBackTheModelServer(t *testing.T) {
	sent := make(chan int, 1)
	w, _ := one(t, func(p *peer) {
		if p.head() == "" {
			return
		}
		p.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
		_ = p.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
		n, piece := 0, make([]byte, 1<<16)
		for {
			m, err := p.Write(piece)
			if n += m; err != nil {
				sent <- n
				return
			}
		}
	})
	w.dial().send("GET /v2/models/m HTTP/1.1\r\nHost: h\r\n\r\n")
	// What the kernel buffers on two connections, and no more.
	if n := <-sent; n > 40<<20 {
		t.Errorf("%d bytes were taken from the model server for a client that reads none", n)
	}
}

func TestAnEarlyAnswerComesBeforeTheUploadEnds(t *testing.T) {
	w, _ := one(t, func(p *peer) {
		if p.head() != "" {
			p.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
			io.Copy(io.Discard, p)
		}
	})
	c := w.dial().send("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\nabc")
	if a := c.recv("POST"); a.StatusCode != 403 || a.body != "no" || !a.Close {
		t.Errorf("got %d %q close=%v", a.StatusCode, a.body, a.Close)
	}
	if x := w.watchers["1"].next(t); x.Fault != proxy.FaultNone || x.Status != 403 {
		t.Errorf("exchange: %v %d", x.Fault, x.Status)
	}
}

func TestBothDirectionsStreamAtOnce(t *testing.T) {
	w, _ := one(t, func(p *peer) {
		if p.head() == "" {
			return
		}
		p.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
		for {
			line, err := p.r.ReadString('\n')
			if err != nil {
				return
			}
			if p.send(line); line == "0\r\n" {
				p.send("\r\n")
				return
			}
		}
	})
	c := w.dial().send("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
	for line := ""; line != "\r\n"; {
		var err error
		if line, err = c.r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		c.send("3\r\nabc\r\n")
		got := make([]byte, 8)
		if _, err := io.ReadFull(c.r, got); err != nil || string(got) != "3\r\nabc\r\n" {
			t.Fatalf("%q %v", got, err)
		}
	}
	c.send("0\r\n\r\n")
	if a, err := io.ReadAll(c.r); err != nil || string(a) != "0\r\n\r\n" {
		t.Fatalf("%q %v", a, err)
	}
}

func TestBodiesThatAreTooLargeAre413(t *testing.T) {
	b := listen(t, echo)
	w := start(t, setup{upstreams: map[string][]string{"1": {b.url}}, settings: proxy.Settings{MaxBody: 200_000}})
	for name, request := range map[string]string{
		"length":          "Content-Length: 200001\r\n\r\n",
		"chunked":         "Transfer-Encoding: chunked\r\n\r\n" + fmt.Sprintf("%x\r\n%s\r\n", 200_001, strings.Repeat("a", 200_001)),
		"chunked, slowly": "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("3e8\r\n"+strings.Repeat("a", 1000)+"\r\n", 201),
	} {
		a := w.dial().send("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\n" + request).recv("POST")
		if a.StatusCode != 413 || !a.Close {
			t.Errorf("%s: %d close=%v", name, a.StatusCode, a.Close)
		}
	}
	if a := w.once("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: 200000\r\n\r\n" + strings.Repeat("a", 200_000)); a.StatusCode != 200 {
		t.Errorf("the largest body: %d", a.StatusCode)
	}
}

func TestAPipelinedRequestBehindAChunkedUploadIsAnswered(t *testing.T) {
	w, _ := one(t, echo)
	c := w.dial().send("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
	time.Sleep(5 * time.Millisecond) // so that the rest comes while it streams; either way is right
	c.send("5\r\nworld\r\n0\r\n\r\n" + plain + plain)
	for i, want := range []string{"helloworld", "hello", "hello"} {
		if a := c.recv("POST"); !strings.HasSuffix(a.body, " "+want) {
			t.Errorf("answer %d: %q", i, a.body)
		}
	}
}

func TestAfterAStreamTheConnectionGoesOn(t *testing.T) {
	w, _ := one(t, func(p *peer) {
		for n := 0; ; n++ {
			req, body := p.request()
			if req == nil {
				return
			}
			p.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n" + req.Header.Get("X-N") + "\r\n")
			p.send("5\r\n" + body + "\r\n0\r\n\r\n")
		}
	})
	c := w.dial()
	request := func(n string) string { return strings.Replace(plain, "\r\n", "\r\nX-N: "+n+"\r\n", 1) }
	// The second one waits behind the first; the third comes when nothing is left
	// of what the first two were read to.
	c.send(request("1") + request("2"))
	for _, n := range []string{"1", "2"} {
		if a := c.recv("POST"); a.body != n+"hello" {
			t.Errorf("request %s: got %q", n, a.body)
		}
	}
	if a := c.send(request("3")).recv("POST"); a.body != "3hello" {
		t.Errorf("request 3: got %q", a.body)
	}
}
