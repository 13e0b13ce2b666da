package proxy

import (
	"errors"
	"syscall"
)

// repetition says whether a request that got no answer is sent once more.
type repetition uint8

const (
	never       repetition = iota
	unprocessed            // nothing of it can have been processed
	repeatable             // its model is idempotent, and the budget has paid for it
)

// maxRetries is how often one request is sent again out of the budget.
const maxRetries = 3

// mayRepeat says whether a request that failed with err on u can be sent once
// more: because nothing of it can have been processed, or because its model is
// idempotent and the body is still here; then it goes elsewhere.
func (c *conn) mayRepeat(u *upstream, err error) repetition {
	k := &c.w.call
	if c.gone.Load() || isTimeout(err) {
		return never
	}
	if !k.streamed {
		switch {
		case errors.Is(err, errStale), errors.Is(err, errNothing):
			return unprocessed
		case u.reused && safe(c.w.req.Method) && ended(err):
			return unprocessed
		case errors.Is(err, errEOF) && u.unread():
			return unprocessed
		}
	}
	if !k.cfg.Idempotent || k.streams || k.upgrade || !ended(err) || !c.afford() {
		return never
	}
	return repeatable
}

// failedAt notes that the request failed on u, and where it isn't sent again.
func (q *query) failedAt(u *upstream, how repetition) {
	e := u.endpoint
	switch {
	case how == repeatable:
		e.answered(0)
		if len(*e.pool.roster.Load()) > 1 {
			q.not.add(e)
		}
	case u.parked == 0:
		q.not.add(e)
		q.shut = e
	}
}

// onceMore says, where no endpoint is left to try, whether one is tried again
// that closed a new connection before it took anything of the request: a server
// that is being replaced, or whose line of new connections is full, does that
// once. It is done once a request, and out of the budget, since whoever does it
// may be overloaded.
func (c *conn) onceMore(q *query, err error) bool {
	if q.shut == nil || q.anew || c.gone.Load() || errors.Is(err, errFull) || errors.Is(err, errExpired) || !c.afford() {
		return false
	}
	q.not.remove(q.shut)
	q.anew = true
	return true
}

// afford says whether the budget pays for sending the request once more.
func (c *conn) afford() bool {
	k := &c.w.call
	if k.x.Retries == maxRetries {
		return false
	}
	pool := k.target.pool
	if k.retrying {
		k.paid = pool.retries.more()
	} else {
		k.retrying = pool.retries.begin()
		k.paid = k.retrying
	}
	if !k.paid {
		pool.cfg.Counters.Unbudgeted.Add(1)
	}
	return k.paid
}

// repeated counts what the budget has paid for, once there is an endpoint that
// takes it.
func (c *conn) repeated() {
	k := &c.w.call
	k.paid = false
	k.x.Retries++
	k.target.pool.cfg.Counters.Retried.Add(1)
}

// ended says whether err is the end of a connection.
func ended(err error) bool {
	return errors.Is(err, errEOF) || errors.Is(err, errNothing) || errors.Is(err, errStale) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// safe says whether a method only reads (RFC 9110, 9.2.1).
func safe(method []byte) bool {
	switch string(method) {
	case "GET", "HEAD", "OPTIONS":
		return true
	}
	return false
}
