package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// veil is the TLS of a connection to an endpoint. upstream.raw and upstream.tcp
// stay the socket's.
type veil struct {
	conn *tls.Conn
	wire wire
	// brim: the last read filled its buffer, so that TLS may hold more of a record
	// that it has taken from the socket.
	brim     bool
	readable func(fd uintptr) bool // peek, bound once
}

// errCut is an end of the connection that TLS did not announce: whoever sits in
// between may have made it.
var errCut = fmt.Errorf("the connection ended without TLS's notice: %w", syscall.ECONNRESET)

// wire is the socket under TLS. It never gives TLS more than one record, so that
// whether something came behind an answer can be told: it is in buf, or still in
// the socket. And it keeps the deadlines: TLS can't go on after a write that
// timed out, so it must not see the early ones that [deadlines] arms.
type wire struct {
	*net.TCPConn
	d        *deadlines
	readAt   instant      // 0: whenever
	patience atomic.Int64 // of writing, a time.Duration
	total    atomic.Int64 // when writing ends in any case, an instant
	sent     atomic.Int64 // bytes
	ended    bool         // the socket did, with or without TLS's notice
	rest     int          // bytes of the record that TLS is being given
	buf      []byte
	r, w     int // buf[r:w] has been read from the socket and not been asked for
}

// recordHead is the length of what stands before a record's content; its last
// two bytes say how long that is.
const recordHead = 5

// Read implements net.Conn for TLS.
func (w *wire) Read(b []byte) (int, error) {
	for w.rest == 0 {
		if n := w.w - w.r; n >= recordHead {
			h := w.buf[w.r:]
			w.rest = recordHead + int(h[3])<<8 + int(h[4])
		} else if err := w.fill(); err != nil {
			return 0, err
		}
	}
	b = b[:min(len(b), w.rest)]
	var n int
	var err error
	if w.r == w.w && w.rest >= len(w.buf) {
		n, err = w.read(b) // a large record needs no detour
	} else {
		if w.r == w.w {
			if err := w.fill(); err != nil {
				return 0, err
			}
		}
		n = copy(b, w.buf[w.r:w.w])
		w.r += n
	}
	w.rest -= n
	return n, err
}

// fill reads more into buf.
func (w *wire) fill() error {
	if w.buf == nil {
		w.buf = make([]byte, 4<<10)
	}
	w.w = copy(w.buf, w.buf[w.r:w.w])
	w.r = 0
	n, err := w.read(w.buf[w.w:])
	w.w += n
	if n > 0 {
		return nil
	}
	return err
}

func (w *wire) read(b []byte) (n int, err error) {
	if w.readAt != 0 {
		n, err = w.d.readBy(b, w.readAt)
	} else {
		if w.d.read != 0 {
			w.d.read = 0
			_ = w.SetReadDeadline(time.Time{})
		}
		n, err = w.TCPConn.Read(b)
	}
	w.ended = errors.Is(err, io.EOF)
	return n, err
}

// Write implements net.Conn for TLS.
func (w *wire) Write(b []byte) (int, error) {
	n, err := 0, error(nil)
	if patience := time.Duration(w.patience.Load()); patience > 0 {
		n, err = w.d.writeBy(b, patience, instant(w.total.Load()))
	} else {
		w.d.write = 0
		_ = w.SetWriteDeadline(time.Time{})
		n, err = w.TCPConn.Write(b)
	}
	w.sent.Add(int64(n))
	return n, err
}

// unveil shakes hands, until at.
func (u *upstream) unveil(cfg *tls.Config, at instant) error {
	v := &veil{}
	v.wire.TCPConn, v.wire.d = u.tcp, &u.deadlines
	v.conn = tls.Client(&v.wire, cfg)
	v.readable = peek
	v.arm(at.duration()-now().duration(), at)
	v.wire.readAt = at
	if err := v.conn.HandshakeContext(context.Background()); err != nil {
		return fmt.Errorf("TLS: %w", err)
	}
	u.veil = v
	return nil
}

// arm sets the time that writing may take from now on.
func (v *veil) arm(patience time.Duration, total instant) {
	v.wire.patience.Store(int64(max(patience, 1)))
	v.wire.total.Store(int64(total))
}

// exchange is upstream.exchange with TLS. It writes no more than one record.
func (v *veil) exchange(u *upstream, out, in []byte, t, at instant, sendOnly bool) (wrote, n int, err error) {
	if u.parked != 0 && !u.quiet() {
		return 0, 0, errStale
	}
	before := v.wire.sent.Load()
	v.arm((at - t).duration(), at)
	wrote, err = v.conn.Write(out[:min(len(out), record)])
	u.sent += uint64(wrote)
	if err != nil {
		if v.wire.sent.Load() == before {
			return 0, 0, errNothing
		}
		return wrote, 0, err
	}
	if wrote < len(out) || sendOnly {
		return wrote, 0, nil
	}
	n, err = v.read(in, at)
	return wrote, n, err
}

// read reads once, until at.
func (v *veil) read(in []byte, at instant) (n int, err error) {
	v.wire.readAt = at
	n, err = v.conn.Read(in)
	v.brim = n == len(in)
	switch {
	case n > 0:
		return n, nil
	case err == nil:
		return 0, errEOF // does not happen
	case v.wire.ended: // package tls takes that for an end where it is between records
		return 0, errCut
	case errors.Is(err, io.EOF):
		return 0, errEOF
	}
	return 0, err
}

// receiveStream is upstream.receiveStream with TLS. It reads as much as there is:
// what is beyond an answer's end costs the connection, as it can't be left unread.
func (v *veil) receiveStream(u *upstream, from *streams, b *streamBuffer, at instant) (*streamBuffer, int, error) {
	if !v.brim && v.wire.r == v.wire.w {
		if b != nil {
			from.put(b)
		}
		if err := v.await(u, at); err != nil {
			return nil, 0, err
		}
		b = nil
	}
	if b == nil {
		b = from.get()
	}
	n, err := v.read(b.space(), at)
	return b, n, err
}

// await waits until the socket has something, without a buffer.
func (v *veil) await(u *upstream, at instant) error {
	u.reading(at, now())
	for {
		err := u.raw.Read(v.readable)
		if err == nil || u.cut.Load() || !u.rearmRead(err, at) {
			return err
		}
	}
}

// peek says whether a socket has something to read, its end included.
func peek(fd uintptr) bool {
	var b [1]byte
	n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	return n >= 0 || err != syscall.EAGAIN && err != syscall.EINTR
}

// settle takes what a server sends behind the handshake, which are tickets to
// resume the session. Without that a connection that was made in advance looks
// as if the peer had spoken.
func (u *upstream) settle() error {
	if u.veil == nil {
		return nil
	}
	var b [1]byte
	if _, err := u.veil.read(b[:], now().after(20*time.Millisecond)); !isTimeout(err) {
		return errStale
	}
	return nil
}

// writeBy is deadlines.writeBy, with TLS where there is TLS.
func (u *upstream) writeBy(b []byte, patience time.Duration, total instant) (int, error) {
	if u.veil == nil {
		return u.deadlines.writeBy(b, patience, total)
	}
	u.veil.arm(patience, total)
	return u.veil.conn.Write(b)
}

// writeAt likewise.
func (u *upstream) writeAt(b []byte, at instant) (int, error) {
	if u.veil == nil {
		return u.deadlines.writeAt(b, at)
	}
	return u.writeBy(b, (at - now()).duration(), at)
}

// both returns the connection for a tunnel, without deadlines.
func (u *upstream) both() stream {
	_ = u.tcp.SetDeadline(time.Time{})
	if u.veil == nil {
		return u.tcp
	}
	u.read, u.write = 0, 0
	u.veil.wire.readAt = 0
	u.veil.wire.patience.Store(0)
	return u.veil.conn
}
