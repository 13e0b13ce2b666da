package conformance_test

import (
	"bufio"
	"io"
	"net"
	"slices"
	"testing"
	"time"
)

// leaving is how a client ends its connection.
type leaving struct {
	name  string
	leave func(*net.TCPConn)
}

var leavings = []leaving{
	{"close", func(c *net.TCPConn) { c.Close() }},
	{"reset", func(c *net.TCPConn) { _ = c.SetLinger(0); c.Close() }},
	// A client that ends its sending side counts as gone, as nginx has it: who
	// still wants an answer keeps the connection open.
	{"half-close", func(c *net.TCPConn) { _ = c.CloseWrite() }},
}

// patient is an origin that takes requests and doesn't answer, or streams without
// end; it tells when a request came and when its connection ended.
type patient struct {
	*listener
	came  chan struct{}
	ended chan time.Time
}

func newPatient(t *testing.T, begin string) *patient {
	p := &patient{came: make(chan struct{}), ended: make(chan time.Time)}
	p.listener = listen(t, func(conn *net.TCPConn) {
		r := bufio.NewReader(conn)
		h, err := readHead(r)
		if err != nil {
			return
		}
		f, _ := h.framing(1)
		_, _ = readBody(r, f)
		_, _ = io.WriteString(conn, begin)
		p.came <- struct{}{}
		_, _ = r.ReadByte()
		p.ended <- time.Now()
	})
	return p
}

// TestAClientThatLeavesEndsTheOriginsWork: the figures are reported, and only
// that it happens is asserted.
func TestAClientThatLeavesEndsTheOriginsWork(t *testing.T) {
	const times = 100
	for name, begin := range map[string]string{
		"waiting":   "",
		"streaming": ok + "Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: a\n\n\r\n",
	} {
		for _, l := range leavings {
			t.Run(name+", "+l.name, func(t *testing.T) {
				p := newPatient(t, begin)
				g := weir(t, p.address, setup{})
				var took []time.Duration
				for range times {
					c := g.dial(t)
					_, _ = io.WriteString(c.conn, five+"\r\nhello")
					receive(t, p.came, "the request did not come")
					if begin != "" {
						if _, err := readHead(c.r); err != nil {
							t.Fatal(err)
						}
					}
					left := time.Now()
					l.leave(c.conn)
					took = append(took, receive(t, p.ended, "the origin goes on working").Sub(left))
				}
				slices.Sort(took)
				t.Logf("%s, %s: the origin's connection ended after %v (median), %v (most) of %d", name, l.name, took[times/2], took[times-1], times)
			})
		}
	}
}

func receive[T any](t *testing.T, from <-chan T, otherwise string) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(patience):
		t.Fatal(otherwise)
	}
	return v
}

// TestAHalfClosedTunnelPassesTheOtherHalf: behind an upgrade the end of one
// direction is passed on, and the other goes on.
func TestAHalfClosedTunnelPassesTheOtherHalf(t *testing.T) {
	l := listen(t, func(conn *net.TCPConn) {
		r := bufio.NewReader(conn)
		if _, err := readHead(r); err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
		all, _ := io.ReadAll(r)
		_, _ = conn.Write(append([]byte("got "), all...))
	})
	c := weir(t, l.address, setup{}).dial(t)
	if a := c.ask(t, get+handshake+"\r\n"); a.status != 101 {
		t.Fatal(a.start)
	}
	_, _ = io.WriteString(c.conn, "hello")
	_ = c.conn.CloseWrite()
	if all, err := io.ReadAll(c.r); string(all) != "got hello" || err != nil {
		t.Errorf("got %q, %v", all, err)
	}
}
