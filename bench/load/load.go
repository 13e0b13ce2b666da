package load

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-gateway/weir/monitor/sketch"
)

// Target is what the load goes to.
type Target struct {
	Address string
	Request []byte // head and body, as they go over the wire
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
func Closed(ctx context.Context, t Target, conns int, d time.Duration) Result {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return run(t, conns, func(int) (time.Time, bool) { return time.Now(), ctx.Err() == nil })
}

// Open sends rate requests a second, evenly spaced, over at most conns
// connections, for d. A request that finds all connections busy waits for one,
// and its wait counts.
func Open(ctx context.Context, t Target, conns int, rate float64, d time.Duration) Result {
	began := time.Now()
	total := int64(rate * d.Seconds())
	var next atomic.Int64
	return run(t, conns, func(int) (time.Time, bool) {
		i := next.Add(1) - 1
		if i >= total || ctx.Err() != nil {
			return time.Time{}, false
		}
		due := began.Add(time.Duration(float64(i) / rate * float64(time.Second)))
		if wait := time.Until(due); wait > 0 {
			time.Sleep(wait)
		}
		return due, true
	})
}

// run lets every connection send requests as schedule says, which returns the
// moment that a latency counts from.
func run(t Target, conns int, schedule func(conn int) (time.Time, bool)) Result {
	var (
		wg      sync.WaitGroup
		latency sketch.Latency
		mu      sync.Mutex
		result  Result
	)
	began := time.Now()
	for i := range conns {
		wg.Go(func() {
			good, bad, first := drive(t, &latency, func() (time.Time, bool) { return schedule(i) })
			mu.Lock()
			defer mu.Unlock()
			result.Requests += good
			result.Errors += bad
			if result.First == "" {
				result.First = first
			}
		})
	}
	wg.Wait()
	result.Elapsed = time.Since(began)
	latency.Snapshot(&result.Latency)
	return result
}

// drive runs one connection, which it opens anew after an error.
func drive(t Target, latency *sketch.Latency, schedule func() (time.Time, bool)) (good, bad int64, first string) {
	var c *Conn
	fail := func(what string) {
		bad++
		if first == "" {
			first = what
		}
		if c != nil {
			c.Close()
			c = nil
		}
	}
	defer func() {
		if c != nil {
			c.Close()
		}
	}()
	for {
		due, ok := schedule()
		if !ok {
			return good, bad, first
		}
		if c == nil {
			var err error
			if c, err = Dial(t.Address); err != nil {
				fail(err.Error())
				time.Sleep(10 * time.Millisecond)
				continue
			}
		}
		status, err := c.Do(t.Request, nil)
		switch {
		case err != nil:
			fail(err.Error())
		case status/100 != 2:
			fail("status " + strconv.Itoa(status))
		default:
			good++
			latency.Observe(time.Since(due))
		}
	}
}
