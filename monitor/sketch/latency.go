package sketch

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Buckets of Latency: 32 linear steps in every power of two from 2^9 ns (512 ns) to
// 2^40 ns (1,100 s), one below and one above. Two neighbouring bounds differ by a
// factor of at most 1 + 1/32.
const (
	latencyLow   = 9  // log2 of the first regular bound, in ns
	latencyHigh  = 40 // log2 of the last bound, in ns
	latencySteps = 5  // log2 of the steps in a power of two

	// LatencyBuckets is the number of buckets.
	LatencyBuckets = (latencyHigh-latencyLow)<<latencySteps + 2
)

// Latency is a histogram of durations for concurrent writers. The zero value is
// ready. It is about 8 KiB; do not copy it.
type Latency struct {
	counts [LatencyBuckets]atomic.Uint64
	sum    atomic.Int64 // ns
}

// Observe adds one duration; a negative one counts as 0.
//
// Fast path: no logarithm, the bits of the integer are the bucket
// (BenchmarkLatencyObserve).
func (l *Latency) Observe(d time.Duration) {
	d = max(d, 0)
	l.counts[LatencyBucket(d)].Add(1)
	l.sum.Add(int64(d))
}

// LatencyBucket returns the index of d's bucket, 0…LatencyBuckets−1.
func LatencyBucket(d time.Duration) int {
	ns := uint64(max(d, 0))
	if ns < 1<<latencyLow {
		return 0
	}
	octave := bits.Len64(ns) - 1
	if octave >= latencyHigh {
		return LatencyBuckets - 1
	}
	step := int(ns>>(octave-latencySteps)) & (1<<latencySteps - 1)
	return (octave-latencyLow)<<latencySteps + step + 1
}

// LatencyBound returns the smallest duration that is above bucket i, i.e. the
// bucket's exclusive upper bound; for the last bucket the largest duration there is.
func LatencyBound(i int) time.Duration {
	if i >= LatencyBuckets-1 {
		return 1<<63 - 1
	}
	octave, step := i>>latencySteps, i&(1<<latencySteps-1)
	return time.Duration((1<<latencySteps + uint64(step)) << (octave + latencyLow - latencySteps))
}

// Snapshot copies the counts. Observations made meanwhile may or may not be in it.
func (l *Latency) Snapshot(into *LatencyCounts) {
	into.Total = 0
	for i := range l.counts {
		c := l.counts[i].Load()
		into.Buckets[i] = c
		into.Total += c
	}
	into.Sum = time.Duration(l.sum.Load())
}

// LatencyCounts are the counts of a Latency at one moment. They may be copied.
type LatencyCounts struct {
	Buckets [LatencyBuckets]uint64
	Total   uint64
	Sum     time.Duration
}

// Merge adds the counts of other: the result is what one histogram would have had
// that saw both streams.
func (c *LatencyCounts) Merge(other *LatencyCounts) {
	for i := range c.Buckets {
		c.Buckets[i] += other.Buckets[i]
	}
	c.Total += other.Total
	c.Sum += other.Sum
}

// Subtract removes an earlier snapshot of the same histogram.
func (c *LatencyCounts) Subtract(earlier *LatencyCounts) {
	for i := range c.Buckets {
		c.Buckets[i] -= earlier.Buckets[i]
	}
	c.Total -= earlier.Total
	c.Sum -= earlier.Sum
}

// Quantile returns the q-quantile, 0 ≤ q ≤ 1, within 1/32 of the observed value
// that has that rank (and up to 512 ns below it); 0 when nothing was observed.
func (c *LatencyCounts) Quantile(q float64) time.Duration {
	if c.Total == 0 {
		return 0
	}
	rank := uint64(min(max(q, 0), 1) * float64(c.Total-1))
	var seen uint64
	for i, n := range c.Buckets {
		seen += n
		if seen > rank {
			if i == LatencyBuckets-1 {
				return 1 << latencyHigh
			}
			return LatencyBound(i)
		}
	}
	return 1 << latencyHigh
}

// CountAbove returns how many observations lie in buckets above bucket i, i.e. how
// many durations were at least LatencyBound(i).
func (c *LatencyCounts) CountAbove(i int) uint64 {
	var n uint64
	for _, count := range c.Buckets[min(max(i+1, 0), LatencyBuckets):] {
		n += count
	}
	return n
}
