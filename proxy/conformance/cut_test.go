package conformance_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// cutAnswers are answers by framing. Their bodies have what ends a chunked body
// in them, and the ends of lines.
var cutAnswers = []struct{ name, head, body, payload string }{
	{"length", ok + "Content-Length: 26\r\n\r\n", payload, payload},
	{"chunks", ok + "Transfer-Encoding: chunked\r\n\r\n", "5\r\nhello\r\n1\r\n \r\n14;a=\"b\"\r\n" + payload[6:] + "\r\n0\r\nX-T: v\r\n\r\n", payload},
	{"until the end", ok + "\r\n", payload, payload},
}

const payload = "hello 0\r\n\r\nHTTP/1.1 200 OK"

// inBatches runs n jobs, some at a time.
func inBatches(n int, job func(i int)) {
	var running sync.WaitGroup
	turns := make(chan struct{}, 32)
	for i := range n {
		turns <- struct{}{}
		running.Go(func() {
			defer func() { <-turns }()
			job(i)
		})
	}
	running.Wait()
}

// TestAnAnswerCutAtAnyByteIsNeverPassedOffAsWhole cuts each answer behind each
// of its bytes, with an orderly end and with a reset, for clients of HTTP/1.1
// and 1.0. An answer that ends with its connection can't be told from a shorter
// one if that end is orderly; all else can.
func TestAnAnswerCutAtAnyByteIsNeverPassedOffAsWhole(t *testing.T) {
	o := newOrigin(t, map[string]*reply{})
	g := weir(t, o.address, setup{})
	for _, a := range cutAnswers {
		if a.name == "length" && len(a.payload) != 26 {
			t.Fatal(len(a.payload))
		}
		for _, then := range []after{closes, resets} {
			for _, version := range []string{"1.1", "1.0"} {
				name := fmt.Sprintf("%s, %s, HTTP/%s", a.name, map[after]string{closes: "end", resets: "reset"}[then], version)
				t.Run(name, func(t *testing.T) {
					whole := a.head + a.body
					inBatches(len(whole)+1, func(n int) {
						got, err := g.throughCut(o, whole[:n], then, version)
						indistinct := a.name == "until the end" && then == closes && n >= len(a.head)
						switch {
						case err != nil:
							t.Errorf("cut behind byte %d: %v", n, err)
						case n == len(whole) && then == closes && (!got.whole || got.body != a.payload):
							t.Errorf("the whole answer came through as %d, %q, whole=%v", got.status, got.body, got.whole)
						case n < len(whole) && got.status == 200 && got.whole && !indistinct,
							then == resets && a.name == "until the end" && got.status == 200 && got.whole:
							t.Errorf("cut behind byte %d: passed off as whole: %q", n, got.body)
						case got.status == 200 && !strings.HasPrefix(a.payload, got.body):
							t.Errorf("cut behind byte %d: the client got %q", n, got.body)
						case n < len(a.head) && got.status != 502:
							t.Errorf("cut behind byte %d of the head: %d", n, got.status)
						}
					})
				})
			}
		}
	}
}

// throughCut has an origin answer with bytes and then break off, and returns
// what a client of HTTP/version gets.
func (g gateway) throughCut(o *origin, bytes string, then after, version string) (*answer, error) {
	id := o.plan(&reply{bytes: bytes, then: then})
	conn, err := net.Dial("tcp", g.address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(conn, "POST /m/~"+id+"~ HTTP/"+version+"\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi")
	d := &driver{conn: conn.(*net.TCPConn), r: bufio.NewReader(conn)}
	a, err := d.answer("POST")
	switch {
	case a == nil:
		return nil, fmt.Errorf("no answer: %w", err)
	case a.fault != "":
		return nil, fmt.Errorf("malformed: %s", a.fault)
	case err != nil && !isEnd(err):
		return nil, err
	}
	return a, nil
}

// TestARequestCutAtAnyByteNeverReachesAnOriginAsWhole has the client vanish
// behind every byte of its request.
func TestARequestCutAtAnyByteNeverReachesAnOriginAsWhole(t *testing.T) {
	o := newOrigin(t, map[string]*reply{})
	g := weir(t, o.address, setup{})
	sent := map[string]string{}
	var mu sync.Mutex
	for _, request := range []string{
		five + "\r\nhello", coded + "5\r\nhello\r\n1;a=b\r\n0\r\n0\r\nX-T: v\r\n\r\n", get + none,
	} {
		for _, then := range []after{closes, resets} {
			inBatches(len(request), func(n int) {
				id := o.plan(nil)
				mu.Lock()
				sent[id] = request[:n]
				mu.Unlock()
				conn, err := net.Dial("tcp", g.address)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.WriteString(conn, strings.ReplaceAll(request[:n], "~~", "~"+id+"~"))
				if then == resets {
					_ = conn.(*net.TCPConn).SetLinger(0)
				}
				conn.Close()
			})
		}
	}
	// When both have come to their ends nothing more can arrive.
	g.stop()
	o.drain()
	for id, bytes := range sent {
		for _, s := range o.all[id] {
			if !s.cut {
				t.Errorf("%q reached the origin as a whole request", bytes)
			}
		}
	}
}
