package sim

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/weir-gateway/weir/monitor/sketch"
	"github.com/weir-gateway/weir/rollout/judge"
)

// ramp is a rollout of an equally good version: the weight rises, and errors,
// latencies and predictions swing for both versions alike, with outages.
type ramp struct {
	rng     *rand.Rand
	batches []judge.Batch
	seen    judge.Histogram // the stable's latencies before the open batch
}

const (
	quantile = 0.9
	tailBy   = 0.01 // margin of the latency, per cent
)

func (r *ramp) latency(t int) int {
	median := float64(5*time.Millisecond) * (1 + 0.5*math.Sin(float64(t)/700))
	return sketch.LatencyBucket(time.Duration(median * math.Exp(0.5*r.rng.NormFloat64())))
}

func (r *ramp) open(weight float64) {
	if n := len(r.batches); n > 0 {
		r.seen = *r.batches[n-1].Counts.Latency[judge.Stable]
	}
	b := judge.Batch{Start: len(r.batches) + 1, Weight: weight, Bins: &judge.Bins{Classes: []string{"on time", "late"}, Expected: []float64{0.7, 0.3, 0}}}
	b.Tails = []judge.Tail{{Bucket: judge.SlowBucket(&r.seen, quantile)}}
	b.Counts.Latency = [2]*judge.Histogram{{}, {}}
	b.Counts.Predictions = [2][]int64{make([]int64, 3), make([]int64, 3)}
	r.batches = append(r.batches, b)
}

func (r *ramp) request(t int) {
	b := &r.batches[len(r.batches)-1]
	arm := judge.Stable
	if r.rng.Float64() < b.Weight {
		arm = judge.Candidate
	}
	b.Counts.Requests[arm]++
	b.Counts.Units[arm]++
	failing := 0.02 * (1 + 0.8*math.Sin(float64(t)/900))
	if t%4000 > 3700 {
		failing = 0.5 // an outage
	}
	if r.rng.Float64() < failing {
		b.Counts.Errors[arm]++
	}
	h := b.Counts.Latency[arm]
	h.Buckets[r.latency(t)]++
	h.Total++
	class := 0
	if r.rng.Float64() < 0.3+0.2*math.Sin(float64(t)/1500) {
		class = 1
	}
	b.Counts.Predictions[arm][class]++
}

// failed plays the ramp, looking every 80 requests, and says which metric, if any,
// was ever failed.
func (r *ramp) failed(alpha float64, guardrails []judge.Guardrail) string {
	for range 2000 {
		r.seen.Buckets[r.latency(0)]++
		r.seen.Total++
	}
	t := 0
	for _, weight := range []float64{.01, .1, .5} {
		for i := range 4000 {
			if i%1000 == 0 {
				r.open(weight)
			}
			r.request(t)
			if t++; t%80 != 0 {
				continue
			}
			b := &r.batches[len(r.batches)-1]
			b.Tails[0] = judge.Tail{Bucket: b.Tails[0].Bucket}
			b.Tails[0].Add(b.Counts.Latency, tailBy)
			for _, v := range judge.Judge(judge.Input{
				Guardrails: guardrails, FalseAlarm: alpha, Shares: len(guardrails), PassLevel: 0.05,
				Next: 1, Present: 1, Batches: r.batches, Quick: true,
			}) {
				if v.Outcome == judge.Fail {
					return v.Metric
				}
			}
		}
	}
	return ""
}

func verdicts(t *testing.T, s size, p *page) {
	guardrails := []judge.Guardrail{
		{Metric: judge.MetricErrors, Margin: 0.01},
		{Metric: judge.MetricLatency, Quantile: quantile, Margin: tailBy},
		{Metric: judge.MetricPrediction, Margin: 0.0001},
	}
	p.line("\n## Equally good versions that are failed\n\n%d rollouts each, seeds 0…%d, over 1 %%, 10 %% and 50 %% with 4,000 requests a weight, looked at every 80 requests; failures,"+
		" latencies and predictions swing with the day and jump in outages, for both versions alike. The margins are next to nothing, which is the hardest case."+
		" The bound is `false_alarm`, over all guardrails, weights and looks.\n", s.rollouts, s.rollouts-1)
	p.line("| bound | failed | share | by errors, latency, predictions |\n|---|---|---|---|")
	for _, alpha := range []float64{0.01, 0.1} {
		by := map[string]int{}
		for seed := range s.rollouts {
			r := &ramp{rng: rand.New(rand.NewPCG(uint64(seed), 41))}
			by[r.failed(alpha, guardrails)]++
		}
		n := float64(s.rollouts)
		failed := s.rollouts - by[""]
		share := float64(failed) / n
		p.line("| %g | %d of %d | %.4f ± %.4f | %d, %d, %d |", alpha, failed, s.rollouts, share, math.Sqrt(share*(1-share)/n),
			by[judge.MetricErrors], by[judge.MetricLatency], by[judge.MetricPrediction])
		if limit := alpha + 3*math.Sqrt(alpha*(1-alpha)/n); share > limit {
			t.Errorf("%d of %d equally good versions were failed, bound %g (limit %.4f)", failed, s.rollouts, alpha, limit)
		}
	}
}
