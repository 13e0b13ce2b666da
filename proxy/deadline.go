package proxy

import (
	"errors"
	"net"
	"os"
	"time"
)

// origin is where the monotonic clock of deadlines counts from. It never changes.
var origin = time.Now()

// instant is a point in time, in nanoseconds since origin; 0 is "never".
type instant int64

func now() instant { return instant(time.Since(origin)) }

func (i instant) after(d time.Duration) instant { return i + instant(d) }

// deadlines arm the deadlines of a connection no more often than needed: one
// that is a little early is left alone, and what runs into it early looks at
// the clock, arms it exactly and goes on. With that a busy connection arms one
// a second or so instead of several a request (about 0.1 µs each).
type deadlines struct {
	conn        net.Conn
	read, write instant
}

// early says whether a deadline armed for the instant armed can stay when at is
// what is wanted now.
func early(armed, at, now instant) bool {
	return armed <= at && armed-now > (at-now)/2
}

// reading and writing arm one direction each, as a connection may do both at
// once. t is now.
func (d *deadlines) reading(at, t instant) {
	if !early(d.read, at, t) {
		d.read = at
		_ = d.conn.SetReadDeadline(origin.Add(time.Duration(at)))
	}
}

func (d *deadlines) writing(at, t instant) {
	if !early(d.write, at, t) {
		d.write = at
		_ = d.conn.SetWriteDeadline(origin.Add(time.Duration(at)))
	}
}

// rearmRead says whether err came only because a deadline had been left early;
// then it is armed exactly and the caller goes on.
func (d *deadlines) rearmRead(err error, at instant) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) || now() >= at {
		return false
	}
	d.read = at
	return d.conn.SetReadDeadline(origin.Add(time.Duration(at))) == nil
}

func (d *deadlines) rearmWrite(err error, at instant) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) || now() >= at {
		return false
	}
	d.write = at
	return d.conn.SetWriteDeadline(origin.Add(time.Duration(at))) == nil
}

// readBy reads once, until at.
func (d *deadlines) readBy(b []byte, at instant) (int, error) {
	d.reading(at, now())
	for {
		n, err := d.conn.Read(b)
		if n > 0 || err == nil || !d.rearmRead(err, at) {
			return n, err
		}
	}
}

// writeBy writes all of b. Each time that something was taken, the peer has
// patience more.
func (d *deadlines) writeBy(b []byte, patience time.Duration, total instant) (n int, err error) {
	for {
		t := now()
		at := earlier(t.after(patience), total)
		d.writing(at, t)
		m, err := d.conn.Write(b[n:])
		n += m
		if err == nil {
			return n, nil
		}
		if m > 0 && errors.Is(err, os.ErrDeadlineExceeded) && (total == 0 || now() < total) {
			continue
		}
		if !d.rearmWrite(err, at) {
			return n, err
		}
	}
}

// earlier returns the earlier of two instants, of which 0 is never.
func earlier(a, b instant) instant {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// writeAt writes once, until at.
func (d *deadlines) writeAt(b []byte, at instant) (n int, err error) {
	d.writing(at, now())
	for {
		m, err := d.conn.Write(b[n:])
		n += m
		if err == nil || !d.rearmWrite(err, at) {
			return n, err
		}
	}
}
