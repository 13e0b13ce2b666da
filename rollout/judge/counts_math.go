package judge

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/weir-gateway/weir/monitor/sketch"
)

// Add adds other to c.
func (c *Counts) Add(other *Counts) { c.combine(other, +1) }

// Subtract takes an earlier state of the same counts from c.
func (c *Counts) Subtract(earlier *Counts) { c.combine(earlier, -1) }

// combine adds sign × other. The in-flight gauge is not a sum: the newest stays.
func (c *Counts) combine(other *Counts, sign int64) {
	c.Overflow += sign * other.Overflow
	c.Slices = c.Slices.combine(other.Slices, sign)
	c.Labels.combine(&other.Labels, sign)
	for arm := range 2 {
		c.Requests[arm] += sign * other.Requests[arm]
		c.Units[arm] += sign * other.Units[arm]
		c.Errors[arm] += sign * other.Errors[arm]
		if from := other.Latency[arm]; from != nil {
			// A fresh histogram each time: snapshots share theirs.
			sum := &Histogram{}
			if c.Latency[arm] != nil {
				*sum = *c.Latency[arm]
			}
			if sign > 0 {
				sum.Merge(&from.LatencyCounts)
			} else {
				sum.LatencyCounts.Subtract(&from.LatencyCounts)
			}
			c.Latency[arm] = sum
		}
		c.Predictions[arm] = combineBins(c.Predictions[arm], other.Predictions[arm], sign)
	}
}

func combineBins(a, b []int64, sign int64) []int64 {
	if len(b) == 0 {
		return a
	}
	sum := make([]int64, max(len(a), len(b)))
	copy(sum, a)
	for i, n := range b {
		sum[i] += sign * n
	}
	return sum
}

// Clone is a copy that shares nothing that is changed.
func (c *Counts) Clone() Counts {
	clone := *c
	for arm := range 2 {
		if h := c.Latency[arm]; h != nil {
			copied := *h
			clone.Latency[arm] = &copied
		}
		clone.Predictions[arm] = slices.Clone(c.Predictions[arm])
	}
	return clone
}

// Empty reports whether nothing has been counted.
func (c *Counts) Empty() bool {
	return c.Requests == [2]int64{} && c.Units == [2]int64{} && c.predicted() == [2]int64{} && c.Overflow == 0 && c.Labels == Labels{}
}

// Behind reports whether c counts less than earlier somewhere, as it does when
// counting began anew.
func (c *Counts) Behind(earlier *Counts) bool {
	p, q := c.predicted(), earlier.predicted()
	for arm := range 2 {
		if c.Requests[arm] < earlier.Requests[arm] || c.Units[arm] < earlier.Units[arm] || c.Errors[arm] < earlier.Errors[arm] ||
			p[arm] < q[arm] || c.Latency[arm].total() < earlier.Latency[arm].total() ||
			c.Labels.Labelled[arm] < earlier.Labels.Labelled[arm] {
			return true
		}
	}
	return false
}

// total is how many latencies were recorded.
func (h *Histogram) total() uint64 {
	if h == nil {
		return 0
	}
	return h.Total
}

// predicted is the number of units with a prediction.
func (c *Counts) predicted() (sum [2]int64) {
	for arm, bins := range c.Predictions {
		for _, n := range bins {
			sum[arm] += n
		}
	}
	return sum
}

// histogramJSON is the stored form of a Histogram.
type histogramJSON struct {
	SumNanos int64             `json:"sum_ns"`
	Buckets  map[string]uint64 `json:"buckets"`
}

// MarshalJSON writes the non-empty buckets by index.
func (h *Histogram) MarshalJSON() ([]byte, error) {
	doc := histogramJSON{SumNanos: int64(h.Sum), Buckets: map[string]uint64{}}
	for i, n := range h.Buckets {
		if n != 0 {
			doc.Buckets[strconv.Itoa(i)] = n
		}
	}
	return json.Marshal(doc)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (h *Histogram) UnmarshalJSON(data []byte) error {
	var doc histogramJSON
	if err := json.Unmarshal(data, &doc); err != nil {
		return fmt.Errorf("judge: latency histogram: %w", err)
	}
	h.LatencyCounts = sketch.LatencyCounts{}
	for key, n := range doc.Buckets {
		i, err := strconv.Atoi(key)
		if err != nil || i < 0 || i >= sketch.LatencyBuckets {
			return fmt.Errorf("judge: latency histogram: bucket %q is outside 0 to %d", key, sketch.LatencyBuckets-1)
		}
		h.Buckets[i] = n
		h.Total += n
	}
	h.Sum = time.Duration(doc.SumNanos)
	return nil
}
