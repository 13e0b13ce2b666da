package proxy

import (
	"bytes"
	"io"
	"net"
	"sync"
	"time"

	"github.com/weir-gateway/weir/proxy/http1"
)

var errUnasked = &http1.Error{Status: 502, Reason: "an upgrade that nobody asked for"}

// tunnel passes a connection that has changed its protocol through, in both
// directions, until both have ended. It has no time limits but those of TCP, and
// outlives changes of the state: nothing in it depends on one any more.
func (c *conn) tunnel(u *upstream, early []byte) bool {
	k, w := &c.w.call, c.w
	if !k.upgrade || !asked(w.req.Value(http1.Upgrade), w.resp.Value(http1.Upgrade)) {
		return c.lost(u, errUnasked)
	}
	k.x.Status = 101
	// From here on a client that closes its sending side has only ended that: it
	// may do so as soon as it has the answer.
	if !c.detach() {
		u.close()
		k.x.Fault = FaultClientGone
		return false
	}
	w.out = append(c.appendAnswer(w.out[:0], &w.resp), early...)
	if _, err := c.writeBy(w.out, k.cfg.Idle, 0); err != nil {
		return c.left(u)
	}
	c.letGo()
	k.shadows = 0 // their pools may be gone by the end
	_ = c.conn.SetDeadline(time.Time{})
	server := u.both()
	client, ok := c.conn.(stream)
	if !ok {
		u.close()
		c.abort()
		return false
	}
	if rest := w.in[w.r:w.w]; len(rest) > 0 {
		if _, err := server.Write(rest); err != nil {
			u.close()
			return false
		}
	}
	w.r = w.w
	var up sync.WaitGroup
	up.Go(func() { pass(server, client) })
	pass(client, server)
	up.Wait()
	u.close()
	return false
}

// asked says whether the client offered every protocol that the upstream has
// switched to (RFC 9110, 7.8).
func asked(offered, chosen []byte) bool {
	for protocol := range bytes.SplitSeq(chosen, []byte(",")) {
		protocol = bytes.TrimSpace(protocol)
		found := false
		for o := range bytes.SplitSeq(offered, []byte(",")) {
			found = found || bytes.EqualFold(bytes.TrimSpace(o), protocol)
		}
		if !found || len(protocol) == 0 {
			return false
		}
	}
	return true
}

// stream is a connection whose sides end apart: TCP, or TLS on it.
type stream interface {
	net.Conn
	CloseWrite() error
}

// pass copies until src has ended, and then ends dst's side too; if anything
// breaks, both are cut.
func pass(dst, src stream) {
	_, err := io.Copy(dst, src)
	if err == nil {
		err = dst.CloseWrite()
	}
	if err != nil {
		if tcp, ok := dst.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = dst.Close()
		_ = src.Close()
	}
}
