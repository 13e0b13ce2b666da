package rollout

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
	"github.com/weir-gateway/weir/rollout/tally"
)

// slicedWalk is a walk at 10 %, judged by origin.
func slicedWalk() *Rollout {
	return &Rollout{
		Model: "flights", Stable: "1", Candidate: "2", StartGeneration: 1, Generation: 2, StepGeneration: 2, Weight: registry.Full / 10, Ledger: &Ledger{},
		Plan: Plan{
			Strategy: Canary, Automation: Automatic, FalseAlarm: .01, Steps: []Step{{Weight: registry.Full / 10}},
			Guardrails: []judge.Guardrail{{Metric: judge.MetricErrors, Margin: 5}, {Metric: judge.MetricErrors, Margin: 5, Slices: []string{"origin"}}},
		},
	}
}

// serve counts n requests of each origin, of which the candidate fails those of bad.
func serveOrigins(tl *tally.Tally, n, origins int, bad string) {
	for i := range n {
		for o := range origins {
			arm := judge.Stable
			if i%10 == o%10 {
				arm = judge.Candidate
			}
			origin := fmt.Sprintf("O%02d", o)
			failed := arm == judge.Candidate && origin == bad
			u := tl.Record(tally.Observation{Arm: arm, Failed: failed, Latency: time.Millisecond})
			tl.PredictNumber(u, float64(i*o%100), tl.InSlice(u, "origin", []byte(origin), failed))
			tl.InSlice(u, "dest", []byte("not judged"), failed)
		}
	}
}

func TestASliceThatIsWorseFailsTheWalkAndIsNamed(t *testing.T) {
	now := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	r := slicedWalk()
	if err := r.Plan.Validate(); err != nil {
		t.Fatal(err)
	}
	book := tally.NewBook(tally.Options{Now: func() time.Time { return now }})
	tl := book.Phase(tally.Route{Generation: 2, Stable: "1", Candidate: "2", Weight: .1})
	for range 5 {
		serveOrigins(tl, 200, 20, "O07")
		now = now.Add(30 * time.Second)
		r.Ledger.Absorb(now, r, book.Phases())
	}
	verdicts := r.Ledger.Judge(r, false)
	// One in twenty of the candidate's requests fails: within the margin of the whole.
	if v := verdicts[1]; v.Outcome == judge.Fail || v.Slice != "" {
		t.Errorf("the whole: %s: %s", v.Outcome, v.Words)
	}
	if v := verdicts[2]; v.Outcome != judge.Fail || v.Slice != "origin=O07" || len(v.Slices) != 20 {
		t.Fatalf("by slice: %s: %s", v.Outcome, v.Words)
	}
	r.Verdicts = verdicts
	if text := r.Explain(); !strings.Contains(text, "fail  slice origin=O07: errors: candidate 100 %, stable 0 %") {
		t.Errorf("explained without its slice:\n%s", text)
	}
}

func TestCountsOfSlicesSurviveARestartAndStayBounded(t *testing.T) {
	now := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	r := slicedWalk()
	route := tally.Route{Generation: 2, Stable: "1", Candidate: "2", Weight: .1}
	book := tally.NewBook(tally.Options{Now: clock})
	play := func(minutes, n, origins int) {
		for range minutes {
			serveOrigins(book.Phase(route), n, origins, "")
			now = now.Add(time.Minute)
			r.Ledger.Absorb(now, r, book.Phases())
		}
	}
	play(12*60, 10, 20)
	book = tally.NewBook(tally.Options{Now: clock}) // the process began anew
	play(12*60, 10, 40)
	data, err := json.Marshal(r)
	t.Logf("a day judged by one field is %d bytes", len(data))
	if err != nil || len(data) > 96<<10 {
		t.Errorf("the state is %d bytes, %v", len(data), err)
	}
	var back Rollout
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	var sum judge.Counts
	for _, page := range back.Ledger.Pages {
		sum.Add(&page.Batch.Counts)
	}
	got := sum.Slices["origin"]
	if len(got) != judge.MostSlices+1 || sum.Slices["dest"] != nil {
		t.Errorf("%d values, want 20 and the rest; fields %v", len(got), len(sum.Slices))
	}
	if first := got["O03"].Units; first[0]+first[1] != 2*12*60*10 {
		t.Errorf("%v units of O03 over the restart", first)
	}
	if rest := got[judge.OtherSlices].Units; rest[0]+rest[1] != 12*60*10*20 {
		t.Errorf("%v units in the rest", rest)
	}
}

func TestPlansWithSlicesThatCannotBeJudgedAreRefused(t *testing.T) {
	for name, g := range map[string]judge.Guardrail{
		"latency": {Metric: judge.MetricLatency, Quantile: .9, Margin: 20, Slices: []string{"origin"}},
		"twice":   {Metric: judge.MetricErrors, Margin: 1, Slices: []string{"origin", "origin"}},
		"empty":   {Metric: judge.MetricErrors, Margin: 1, Slices: []string{""}},
		"many":    {Metric: judge.MetricErrors, Margin: 1, Slices: []string{"a", "b", "c", "d", "e"}},
	} {
		p := slicedWalk().Plan
		p.Guardrails = []judge.Guardrail{g}
		if err := p.Validate(); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	p := slicedWalk().Plan
	if _, ok := p.errorMargin(); !ok {
		t.Error("the guardrail over all requests watches after 100 %")
	}
	p.Guardrails = p.Guardrails[1:]
	if _, ok := p.errorMargin(); ok {
		t.Error("a guardrail by slice has no margin for all requests after 100 %")
	}
}
