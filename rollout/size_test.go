package rollout

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
	"github.com/weir-gateway/weir/rollout/tally"
)

// TestTheStateOfALongWalkFitsIntoAStore: what a store refuses is not there after
// a restart: a pause, an approval, the counts of days.
func TestTheStateOfALongWalkFitsIntoAStore(t *testing.T) {
	const steps, minutes, most = 7, 2 * 60, 256 << 10 // of the registries
	now := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	fields := []string{"origin", "dest", "carrier", "header:x-tenant"}
	r := slicedWalk()
	r.Plan.Guardrails = []judge.Guardrail{
		{Metric: judge.MetricErrors, Margin: 5},
		{Metric: judge.MetricLatency, Quantile: .99, Margin: 20},
		{Metric: judge.MetricErrors, Margin: 5, Slices: fields},
		{Metric: judge.MetricPrediction, Margin: .1, Slices: fields},
	}
	r.Plan.Steps = nil
	for step := range steps {
		r.Plan.Steps = append(r.Plan.Steps, Step{Weight: registry.Weight(step+1) * registry.Full / 10})
	}
	if err := r.Plan.Validate(); err != nil {
		t.Fatal(err)
	}
	book := tally.NewBook(tally.Options{Now: func() time.Time { return now }})
	for step := range steps {
		r.Generation, r.StepGeneration, r.Step, r.Weight = uint64(2+step), uint64(2+step), step, r.Plan.Steps[step].Weight
		tl := book.Phase(tally.Route{Generation: r.Generation, Stable: "1", Candidate: "2", Weight: float64(step+1) / 10})
		for m := range minutes {
			for i := range 20 {
				arm := judge.Stable
				if (i*7+m)%10 <= step {
					arm = judge.Candidate
				}
				// A third are users who come back, so that every step has several strata.
				u := tl.Record(tally.Observation{Key: uint64(i % 3 * (i*minutes + m) / 3), Arm: arm, Latency: time.Duration(1+i*m%977) * time.Millisecond})
				var in []tally.Slice
				for k, f := range fields {
					in = append(in, tl.InSlice(u, f, fmt.Appendf(nil, "value-%02d", (i+k*m)%24), false))
				}
				tl.PredictNumber(u, float64(i*m%1000)/3, in...)
			}
			now = now.Add(time.Minute)
			r.Ledger.Absorb(now, r, book.Phases())
		}
		r.Verdicts = r.Ledger.Judge(r, false)
		for range 5 {
			r.note(Entry{At: now, Kind: KindHeld, Words: "again", Verdicts: r.Verdicts})
		}
	}
	data, err := json.Marshal(r)
	t.Logf("%d bytes, %d pages", len(data), len(r.Ledger.Pages))
	if err != nil || len(data) > most {
		t.Errorf("the state is %d bytes, %v", len(data), err)
	}
	if kept := r.Log[len(r.Log)-1].Verdicts; len(kept[len(kept)-1].Slices) == 0 || len(r.Verdicts[len(kept)-1].Slices) == 0 {
		t.Error("the newest entry lacks its slices")
	}
	var back Rollout
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	before, _ := json.Marshal(r.Ledger.Judge(r, false))
	after, _ := json.Marshal(back.Ledger.Judge(&back, false))
	if string(before) != string(after) {
		t.Errorf("judged\n%s\nafter a restart\n%s", before, after)
	}
	var sum judge.Counts
	for i := range back.Ledger.Pages {
		sum.Add(&back.Ledger.Pages[i].Batch.Counts)
	}
	if n := sum.Requests[0] + sum.Requests[1]; n != steps*minutes*20 {
		t.Errorf("%d requests booked of %d", n, steps*minutes*20)
	}
	if err := json.Unmarshal([]byte(`{"ledger":"H4sI"}`), &back); err == nil {
		t.Error("half a ledger was read")
	}
}
