package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/weir-gateway/weir/monitor/sketch"
)

// answerTimeout bounds the wait for one answer; a request that exceeds it is
// an error.
const answerTimeout = 30 * time.Second

// redialAfter is how long a connection that could not be opened stays closed,
// so that a proxy that is down does not make the generator spin.
const redialAfter = 10 * time.Millisecond

// client is one connection. It is idle, or has one request on its way.
type client struct {
	id      int
	fd      int // -1: closed
	busy    bool
	waits   bool // for room to write
	request []byte
	sent    int
	due     time.Time // the moment that its latency counts from
	began   time.Time
	answer  answer
	closed  time.Time // when it could not be opened
	partial []byte    // of an event, with Events, or of a failure's body
}

// engine drives many connections from one thread.
type engine struct {
	target  Target
	poll    *poller
	clients []*client
	idle    []*client // oldest first, so that all are used alike
	busy    int
	number  int64 // of requests begun
	buffer  []byte
	latency sketch.Latency
	result  Result
	body    func(*client, []byte) // gets the bodies, where set
	done    func(*client)         // told that an answer is whole
}

func newEngine(t Target, conns int) (*engine, error) {
	poll, err := newPoller()
	if err != nil {
		return nil, err
	}
	e := &engine{target: t, poll: poll, buffer: make([]byte, 256<<10)}
	for i := range conns {
		c := &client{id: i, fd: -1}
		e.clients = append(e.clients, c)
		e.idle = append(e.idle, c)
	}
	return e, nil
}

func (e *engine) close() {
	for _, c := range e.clients {
		if c.fd >= 0 {
			closeSocket(c.fd)
		}
	}
	e.poll.close()
}

// send starts a request on an idle connection, whose latency counts from due.
func (e *engine) send(c *client, due time.Time) {
	if c.fd < 0 && !e.dial(c) {
		return
	}
	c.due, c.began, c.sent, c.busy = due, time.Now(), 0, true
	if e.busy++; e.target.Make != nil {
		c.request = e.target.Make(e.number)
	} else {
		c.request = e.target.Request
	}
	e.number++
	c.answer.reset()
	e.write(c)
}

func (e *engine) dial(c *client) bool {
	fd, err := dialSocket(e.target.Address)
	if err == nil {
		err = e.poll.add(fd, c.id)
	}
	if err != nil {
		c.closed = time.Now()
		e.count(err)
		e.idle = append(e.idle, c)
		return false
	}
	c.fd = fd
	return true
}

func (e *engine) write(c *client) {
	for c.sent < len(c.request) {
		n, err := writeSocket(c.fd, c.request[c.sent:])
		if errors.Is(err, errAgain) {
			e.wants(c, true)
			return
		}
		if err != nil {
			e.fail(c, fmt.Errorf("write: %w", err))
			return
		}
		c.sent += n
	}
	e.wants(c, false)
}

func (e *engine) wants(c *client, write bool) {
	if c.waits != write {
		c.waits = write
		_ = e.poll.want(c.fd, c.id, write) // it is a socket of ours that is open
	}
}

// ready reads what has come for a connection.
func (e *engine) ready(id int) {
	c := e.clients[id]
	if c.fd < 0 {
		return
	}
	if c.waits {
		if e.write(c); c.fd < 0 {
			return
		}
	}
	for {
		n, err := readSocket(c.fd, e.buffer)
		if errors.Is(err, errAgain) {
			return
		}
		if n == 0 && err == nil {
			err = io.EOF
		}
		if err != nil || !c.busy {
			e.broken(c, err)
			return
		}
		if !e.take(c, e.buffer[:n]) || n < len(e.buffer) {
			return
		}
	}
}

// take hands bytes to the answer; false when the connection is idle or gone.
func (e *engine) take(c *client, b []byte) bool {
	used, err := c.answer.read(b, func(b []byte) {
		switch {
		case e.body != nil:
			e.body(c, b)
		case c.answer.status/100 != 2 && len(c.partial) < 200:
			c.partial = append(c.partial, b...) // why it failed
		}
	})
	switch {
	case err != nil:
		e.fail(c, err)
		return false
	case c.answer.state != complete:
		return true
	case used < len(b):
		e.fail(c, errors.New("more bytes than an answer"))
		return false
	}
	if c.answer.status/100 == 2 {
		e.result.Requests++
		e.latency.Observe(time.Since(c.due))
	} else {
		e.count(errors.New("status " + strconv.Itoa(c.answer.status) + " " + string(c.partial)))
		c.partial = c.partial[:0]
	}
	if c.answer.last {
		e.drop(c)
	}
	e.release(c)
	return false
}

// broken is a connection that ended: a failure only for a request on it.
func (e *engine) broken(c *client, err error) {
	if c.busy {
		e.fail(c, fmt.Errorf("read: %w", err))
		return
	}
	e.drop(c)
}

func (e *engine) fail(c *client, err error) {
	e.count(err)
	e.drop(c)
	e.release(c)
}

func (e *engine) drop(c *client) {
	closeSocket(c.fd)
	c.fd, c.waits = -1, false
}

func (e *engine) release(c *client) {
	c.busy = false
	e.busy--
	e.idle = append(e.idle, c)
	if e.done != nil {
		e.done(c)
	}
}

func (e *engine) count(err error) {
	e.result.Errors++
	if e.result.First == "" {
		e.result.First = err.Error()
	}
}

// next takes a connection that is idle and may be used.
func (e *engine) next() *client {
	for range e.idle {
		c := e.idle[0]
		e.idle = e.idle[1:]
		if c.fd >= 0 || c.closed.IsZero() || time.Since(c.closed) > redialAfter {
			return c
		}
		e.idle = append(e.idle, c)
	}
	return nil
}

// expire fails requests that have waited for too long.
func (e *engine) expire() {
	for _, c := range e.clients {
		if c.busy && time.Since(c.began) > answerTimeout {
			e.fail(c, errors.New("no answer in "+answerTimeout.String()))
		}
	}
}

// finish waits for the requests on their way.
func (e *engine) finish(ctx context.Context) error {
	for e.busy > 0 && ctx.Err() == nil {
		if err := e.poll.wait(100*time.Millisecond, e.ready); err != nil {
			return err
		}
		e.expire()
	}
	return nil
}
