package proxy

import (
	"math"
	"sync/atomic"
	"time"
)

// peak is a moving average of latencies that follows a rise at once and forgets
// it over latencyMemory, as Finagle's peak-EWMA does: one slow answer is warning
// enough, many quick ones are needed to take it back. Without new answers it
// fades, so that an endpoint that was slow is tried again. The zero value knows
// nothing. Reading is safe at any time; who observes must hold a lock.
type peak struct {
	nanos atomic.Uint64 // float64
	seen  atomic.Int64  // instant
}

// latencyMemory is the time in which what was seen loses 63 % of its weight.
const latencyMemory = 10 * time.Second

func (p *peak) observe(d time.Duration, t instant) {
	weight := p.weight(t)
	old := math.Float64frombits(p.nanos.Load()) * weight
	v := max(float64(d), 1)
	if v < old {
		v = old + v*(1-weight)
	}
	p.nanos.Store(math.Float64bits(v))
	p.seen.Store(int64(t))
}

// weight is what is left at t of the weight of what was seen last.
func (p *peak) weight(t instant) float64 {
	return math.Exp(-float64(max(t-instant(p.seen.Load()), 0)) / float64(latencyMemory))
}

// at returns the average in nanoseconds at t; 0: nothing is known.
func (p *peak) at(t instant) float64 {
	v := math.Float64frombits(p.nanos.Load())
	if t-instant(p.seen.Load()) > instant(latencyMemory/64) { // else it has not faded by 2 %
		v *= p.weight(t)
	}
	return v
}
