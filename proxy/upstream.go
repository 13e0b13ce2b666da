package proxy

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/weir-gateway/weir/proxy/http1"
)

// upstream is one connection to an endpoint, used by one request at a time.
type upstream struct {
	endpoint *endpoint
	tcp      *net.TCPConn
	raw      syscall.RawConn
	veil     *veil // its TLS; nil: none
	deadlines
	reused  bool   // it has answered a request before
	sent    uint64 // bytes written to it, ever
	before  uint64 // the same, before the current request
	parked  instant
	latency time.Duration // until the answer's head came; 0: noted, or not measured
	keep    instant       // the peer said that it closes the connection at about this instant; 0: it didn't
	torn    bool          // a request was not written to its end: there is no other after it
	cut     atomic.Bool
	trip    trip
	tripped func(fd uintptr) bool // trip.step, bound once
}

// trip is one pass of [upstream.exchange] through the poller.
type trip struct {
	out   []byte
	in    []byte
	wrote int
	n     int
	err   error
	stage tripStage

	sendOnly bool
	limit    int64         // of bytes to read, with streams
	streams  *streams      // where to borrow what to read into, if in is nil
	borrowed *streamBuffer // what was borrowed
}

type tripStage uint8

const (
	tripCheck tripStage = iota
	tripWrite
	tripRead
)

// Errors of a trip. Both mean that nothing was written.
var (
	errStale   = errors.New("the kept connection was closed or spoke while idle")
	errNothing = errors.New("nothing could be written")
)

// errEOF is an end of the connection before the first byte of an answer.
var errEOF = errors.New("the endpoint closed the connection without an answer")

func newUpstream(e *endpoint, conn *net.TCPConn) (*upstream, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	u := &upstream{endpoint: e, tcp: conn, raw: raw, deadlines: deadlines{conn: conn}}
	u.tripped = u.step
	return u, nil
}

// exchange sends out, which is a whole request or its beginning, and reads the
// first bytes of the answer into in, from t, which is now, until at. It returns how much was written and read.
// If wrote is less than len(out) and err is nil, the rest is for the caller to
// write; nothing has been read then. With sendOnly nothing is read in any case.
//
// Fast path: it goes through the poller once. The check that the peer has
// neither closed the connection nor spoken takes the place of the read that
// would have to find nothing before the goroutine may sleep anyway; so it is free.
// The poller is edge-triggered: it was reset before the check, and whatever
// comes after that wakes us.
func (u *upstream) exchange(out, in []byte, t, at instant, sendOnly bool) (wrote, n int, err error) {
	if u.veil != nil {
		return u.veil.exchange(u, out, in, t, at, sendOnly)
	}
	u.trip = trip{out: out, in: in, sendOnly: sendOnly}
	u.reading(at, t)
	err = u.poll(at)
	wrote, n = u.trip.wrote, u.trip.n
	u.sent += uint64(wrote)
	u.trip = trip{}
	return wrote, n, err
}

// receive reads the first or further bytes of an answer.
func (u *upstream) receive(in []byte, at instant) (n int, err error) {
	if u.veil != nil {
		return u.veil.read(in, at)
	}
	u.trip = trip{in: in, stage: tripRead}
	u.reading(at, now())
	err = u.poll(at)
	n = u.trip.n
	u.trip = trip{}
	return n, err
}

// receiveStream is receive for what a stream brings: at most limit bytes into b,
// or where b is nil into a buffer that is borrowed once there is something to
// read and belongs to the caller then, errors or not, if it isn't nil. A stream
// that waits has none: 2,000 of them would hold 140 MB otherwise.
func (u *upstream) receiveStream(from *streams, b *streamBuffer, limit int64, at instant) (*streamBuffer, int, error) {
	if u.veil != nil {
		return u.veil.receiveStream(u, from, b, at)
	}
	u.trip = trip{streams: from, borrowed: b, limit: limit, stage: tripRead}
	u.reading(at, now())
	err := u.poll(at)
	b, n := u.trip.borrowed, u.trip.n
	u.trip = trip{}
	return b, n, err
}

func (u *upstream) poll(at instant) error {
	for {
		err := u.raw.Read(u.tripped)
		if err == nil {
			return u.trip.err
		}
		if u.cut.Load() || !u.rearmRead(err, at) {
			return err
		}
	}
}

// step is called when the connection may be readable; false waits for that.
func (u *upstream) step(fd uintptr) bool {
	t := &u.trip
	switch t.stage {
	case tripCheck:
		n, err := sysRead(int(fd), t.in)
		if n >= 0 || !errors.Is(err, syscall.EAGAIN) {
			t.err = errStale
			return true
		}
		t.stage = tripWrite
		fallthrough
	case tripWrite:
		n, err := sysWrite(int(fd), t.out)
		switch {
		case n > 0:
			t.wrote = n
		case errors.Is(err, syscall.EAGAIN):
			return true // the caller goes on writing, with patience
		default:
			t.err = errNothing
			return true
		}
		t.stage = tripRead
		return t.wrote < len(t.out) || t.sendOnly
	}
	in := t.in
	if t.streams != nil {
		if t.borrowed == nil {
			t.borrowed = t.streams.get()
		}
		in = t.borrowed.space()
		in = in[:min(t.limit, int64(len(in)))]
	}
	n, err := sysRead(int(fd), in)
	switch {
	case n > 0:
		t.n = n
	case errors.Is(err, syscall.EAGAIN):
		if t.borrowed != nil {
			t.streams.put(t.borrowed)
			t.borrowed = nil
		}
		return false
	case n == 0 && err == nil:
		t.err = errEOF
	default:
		t.err = err
	}
	return true
}

// quiet says whether the idle connection is still open and has not spoken.
func (u *upstream) quiet() bool {
	if u.veil != nil && u.veil.wire.r < u.veil.wire.w {
		return false
	}
	quiet := false
	err := u.raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		quiet = n < 0 && (err == syscall.EAGAIN || err == syscall.EINTR)
	})
	return err == nil && quiet
}

// interrupt ends whatever is being done with the connection. It may be called
// from any goroutine, also after the connection was closed.
func (u *upstream) interrupt() {
	u.cut.Store(true)
	_ = u.tcp.Close()
}

// close ends the connection and the request that it was used for.
func (u *upstream) close() {
	_ = u.tcp.Close()
	if u.latency > 0 {
		u.endpoint.mu.Lock()
		u.endpoint.noteLocked(u, now())
		u.endpoint.mu.Unlock()
	}
	u.endpoint.leave()
}

// release gives the connection back for the next request, after an answer that
// was read to its end at t.
func (u *upstream) release(t instant) {
	u.reused = true
	if !u.endpoint.persists.Load() {
		u.endpoint.persists.Store(true)
	}
	u.endpoint.park(u, t)
	u.endpoint.leave()
}

// promise notes until when the connection may be used where the peer has said
// how long it keeps it, as "timeout=5" in Keep-Alive: a second less, or half of
// it if that is more, so that no request crosses its closing.
func (u *upstream) promise(answer *http1.Fields) {
	u.keep = 0
	if answer.Has(http1.KeepAlive) {
		u.keep = promised(answer.Value(http1.KeepAlive))
	}
}

// promised returns 0 where nothing is promised.
func promised(v []byte) instant {
	_, v, ok := bytes.Cut(v, []byte("timeout="))
	if !ok {
		return 0
	}
	v, _, _ = bytes.Cut(v, []byte(","))
	seconds, ok := decimal(bytes.TrimSpace(v))
	if !ok {
		return 0
	}
	d := time.Duration(seconds) * time.Second
	return now().after(max(d-time.Second, d/2))
}

// dial makes a new connection.
func (e *endpoint) dial(ctx context.Context) (*upstream, error) {
	ctx, cancel := context.WithTimeout(ctx, e.pool.cfg.ConnectTimeout)
	defer cancel()
	conn, err := e.pool.cfg.Dial(ctx, e.address)
	if err != nil {
		return nil, err
	}
	u, err := newUpstream(e, conn)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	if e.site.secure {
		// Who gives up waiting closes the socket.
		stop := context.AfterFunc(ctx, u.interrupt)
		err := u.unveil(e.pool.tls.config(e.site.hostname, e.pool.cfg.Now()), now().after(e.pool.cfg.ConnectTimeout))
		if !stop() || err != nil {
			_ = conn.Close()
			return nil, cmp.Or(err, ctx.Err())
		}
	}
	return u, nil
}

func dialTCP(ctx context.Context, address string) (*net.TCPConn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}
