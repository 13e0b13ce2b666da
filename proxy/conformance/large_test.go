package conformance_test

import (
	"bufio"
	"io"
	"net"
	"net/http/httputil"
	"sync/atomic"
	"testing"
	"time"
)

// TestLargeBodiesPassThroughFlatMemory sends 200 MB each way, framed each way,
// and looks at the memory of the whole process while they pass.
func TestLargeBodiesPassThroughFlatMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("200 MB four times; left out by -short")
	}
	for _, chunked := range []bool{false, true} {
		name, field := "Content-Length", "Content-Length: 209715200\r\n\r\n"
		if chunked {
			name, field = "chunks", "Transfer-Encoding: chunked\r\n\r\n"
		}
		t.Run("down, "+name, func(t *testing.T) {
			var sent atomic.Int64
			l := listen(t, func(conn *net.TCPConn) {
				if _, err := readHead(bufio.NewReader(conn)); err == nil {
					_, _ = io.WriteString(conn, ok+field)
					send(conn, chunked, &sent)
				}
			})
			c := weir(t, l.address, setup{}).dial(t)
			_ = c.conn.SetDeadline(time.Now().Add(6 * patience))
			_, _ = io.WriteString(c.conn, get+none)
			if _, err := readHead(c.r); err != nil {
				t.Fatal(err)
			}
			peak := watch(t)
			got, bad := take(c.r, chunked)
			report(t, got, bad, peak())
		})
		t.Run("up, "+name, func(t *testing.T) {
			type result struct {
				n   int64
				bad bool
			}
			took := make(chan result, 1)
			l := listen(t, func(conn *net.TCPConn) {
				r := bufio.NewReader(conn)
				if _, err := readHead(r); err != nil {
					return
				}
				n, bad := take(r, chunked)
				took <- result{n, bad}
				_, _ = io.WriteString(conn, ok+"Content-Length: 0\r\nConnection: close\r\n\r\n")
			})
			c := weir(t, l.address, setup{}).dial(t)
			_ = c.conn.SetDeadline(time.Now().Add(6 * patience))
			peak := watch(t)
			var sent atomic.Int64
			_, _ = io.WriteString(c.conn, post+field)
			send(c.conn, chunked, &sent)
			a, err := c.answer("POST")
			if err != nil || a.status != 200 {
				t.Fatalf("%v, %v", a, err)
			}
			r := <-took
			report(t, r.n, r.bad, peak())
		})
	}
}

func send(conn net.Conn, chunked bool, sent *atomic.Int64) {
	if !chunked {
		pour(conn, large, sent)
		return
	}
	w := httputil.NewChunkedWriter(conn)
	pour(w, large, sent)
	_ = w.Close()
	_, _ = io.WriteString(conn, "\r\n")
}

func take(r *bufio.Reader, chunked bool) (int64, bool) {
	if chunked {
		return swallow(httputil.NewChunkedReader(r), large)
	}
	return swallow(r, large)
}

func report(t *testing.T, got int64, bad bool, peak int64) {
	t.Helper()
	if got != large || bad {
		t.Errorf("%d bytes came through, wrong=%v", got, bad)
	}
	t.Logf("memory grew by %d kB at most, with the client and the origin", peak>>10)
	if peak > growth {
		t.Errorf("memory grew by %d kB", peak>>10)
	}
}

// watch looks at the memory now and then; peak returns by how much it grew.
func watch(t *testing.T) (peak func() int64) {
	before := memory()
	stop, stopped := make(chan struct{}), make(chan struct{})
	var most int64
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
				most = max(most, memory()-before)
			}
		}
	}()
	done := false
	end := func() {
		if !done {
			done = true
			close(stop)
			<-stopped
		}
	}
	t.Cleanup(end)
	return func() int64 {
		end()
		return most
	}
}
