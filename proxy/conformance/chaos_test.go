package conformance_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-gateway/weir/proxy"
)

// whim answers a request in one of the ways in which origins misbehave. It
// returns whether the connection goes on.
type whim func(conn *net.TCPConn, random *rand.Rand, body string) bool

// framed is a right answer to a body, framed somehow.
func framed(random *rand.Rand, body string) string {
	switch random.IntN(2) {
	case 0:
		return fmt.Sprintf("%sContent-Length: %d\r\n\r\n%s", ok, len(body), body)
	default:
		at := 1 + random.IntN(len(body)-1)
		return fmt.Sprintf("%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n%x\r\n%s\r\n0\r\n\r\n", ok, at, body[:at], len(body)-at, body[at:])
	}
}

var whims = []whim{
	func(conn *net.TCPConn, random *rand.Rand, body string) bool { // none
		_, err := io.WriteString(conn, framed(random, body))
		return err == nil
	},
	func(conn *net.TCPConn, random *rand.Rand, body string) bool { // in pieces, with pauses
		for _, b := range []byte(framed(random, body)) {
			if _, err := conn.Write([]byte{b}); err != nil {
				return false
			}
			if random.IntN(50) == 0 {
				pause(time.Millisecond)
			}
		}
		return true
	},
	func(conn *net.TCPConn, random *rand.Rand, body string) bool { // breaks off
		all := framed(random, body)
		_, _ = io.WriteString(conn, all[:random.IntN(len(all))])
		return false
	},
	func(conn *net.TCPConn, random *rand.Rand, body string) bool { // breaks off with a reset
		all := framed(random, body)
		_, _ = io.WriteString(conn, all[:random.IntN(len(all))])
		_ = conn.SetLinger(0)
		return false
	},
	func(conn *net.TCPConn, random *rand.Rand, body string) bool { // one byte is another
		all := []byte(framed(random, body))
		all[random.IntN(strings.Index(string(all), "\r\n\r\n"))] = byte(random.IntN(32))
		_, _ = conn.Write(all)
		return false
	},
	func(conn *net.TCPConn, random *rand.Rand, body string) bool { // says more than it should
		_, _ = io.WriteString(conn, framed(random, body)+"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen")
		return true
	},
	func(*net.TCPConn, *rand.Rand, string) bool { return false }, // says nothing
	func(conn *net.TCPConn, random *rand.Rand, body string) bool { // says it before the body has come
		_, _ = io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n"+framed(random, body))
		pause(time.Duration(random.IntN(500)) * time.Microsecond)
		return false // and closes while idle
	},
}

// TestEveryAnswerIsTheRightOneOrVisiblyNone sends thousands of requests at an
// origin that misbehaves at random. Whatever a client can take for a whole answer
// with status 200 must be the answer to its own request.
func TestEveryAnswerIsTheRightOneOrVisiblyNone(t *testing.T) {
	const seed, clients, each = 2026, 16, 250
	var conns atomic.Uint64
	l := listen(t, func(conn *net.TCPConn) {
		random := rand.New(rand.NewPCG(seed, conns.Add(1)))
		r := bufio.NewReader(conn)
		for {
			h, err := readHead(r)
			if err != nil {
				return
			}
			f, err := h.framing(1)
			if err != nil {
				t.Errorf("seed %d: the origin got %q", seed, h.raw)
				return
			}
			body, err := readBody(r, f)
			if err != nil || !whims[random.IntN(len(whims))](conn, random, body) {
				return
			}
		}
	})
	g := weir(t, l.address, setup{settings: proxy.Settings{Timeout: patience}})
	var right, wrongly atomic.Int64
	var running sync.WaitGroup
	for n := range clients {
		running.Go(func() {
			random := rand.New(rand.NewPCG(seed, 1<<32|uint64(n)))
			for i := range each {
				body := fmt.Sprintf("client %d, request %d, %s", n, i, strings.Repeat("x", random.IntN(3000)))
				a, err := g.post(random, body)
				switch {
				case err != nil:
					wrongly.Add(1) // visibly
				case a.status == 200 && a.body == body:
					right.Add(1)
				case a.status == 200:
					t.Errorf("seed %d: %.40q got the answer %.60q", seed, body, a.body)
				case a.status != 502:
					t.Errorf("seed %d: %.40q got %d", seed, body, a.status)
				default:
					wrongly.Add(1)
				}
			}
		})
	}
	running.Wait()
	t.Logf("seed %d: %d right answers, %d that were visibly none, over %d connections to the origin", seed, right.Load(), wrongly.Load(), conns.Load())
	if right.Load() < clients*each/4 || wrongly.Load() < clients*each/4 {
		t.Error("the test tests little")
	}
}

// post sends one POST on a connection of its own, in random pieces and framing.
func (g gateway) post(random *rand.Rand, body string) (*answer, error) {
	conn, err := net.Dial("tcp", g.address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(patience))
	request := fmt.Sprintf("POST /m/x HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	if random.IntN(2) == 0 {
		at := 1 + random.IntN(len(body)-1)
		request = fmt.Sprintf("POST /m/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n%x;a=b\r\n%s\r\n0\r\nX: y\r\n\r\n",
			at, body[:at], len(body)-at, body[at:])
	}
	for len(request) > 0 {
		n := 1 + random.IntN(len(request))
		if _, err := io.WriteString(conn, request[:n]); err != nil {
			break // there may be an answer
		}
		request = request[n:]
	}
	d := &driver{conn: conn.(*net.TCPConn), r: bufio.NewReader(conn)}
	a, err := d.answer("POST")
	if err == nil && !a.whole {
		err = io.ErrUnexpectedEOF
	}
	return a, err
}
