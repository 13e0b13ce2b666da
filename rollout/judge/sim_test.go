package judge

import (
	"flag"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/weir-gateway/weir/monitor/sketch"
)

// runs scales the simulations: the ADR's figures are from -runs 20.
var runs = flag.Int("runs", 1, "multiply the number of simulated rollouts")

// world is a service under two versions: what a request at time t (a request's
// number) does on an arm.
type world struct {
	weights []float64 // share of the candidate in each phase
	length  int       // requests in a phase
	poll    int       // requests between two looks
	errors  func(t int, arm Arm) float64
	latency func(t int, arm Arm, r *rand.Rand) time.Duration // nil: none
	class   func(t int, arm Arm, r *rand.Rand) int           // nil: none; of as many bins as expected
	bins    *Bins
	cut     int     // requests in a batch; 0: a phase is one batch
	margin  float64 // of the latency guardrails, per cent
}

// play draws requests and looks every poll requests until stop says so; it
// returns the number of requests seen, and of the candidate's.
func (w world) play(r *rand.Rand, quantiles []float64, look func(phase int, batches []Batch) (stop bool)) (all, candidate int64) {
	var batches []Batch
	var seen Histogram // the stable's latencies of earlier batches
	if w.latency != nil {
		for range 2000 {
			seen.add(w.latency(0, Stable, r))
		}
	}
	t := 0
	for phase, weight := range w.weights {
		inBatch := 0
		for i := range w.length {
			if i == 0 || (w.cut > 0 && inBatch >= w.cut) {
				batches = append(batches, w.batch(len(batches)+1, weight, quantiles, &seen, batches))
				inBatch = 0
			}
			b := &batches[len(batches)-1]
			candidate += int64(w.draw(t, weight, b, r))
			t++
			inBatch++
			if t%w.poll != 0 {
				continue
			}
			w.tails(batches)
			if look(phase, batches) {
				return int64(t), candidate
			}
		}
	}
	return int64(t), candidate
}

func (w world) batch(start int, weight float64, quantiles []float64, seen *Histogram, before []Batch) Batch {
	b := Batch{Start: start, Weight: weight, Bins: w.bins}
	if len(before) > 0 && before[len(before)-1].Counts.Latency[Stable] != nil {
		*seen = *before[len(before)-1].Counts.Latency[Stable]
	}
	for _, q := range quantiles {
		b.Tails = append(b.Tails, Tail{Bucket: SlowBucket(seen, q)})
	}
	if w.latency != nil {
		b.Counts.Latency = [2]*Histogram{{}, {}}
	}
	if w.class != nil {
		b.Counts.Predictions = [2][]int64{make([]int64, len(w.bins.Expected)), make([]int64, len(w.bins.Expected))}
	}
	return b
}

// tails counts the slow units of the open batch.
func (w world) tails(batches []Batch) {
	b := &batches[len(batches)-1]
	for i := range b.Tails {
		b.Tails[i] = Tail{Bucket: b.Tails[i].Bucket}
		b.Tails[i].Add(b.Counts.Latency, w.margin)
	}
}

func (w world) draw(t int, weight float64, b *Batch, r *rand.Rand) Arm {
	arm := Stable
	if r.Float64() < weight {
		arm = Candidate
	}
	b.Counts.Requests[arm]++
	b.Counts.Units[arm]++
	if w.errors != nil && r.Float64() < w.errors(t, arm) {
		b.Counts.Errors[arm]++
	}
	if w.latency != nil {
		b.Counts.Latency[arm].add(w.latency(t, arm, r))
	}
	if w.class != nil {
		b.Counts.Predictions[arm][w.class(t, arm, r)]++
	}
	return arm
}

func (h *Histogram) add(d time.Duration) {
	h.Buckets[sketch.LatencyBucket(d)]++
	h.Total++
}

// always is the same share of failures at all times.
func always(stable, candidate float64) func(int, Arm) float64 {
	return func(_ int, arm Arm) float64 {
		if arm == Candidate {
			return candidate
		}
		return stable
	}
}

// lognormal latencies with the given median; sigma .5 has p99 at 3.2 medians.
func lognormal(r *rand.Rand, median time.Duration, sigma float64) time.Duration {
	return time.Duration(float64(median) * math.Exp(sigma*r.NormFloat64()))
}

func median(xs []int64) int64 {
	slices.Sort(xs)
	return xs[len(xs)/2]
}

var logOf100 = math.Log(100)

// multinomial is the mixture over six odds ratios, log evidence.
func multinomial(b *Batch) float64 {
	total := math.Inf(-1)
	for _, delta := range []float64{.1, .25, .5, 1, 1.5, 2.5} {
		q := tilted(b.Weight, math.Exp(delta))
		e := float64(b.Counts.Errors[Candidate])*math.Log(q/b.Weight) + float64(b.Counts.Errors[Stable])*math.Log((1-q)/(1-b.Weight))
		total = logAdd(total, e-math.Log(6))
	}
	return total
}
