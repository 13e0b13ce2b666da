package proxy

import (
	"math/bits"
	"sync"
	"sync/atomic"
	"time"
)

// Hedge says when a request of an idempotent model is sent to a second endpoint
// as well, because the first keeps it waiting: whoever answers first is relayed,
// the other one is cancelled (Dean and Barroso, "The tail at scale", 2013). The
// zero value: never.
type Hedge struct {
	// After is how long the first may be silent.
	After time.Duration
	// Quantile takes the place of After: the share of the requests whose answer
	// began sooner, such as 0.95, over the last few thousand.
	Quantile float64
	// Budget is how many per cent of the requests may be hedged. Default 10.
	Budget float64
}

// hedging is what a pool keeps for its hedges.
type hedging struct {
	after time.Duration
	seen  *spectrum // nil: after is fixed
	pays  int64     // what a request saves
	saved atomic.Int64
}

// A hedge costs hedgeCost; hedgesSaved of them can be saved up, so that a quiet
// hour doesn't pay for a storm.
const (
	hedgeCost   = 1_000_000
	hedgesSaved = 10
)

func newHedging(cfg Hedge) *hedging {
	if cfg.After <= 0 && cfg.Quantile <= 0 {
		return nil
	}
	h := &hedging{after: cfg.After, pays: int64(or(cfg.Budget, 10) / 100 * hedgeCost)}
	if cfg.Quantile > 0 {
		h.seen = &spectrum{quantile: cfg.Quantile}
	}
	return h
}

// pay is called for every request that might be hedged.
func (h *hedging) pay() {
	if h.saved.Load() < hedgesSaved*hedgeCost {
		h.saved.Add(h.pays)
	}
}

// take says whether there is a hedge saved, and spends it.
func (h *hedging) take() bool {
	for {
		n := h.saved.Load()
		if n < hedgeCost {
			return false
		}
		if h.saved.CompareAndSwap(n, n-hedgeCost) {
			return true
		}
	}
}

// delay is how long a first endpoint may be silent; 0: that is not known yet.
func (h *hedging) delay() time.Duration {
	if h.seen == nil {
		return h.after
	}
	return time.Duration(h.seen.at.Load())
}

// observe notes how long the first endpoint was silent. That one which was
// cancelled for its silence would have been silent longer changes nothing: it
// counts among the slowest in any case.
func (h *hedging) observe(d time.Duration) {
	if h.seen != nil {
		h.seen.observe(d)
	}
}

// spectrum knows a quantile of durations, at most an eighth too high. Its counts
// are halved now and then, so that it follows a change within a few thousand.
type spectrum struct {
	quantile float64
	at       atomic.Int64 // a time.Duration; 0: too few were seen
	n        atomic.Int64
	counts   [spectrumBuckets]atomic.Int64
	mu       sync.Mutex // of those who look
}

const (
	spectrumBuckets = 8 * 34 // up to more than an hour
	spectrumLook    = 128    // every so many the quantile is looked for
	spectrumMemory  = 4096   // beyond so many the counts are halved
)

func (s *spectrum) observe(d time.Duration) {
	s.counts[bucketOf(d)].Add(1)
	if s.n.Add(1)%spectrumLook == 0 && s.mu.TryLock() {
		s.look()
		s.mu.Unlock()
	}
}

// look finds the quantile; mu is held.
func (s *spectrum) look() {
	total := int64(0)
	for i := range s.counts {
		total += s.counts[i].Load()
	}
	rank := int64(s.quantile * float64(total))
	for i := range s.counts {
		if rank -= s.counts[i].Load(); rank < 0 {
			s.at.Store(int64(bucketEnd(i)))
			break
		}
	}
	if total > spectrumMemory {
		for i := range s.counts {
			s.counts[i].Add(-s.counts[i].Load() / 2)
		}
	}
}

// bucketOf returns the bucket of a duration in 1,024 ns: eight to a doubling.
func bucketOf(d time.Duration) int {
	v := uint64(max(d, 0)) >> 10
	if v < 8 {
		return int(v)
	}
	e := bits.Len64(v) - 4
	return min(8*(e+1)+int(v>>e)&7, spectrumBuckets-1)
}

// bucketEnd returns the first duration beyond a bucket.
func bucketEnd(i int) time.Duration {
	i++
	if i < 8 {
		return time.Duration(i) << 10
	}
	return time.Duration(8+i%8) << (i/8 - 1) << 10
}
