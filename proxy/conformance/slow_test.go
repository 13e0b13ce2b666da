package conformance_test

import (
	"bufio"
	"io"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-gateway/weir/proxy"
)

// TestASlowHeadIsRefusedBeforeAnOriginHearsOfIt sends a head byte by byte.
func TestASlowHeadIsRefusedBeforeAnOriginHearsOfIt(t *testing.T) {
	o := newOrigin(t, map[string]*reply{})
	g := weir(t, o.address, setup{config: proxy.Config{HeadTimeout: 100 * time.Millisecond}})
	c := g.dial(t)
	go func() {
		for _, b := range []byte(get + "X-Slow: " + strings.Repeat("a", 10_000)) {
			if _, err := c.conn.Write([]byte{b}); err != nil {
				return
			}
			pause(5 * time.Millisecond)
		}
	}()
	a, err := c.answer("GET")
	if err != nil || a.status != 408 {
		t.Fatalf("%v, %v", a, err)
	}
	if _, err := c.r.ReadByte(); !isEnd(err) {
		t.Error("the connection goes on")
	}
	if len(o.all)+len(o.lost) > 0 {
		t.Error("it reached the origin")
	}
}

// TestABodyThatStandsStillIsGivenUp, and the origin does not take it for whole.
func TestABodyThatStandsStillIsGivenUp(t *testing.T) {
	for _, request := range []string{
		post + "Content-Length: 100000\r\n\r\nhello", coded + "5\r\nhello\r\n", coded + "5\r\nhel", five + "\r\nhell",
	} {
		o := newOrigin(t, map[string]*reply{"x": nil})
		g := weir(t, o.address, setup{config: proxy.Config{BodyIdle: 100 * time.Millisecond}})
		d := &driver{subject: &subject{address: g.address, wait: patience}, conn: g.dial(t).conn, o: &observed{}}
		d.r = bufio.NewReader(d.conn)
		d.send(&testCase{id: "x", send: request})
		if a, err := d.answer("POST"); err != nil || a.status != 408 {
			t.Errorf("%q: %v, %v", request, a, err)
		}
		d.conn.Close()
		g.stop()
		o.drain()
		for _, s := range o.all["x"] {
			if !s.cut {
				t.Errorf("%q: the origin took it for whole", request)
			}
		}
	}
}

const (
	large = 200 << 20
	// growth is how much more memory the whole process, with this test's client
	// and origin, may hold while a large body goes through.
	growth = 8 << 20
)

// TestASlowReaderHoldsTheOriginBackAndNotMemory has a client that doesn't read.
func TestASlowReaderHoldsTheOriginBackAndNotMemory(t *testing.T) {
	var sent atomic.Int64
	l := listen(t, func(conn *net.TCPConn) {
		if _, err := readHead(bufio.NewReader(conn)); err == nil {
			_, _ = io.WriteString(conn, ok+"Content-Length: 209715200\r\n\r\n")
			pour(conn, large, &sent)
		}
	})
	g := weir(t, l.address, setup{})
	c := g.dial(t)
	_, _ = io.WriteString(c.conn, get+none)
	h, err := readHead(c.r)
	if err != nil {
		t.Fatal(err)
	}
	before := memory()
	stuck := settled(&sent)
	if stuck > large/4 {
		t.Errorf("the origin could send %d MB to a client that reads nothing", stuck>>20)
	}
	if more := memory() - before; more > growth {
		t.Errorf("memory grew by %d kB", more>>10)
	}
	t.Logf("the origin stopped after %d kB, most of it in the sockets' buffers", stuck>>10)
	_ = c.conn.SetDeadline(time.Now().Add(6 * patience))
	if got, bad := swallow(c.r, large); got != large || bad {
		t.Errorf("then %d bytes came of %s, wrong=%v", got, h.all("Content-Length"), bad)
	}
}

// TestASlowOriginHoldsTheClientBackAndNotMemory has an origin that doesn't read.
func TestASlowOriginHoldsTheClientBackAndNotMemory(t *testing.T) {
	read := make(chan struct{})
	got := make(chan int64, 1)
	l := listen(t, func(conn *net.TCPConn) {
		r := bufio.NewReader(conn)
		if _, err := readHead(r); err != nil {
			return
		}
		<-read
		n, bad := swallow(r, large)
		if bad {
			n = -1
		}
		got <- n
		_, _ = io.WriteString(conn, ok+"Content-Length: 0\r\nConnection: close\r\n\r\n")
	})
	c := weir(t, l.address, setup{}).dial(t)
	_ = c.conn.SetDeadline(time.Now().Add(6 * patience))
	var sent atomic.Int64
	go func() {
		_, _ = io.WriteString(c.conn, post+"Content-Length: 209715200\r\n\r\n")
		pour(c.conn, large, &sent)
	}()
	before := memory()
	if stuck := settled(&sent); stuck > large/4 {
		t.Errorf("the client could send %d MB to an origin that reads nothing", stuck>>20)
	}
	if more := memory() - before; more > growth {
		t.Errorf("memory grew by %d kB", more>>10)
	}
	close(read)
	if a, err := c.answer("POST"); err != nil || a.status != 200 {
		t.Fatalf("%v, %v", a, err)
	}
	if n := <-got; n != large {
		t.Errorf("the origin got %d bytes", n)
	}
}

// settled waits until a count stands still and returns it.
func settled(n *atomic.Int64) int64 {
	for last, same := int64(-1), 0; ; {
		now := n.Load()
		if now == last && now > 0 {
			if same++; same == 20 {
				return now
			}
		} else {
			last, same = now, 0
		}
		pause(10 * time.Millisecond)
	}
}

// pour writes n bytes of a pattern that swallow knows.
func pour(w io.Writer, n int64, sent *atomic.Int64) {
	b := make([]byte, 64<<10)
	for at := int64(0); at < n; {
		m := min(int64(len(b)), n-at)
		for i := range m {
			b[i] = byte((at + i) % 251)
		}
		k, err := w.Write(b[:m])
		at += int64(k)
		sent.Store(at)
		if err != nil {
			return
		}
	}
}

// swallow reads n bytes and says whether one of them is wrong.
func swallow(r io.Reader, n int64) (got int64, bad bool) {
	b := make([]byte, 64<<10)
	for got < n {
		m, err := r.Read(b)
		for i := range m {
			if b[i] != byte((got+int64(i))%251) {
				return got, true
			}
		}
		got += int64(m)
		if err != nil {
			break
		}
	}
	return got, false
}

// memory is what the heap and the stacks hold.
func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
