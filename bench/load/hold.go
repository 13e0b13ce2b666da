package load

import (
	"context"
	"errors"
	"strconv"
	"time"
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
