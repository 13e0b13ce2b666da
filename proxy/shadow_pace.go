package proxy

import (
	"context"
	"sync/atomic"
	"time"
)

// What a shadow that fails is spared, and so the primaries beside it.
const (
	restAfter = 8           // failures in a row
	restTime  = time.Second // then one copy in this time tries it
)

// pace is how copies go to one version: not at all for a while when they fail,
// and one after the other where they take long.
//
// A shadow that refuses or breaks off makes every copy a new connection: 2 and
// 3.6 times the processor time of a request, taken from the primaries that
// share it. One that hangs or is slow answers as many copies at the same moment
// as there are workers; that burst alone made the primary's p99 4 to 7 times
// what it is beside a healthy shadow (bench isolation).
type pace struct {
	failures atomic.Int32 // in a row
	until    atomic.Int64 // the instant before which it is left alone; 0: it is well
	mean     atomic.Int64 // nanoseconds that a copy takes
	next     atomic.Int64 // the instant before which no copy starts
}

// admits says whether a copy may be made at t, and whether that copy is the one
// that tries a version which is left alone.
func (p *pace) admits(t instant) (ok, try bool) {
	until := p.until.Load()
	if until == 0 {
		return true, false // Fast path.
	}
	try = int64(t) >= until && p.until.CompareAndSwap(until, int64(t.after(restTime)))
	return try, try
}

// rests says whether the version is left alone: a copy that waits is then not sent.
func (p *pace) rests() bool { return p.until.Load() != 0 }

// ended takes in how a copy went that took d and ended at t.
func (p *pace) ended(failed bool, d time.Duration, t instant) {
	mean := p.mean.Load()
	p.mean.Store(mean + (int64(d)-mean)/8) // a lost update does not matter
	if !failed {
		p.failures.Store(0)
		if p.until.Load() != 0 {
			p.until.Store(0)
		}
		return
	}
	if p.failures.Add(1) >= restAfter {
		p.until.CompareAndSwap(0, int64(t.after(restTime)))
	}
}

// shortestGap is what is worth a timer.
const shortestGap = time.Millisecond

// wait lets the copies of workers that are all busy start evenly, somewhat more
// often than they can end. It returns early when ctx ends.
func (p *pace) wait(ctx context.Context, workers int) {
	gap := time.Duration(p.mean.Load()) / time.Duration(workers) * 9 / 10
	if gap < shortestGap {
		return // Fast path.
	}
	for {
		t, next := int64(now()), p.next.Load()
		start := max(t, next)
		if !p.next.CompareAndSwap(next, start+int64(gap)) {
			continue
		}
		if start == t {
			return
		}
		timer := time.NewTimer(time.Duration(start - t))
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		return
	}
}

// meter bounds the bytes of answers that are read a second.
type meter struct {
	rate int64        // bytes a second
	paid atomic.Int64 // the instant until which what was read is paid for
}

// burst is how far ahead of its rate a meter may be.
const burst = time.Second

// admits says whether more may be read at t.
func (m *meter) admits(t instant) bool { return m.paid.Load() <= int64(t.after(burst)) }

// took counts n bytes that were read by t.
func (m *meter) took(n int64, t instant) {
	cost := int64(float64(n) / float64(m.rate) * float64(time.Second))
	for {
		paid := m.paid.Load()
		if m.paid.CompareAndSwap(paid, max(paid, int64(t))+cost) {
			return
		}
	}
}
