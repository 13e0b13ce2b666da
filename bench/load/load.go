package load

import (
	"context"
	"time"

	"github.com/weir-gateway/weir/monitor/sketch"
)

// Target is what the load goes to.
type Target struct {
	Address string
	Request []byte               // head and body, as they go over the wire
	Make    func(n int64) []byte // the nth request, in place of Request, where set
}

// Result is what one run measured.
type Result struct {
	Requests int64 // answered with 2xx
	Errors   int64 // anything else
	First    string
	Elapsed  time.Duration
	Latency  sketch.LatencyCounts
}

// PerSecond is the rate of good answers.
func (r *Result) PerSecond() float64 { return float64(r.Requests) / r.Elapsed.Seconds() }

// Closed sends requests over conns connections, each as soon as the one before
// is answered, until ctx ends or d has passed.
func Closed(ctx context.Context, t Target, conns int, d time.Duration) (Result, error) {
	end := time.Now().Add(d)
	return run(ctx, t, conns, func(e *engine, now time.Time) (time.Duration, bool) {
		if now.After(end) {
			return 0, false
		}
		for {
			c := e.next()
			if c == nil {
				return min(time.Until(end), redialAfter), true
			}
			e.send(c, now)
			if c.fd < 0 { // could not be opened, and waits
				return redialAfter, true
			}
			now = time.Now()
		}
	})
}

// Count is Closed for exactly total requests.
func Count(ctx context.Context, t Target, conns int, total int64) (Result, error) {
	return run(ctx, t, conns, func(e *engine, now time.Time) (time.Duration, bool) {
		for e.number < total {
			c := e.next()
			if c == nil {
				break
			}
			e.send(c, now)
			if c.fd < 0 {
				break
			}
			now = time.Now()
		}
		return redialAfter, e.number < total
	})
}

// Open sends rate requests a second, evenly spaced, over at most conns
// connections, for d. A request that finds all connections busy waits for one,
// and its wait counts.
func Open(ctx context.Context, t Target, conns int, rate float64, d time.Duration) (Result, error) {
	began := time.Now()
	total := int64(rate * d.Seconds())
	due := func(n int64) time.Time { return began.Add(time.Duration(float64(n) / rate * float64(time.Second))) }
	return run(ctx, t, conns, func(e *engine, now time.Time) (time.Duration, bool) {
		for e.number < total {
			at := due(e.number)
			if at.After(now) {
				return at.Sub(now), true
			}
			c := e.next()
			if c == nil {
				return redialAfter, true // or as soon as one is free
			}
			number := e.number
			e.send(c, at)
			if e.number == number { // could not be opened: a failed request
				e.number++
			}
			now = time.Now()
		}
		return 0, false
	})
}

// run sends what pump says, which returns how long it may wait for answers and
// whether there is more to send.
func run(ctx context.Context, t Target, conns int, pump func(e *engine, now time.Time) (time.Duration, bool)) (Result, error) {
	e, err := newEngine(t, conns)
	if err != nil {
		return Result{}, err
	}
	defer e.close()
	began := time.Now()
	swept := began
	for ctx.Err() == nil {
		now := time.Now()
		wait, more := pump(e, now)
		if !more {
			break
		}
		if err := e.poll.wait(wait, e.ready); err != nil {
			return Result{}, err
		}
		if now.Sub(swept) > time.Second {
			e.expire()
			swept = now
		}
	}
	if err := e.finish(ctx); err != nil {
		return Result{}, err
	}
	e.result.Elapsed = time.Since(began)
	e.latency.Snapshot(&e.result.Latency)
	return e.result, nil
}
