package proxy

import (
	"context"
	"crypto/tls"
	"net"
	"time"
)

// secured is the TLS of a client's connection. conn.conn is the encrypted
// connection then, and conn.raw still the socket: that is where a client that
// leaves is noticed, since what the socket says about its end needs no key.
type secured struct {
	conn  *tls.Conn
	tcp   net.Conn
	first [1]byte
}

// record is how much is written at a time: what TLS makes one record of.
const record = 16 << 10

// protect puts TLS on a connection that was just taken.
func (c *conn) protect(cfg *tls.Config) {
	c.secure = &secured{tcp: c.conn, conn: tls.Server(c.conn, cfg)}
	c.conn = c.secure.conn
}

// handshake runs TLS's, in the time that a head may take.
func (c *conn) handshake() bool {
	_ = c.conn.SetDeadline(time.Now().Add(c.server.cfg.HeadTimeout))
	if err := c.secure.conn.HandshakeContext(context.Background()); err != nil {
		c.server.refused("tls-handshake")
		c.server.log.Debug("a TLS handshake failed", "error", err)
		return false
	}
	// Either deadline is armed anew by what comes next.
	_ = c.conn.SetDeadline(time.Time{})
	return true
}

// awaken waits for a request as raw.Read(fill) does, without a buffer of ours.
// One byte is asked for, because waiting for the socket itself would be wrong in
// both directions: readable may mean no more than a session ticket, and not
// readable may mean that TLS already has the next request.
func (c *conn) awaken() error {
	c.giveBack()
	n, err := c.conn.Read(c.secure.first[:])
	if n == 0 {
		return err
	}
	c.w = c.server.works.get()
	c.w.in[0] = c.secure.first[0]
	c.w.n, c.w.err = 1, nil
	return nil
}

// writeBy writes all of b, a record at a time, each with patience. TLS can't go
// on after a write that has timed out, so the deadline is always armed exactly.
func (s *secured) writeBy(d *deadlines, b []byte, patience time.Duration, total instant) (n int, err error) {
	for n < len(b) {
		d.write = earlier(now().after(patience), total)
		if err := s.conn.SetWriteDeadline(origin.Add(time.Duration(d.write))); err != nil {
			return n, err
		}
		m, err := s.conn.Write(b[n:min(len(b), n+record)])
		n += m
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// socket is the connection below TLS, where there is TLS.
func (c *conn) socket() net.Conn {
	if c.secure != nil {
		return c.secure.tcp
	}
	return c.conn
}
