package proxy_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/weir-gateway/weir/proxy"
)

// narrow is a dialer whose connections hold few bytes that the other end has not
// read, so that a write soon stands still.
func narrow(ctx context.Context, address string) (*net.TCPConn, error) {
	d := net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF, 16<<10) })
	}}
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// tooMuch is more than a socket takes that nobody reads from.
const tooMuch = 2 << 20

func bigUpload(chunked bool) func(io.Writer) {
	return func(to io.Writer) {
		head := "POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\n"
		piece := strings.Repeat("x", 1<<20)
		if chunked {
			head, piece = head+"Transfer-Encoding: chunked\r\n\r\n", "100000\r\n"+piece+"\r\n"
		} else {
			head += fmt.Sprintf("Content-Length: %d\r\n\r\n", tooMuch)
		}
		if _, err := io.WriteString(to, head); err != nil {
			return
		}
		for range tooMuch >> 20 {
			if _, err := io.WriteString(to, piece); err != nil {
				return
			}
		}
		if chunked {
			_, _ = io.WriteString(to, "0\r\n\r\n")
		}
	}
}

func TestAnUploadThatTheModelServerTakesNoMoreOfEnds(t *testing.T) {
	for name, answer := range map[string]string{
		"no answer": "",
		"a refusal": "HTTP/1.1 413 Too Long\r\nContent-Length: 2\r\n\r\nno",
	} {
		for _, chunked := range []bool{false, true} {
			for _, kept := range []bool{false, true} { // as a whole, before it is sent on
				t.Run(fmt.Sprintf("%s, chunked=%v, kept=%v", name, chunked, kept), func(t *testing.T) {
					t.Parallel()
					b := listen(t, nil)
					settings := proxy.Settings{Timeout: 500 * time.Millisecond, Idle: 200 * time.Millisecond}
					if kept {
						settings.Idempotent, settings.ReplayLimit = true, 2*tooMuch
					}
					w := start(t, setup{upstreams: map[string][]string{"1": {b.url}}, settings: settings, pool: proxy.PoolConfig{Dial: narrow}})
					c := w.dial()
					go bigUpload(chunked)(c)
					p, _ := b.take(t)
					p.send(answer)
					a, err := c.tryRecv("POST")
					status, fault := 504, proxy.FaultTimeout
					if answer != "" {
						status, fault = 413, proxy.FaultNone
					}
					if err != nil || a.StatusCode != status {
						t.Fatalf("got %v %v", a.Response, err)
					}
					c.Close()
					if x := w.watchers["1"].next(t); x.Fault != fault {
						t.Errorf("fault %v", x.Fault)
					}
					if idle := w.pools["1"].Endpoints()[0].Idle; idle != 0 {
						t.Error("the connection that was written to in part will be used again")
					}
				})
			}
		}
	}
}
