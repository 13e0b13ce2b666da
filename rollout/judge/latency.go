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
	var all [2]Histogram
	for i := range in.Batches {
		b := &in.Batches[i]
		if b.Weight <= 0 || b.Weight >= 1 {
			continue
		}
		for arm, h := range b.Counts.Latency {
			if h != nil {
				all[arm].Merge(&h.LatencyCounts)
			}
		}
		if index >= len(b.Slow) || b.Slow[index] < 0 {
			bad.add(trial{}, b.Start)
			good.add(trial{}, b.Start)
			continue
		}
		up, down := limits(b.Slow[index], g.Margin)
		strict := slowTrial(b, b.Slow[index], up, 1-g.Quantile)
		lax := slowTrial(b, b.Slow[index], down, 1-g.Quantile)
		bad.add(strict, b.Start)
		good.add(lax, b.Start)
		v.count(b.Weight, strict.units, strict.hits, &hits)
		v.LimitSeconds = sketch.LatencyBound(up).Seconds()
	}
	v.shares(hits)
	v.StableSeconds = all[Stable].Quantile(g.Quantile).Seconds()
	v.CandidateSeconds = all[Candidate].Quantile(g.Quantile).Seconds()
	in.weigh(&v, &bad, &good, 0, (1-g.Quantile)*(1/in.Next-1))
	v.Words = latencyWords(&v, g)
	return v
}

// slowTrial counts the stable above bucket slow and the candidate above limit.
func slowTrial(b *Batch, slow, limit int, centre float64) trial {
	t := trial{weight: b.Weight, centre: centre}
	for arm, bucket := range [2]int{slow, limit} {
		if h := b.Counts.Latency[arm]; h != nil {
			t.units[arm] = int64(h.Total)
			t.hits[arm] = int64(h.CountAbove(bucket))
		}
	}
	return t
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
