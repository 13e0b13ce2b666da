package judge

import (
	"time"

	"github.com/weir-gateway/weir/monitor/sketch"
)

// judgeLatency compares how often the candidate exceeds c' = (1+x)·c with how
// often the stable exceeds c, for c the stable's q-quantile as known before the
// batch. If the candidate's latencies were the stable's times 1+x, the
// difference would be 0, whatever c is and however the load moves: so
//
//	Fail: Δ ≤ 0 rejected (slower than the margin allows)
//	Pass: Δ ≥ (1−q)(1/w'−1) rejected: with the next weight w' on the candidate,
//	      w'·P(candidate > c') ≤ 1−q still; at 100 % Δ ≥ 0.
//
// c' falls inside a bucket; it is rounded up for Fail and down for Pass.
func judgeLatency(in *Input, g Guardrail, index int) Verdict {
	v := Verdict{Metric: g.Metric, Quantile: g.Quantile}
	var bad, good series
	var hits [2]int64
	for i := range in.Batches {
		b := &in.Batches[i]
		if index >= len(b.Tails) || b.Tails[index].Bucket < 0 {
			bad.addOf(in, b, trial{})
			good.addOf(in, b, trial{})
			continue
		}
		tail := b.Tails[index]
		bad.addOf(in, b, trial{b.Weight, 1 - g.Quantile, tail.Units, tail.Strict})
		good.addOf(in, b, trial{b.Weight, 1 - g.Quantile, tail.Units, tail.Lax})
		v.count(b.Weight, tail.Units, tail.Strict, &hits)
		up, _ := limits(tail.Bucket, g.Margin)
		v.LimitSeconds = sketch.LatencyBound(up).Seconds()
	}
	v.shares(hits)
	if h := in.Latency[Stable]; h != nil {
		v.StableSeconds = h.Quantile(g.Quantile).Seconds()
	}
	if h := in.Latency[Candidate]; h != nil {
		v.CandidateSeconds = h.Quantile(g.Quantile).Seconds()
	}
	tail := func(w float64) float64 { return min((1-g.Quantile)*(1/w-1), mostAllowed) }
	in.weigh(&v, &bad, &good, 0, limit{tail(in.Next), tail(max(in.Present, 1e-9))})
	v.Words = latencyWords(&v, g)
	return v
}

// Tail counts the units of a batch that were slow: slower than c on the stable,
// than c' on the candidate.
type Tail struct {
	// Bucket is the one of [sketch.LatencyBucket] whose upper bound is c; −1:
	// not known when the batch began, and the batch says nothing.
	Bucket int      `json:"bucket"`
	Units  [2]int64 `json:"units"`
	Strict [2]int64 `json:"strict"` // c' rounded up
	Lax    [2]int64 `json:"lax"`    // c' rounded down
}

// Add counts latencies; margin is the guardrail's, in per cent.
func (t *Tail) Add(latency [2]*Histogram, margin float64) {
	if t.Bucket < 0 {
		return
	}
	up, down := limits(t.Bucket, margin)
	if h := latency[Stable]; h != nil {
		slow := int64(h.CountAbove(t.Bucket))
		t.Units[Stable] += int64(h.Total)
		t.Strict[Stable] += slow
		t.Lax[Stable] += slow
	}
	if h := latency[Candidate]; h != nil {
		t.Units[Candidate] += int64(h.Total)
		t.Strict[Candidate] += int64(h.CountAbove(up))
		t.Lax[Candidate] += int64(h.CountAbove(down))
	}
}

// Merge adds the counts of another tail with the same limit.
func (t *Tail) Merge(other Tail) {
	for arm := range 2 {
		t.Units[arm] += other.Units[arm]
		t.Strict[arm] += other.Strict[arm]
		t.Lax[arm] += other.Lax[arm]
	}
}

// limits returns the buckets whose upper bounds are nearest to (1+x)·c from
// above and from below, for c the upper bound of bucket slow and x in per cent.
func limits(slow int, percent float64) (up, down int) {
	c := float64(sketch.LatencyBound(slow))
	target := time.Duration(c * (1 + percent/100))
	down = sketch.LatencyBucket(target) - 1 // its bound is at most target
	up = down
	if sketch.LatencyBound(down) < target {
		up++
	}
	return min(up, sketch.LatencyBuckets-1), max(down, slow)
}

// SlowNeed is how many of the stable's units a batch's latency limit needs to
// have been seen before: five in the tail, at least fifty in all.
func SlowNeed(q float64) int64 { return max(50, int64(5/(1-q))) }

// SlowBucket returns the bucket whose upper bound stands for the q-quantile of
// latencies seen, or −1 while there are fewer than [SlowNeed].
func SlowBucket(seen *Histogram, q float64) int {
	if seen == nil || int64(seen.Total) < SlowNeed(q) {
		return -1
	}
	// Quantile answers an upper bound, which lies in the next bucket.
	return sketch.LatencyBucket(seen.Quantile(q)) - 1
}
