package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/weir-gateway/weir/monitor/sketch"
)

// Held are connections that stay open after one request each.
type Held struct{ e *engine }

// Hold opens conns connections, sends one request over each, at most 64 at a
// time, and keeps them. No other load may be generated until Close, by the same
// goroutine at least: it owns the thread.
func Hold(ctx context.Context, t Target, conns int) (*Held, error) {
	e, err := newEngine(t, conns)
	if err != nil {
		return nil, err
	}
	for ctx.Err() == nil && e.number < int64(conns) && e.result.Errors == 0 {
		for e.busy < 64 && e.number < int64(conns) {
			c := e.idle[0]
			e.idle = e.idle[1:]
			if e.send(c, time.Now()); c.fd < 0 {
				break
			}
		}
		if err = e.poll.wait(redialAfter, e.ready); err != nil {
			break
		}
	}
	if err == nil {
		err = e.finish(ctx)
	}
	if err == nil && e.result.Requests != int64(conns) {
		err = errors.New("load: only " + strconv.FormatInt(e.result.Requests, 10) + " of the connections answered: " + e.result.First)
	}
	if err != nil {
		e.close()
		return nil, err
	}
	return &Held{e}, nil
}

// Lost counts the connections that the other side has closed since.
func (h *Held) Lost() (int, error) {
	if err := h.e.poll.wait(0, h.e.ready); err != nil {
		return 0, err
	}
	lost := 0
	for _, c := range h.e.clients {
		if c.fd < 0 {
			lost++
		}
	}
	return lost, nil
}

// Close ends the connections.
func (h *Held) Close() { h.e.close() }

// Streams is what came of server-sent events.
type Streams struct {
	Events  int64
	Broken  int64 // streams that ended
	First   string
	Latency sketch.LatencyCounts // from the moment that an event says it left
}

// Events opens streams of server-sent events evenly over ramp, then reads them
// for d. Every event begins with the time it left, in Unix nanoseconds; those
// during the ramp are not counted. Midway is called in the middle of d.
func Events(ctx context.Context, t Target, streams int, ramp, d time.Duration, midway func() error) (Streams, error) {
	e, err := newEngine(t, streams)
	if err != nil {
		return Streams{}, err
	}
	defer e.close()
	var (
		out     Streams
		latency sketch.Latency
		began   = time.Now()
		counts  = false
	)
	e.body = func(c *client, b []byte) {
		c.events(b, func(left time.Time) {
			if counts {
				out.Events++
				latency.Observe(time.Since(left))
			}
		})
	}
	for ctx.Err() == nil {
		now := time.Now()
		for e.number < int64(streams) && now.Sub(began) > time.Duration(e.number)*ramp/time.Duration(streams) && len(e.idle) > 0 {
			c := e.idle[0]
			e.idle = e.idle[1:]
			e.send(c, now)
		}
		counts = now.Sub(began) > ramp+time.Second
		if midway != nil && now.Sub(began) > ramp+time.Second+d/2 {
			if err := midway(); err != nil {
				return out, err
			}
			midway = nil
		}
		if now.Sub(began) > ramp+time.Second+d {
			break
		}
		if err := e.poll.wait(time.Millisecond, e.ready); err != nil {
			return out, err
		}
	}
	out.Broken, out.First = int64(streams)-int64(e.busy), e.result.First
	latency.Snapshot(&out.Latency)
	return out, nil
}

// events finds the times in whole lines of events.
func (c *client) events(b []byte, each func(time.Time)) {
	if len(c.partial) > 0 {
		c.partial = append(c.partial, b...)
		b = c.partial
	}
	for {
		line, rest, ok := bytes.Cut(b, []byte("\n"))
		if !ok {
			break
		}
		if value, found := bytes.CutPrefix(line, []byte("data: ")); found {
			digits, _, _ := bytes.Cut(value, []byte(" "))
			if ns, err := strconv.ParseInt(string(digits), 10, 64); err == nil {
				each(time.Unix(0, ns))
			}
		}
		b = rest
	}
	c.partial = append(c.partial[:0], b...)
}

func (s *Streams) String() string {
	return fmt.Sprintf("%d events, %d streams broken %s", s.Events, s.Broken, s.First)
}
