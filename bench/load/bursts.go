package load

import (
	"context"
	"time"
)

// Bursts sends one request over every connection at once, waits for all
// answers and then for gap, and so on until d has passed.
func Bursts(ctx context.Context, t Target, conns int, gap func() time.Duration, d time.Duration) (Result, error) {
	end := time.Now().Add(d)
	next := time.Now()
	waiting := false // for the answers of a burst
	return run(ctx, t, conns, func(e *engine, now time.Time) (time.Duration, bool) {
		switch {
		case e.busy > 0:
			return redialAfter, true
		case waiting:
			waiting, next = false, now.Add(gap())
		}
		if next.After(end) {
			return 0, false
		}
		if wait := next.Sub(now); wait > 0 {
			return wait, true
		}
		waiting = true
		for range conns {
			if c := e.next(); c != nil {
				e.send(c, time.Now())
			}
		}
		return redialAfter, true
	})
}
