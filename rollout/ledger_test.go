package rollout

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
	"github.com/weir-gateway/weir/rollout/tally"
)

// day runs a tally of one phase into a ledger for so many minutes.
func day(t *testing.T, minutes int, change func(minute int, record func(arm judge.Arm, failed bool))) (*Rollout, time.Time) {
	t.Helper()
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	r := &Rollout{
		Model: "flights", Stable: "1", Candidate: "2", StartGeneration: 1, Generation: 2, StepGeneration: 2, Weight: registry.Full / 10, Ledger: &Ledger{},
		Plan: Plan{Automation: Automatic, FalseAlarm: .01, Steps: []Step{{Weight: registry.Full / 10}}, Guardrails: []judge.Guardrail{{Metric: judge.MetricErrors, Margin: 1}, {Metric: judge.MetricLatency, Quantile: .9, Margin: 20}}},
	}
	book := tally.NewBook(tally.Options{Now: func() time.Time { return now }})
	tl := book.Phase(tally.Route{Generation: 2, Stable: "1", Candidate: "2", Weight: .1})
	for minute := range minutes {
		change(minute, func(arm judge.Arm, failed bool) {
			tl.Record(tally.Observation{Arm: arm, Failed: failed, Latency: 5 * time.Millisecond})
		})
		now = now.Add(30 * time.Second)
		r.Ledger.Absorb(now, r, book.Phases())
		now = now.Add(30 * time.Second)
		r.Ledger.Absorb(now, r, book.Phases())
	}
	return r, now
}

func TestADayIsAFewPagesAndLosesNothing(t *testing.T) {
	const minutes = 24 * 60
	r, _ := day(t, minutes, func(_ int, record func(judge.Arm, bool)) {
		for range 9 {
			record(judge.Stable, false)
		}
		record(judge.Candidate, true)
	})
	if n := len(r.Ledger.Pages); n > 2*12 {
		t.Errorf("%d pages for a day", n)
	}
	var sum judge.Counts
	var tail int64
	last := 0
	for _, page := range r.Ledger.Pages {
		sum.Add(&page.Batch.Counts)
		tail += page.Batch.Tails[0].Units[judge.Stable]
		if page.Batch.Start <= last {
			t.Errorf("starts %d after %d", page.Batch.Start, last)
		}
		last = page.Batch.Start
	}
	if sum.Units != [2]int64{9 * minutes, minutes} || sum.Errors != [2]int64{0, minutes} {
		t.Errorf("%+v", sum)
	}
	if tail == 0 || tail > 9*minutes-judge.SlowNeed(.9) {
		t.Errorf("%d stable latencies judged: those before the limit was known (%d) must not be", tail, judge.SlowNeed(.9))
	}
	if r.Ledger.requests(judge.Candidate, 2) != minutes {
		t.Errorf("%d requests", r.Ledger.requests(judge.Candidate, 2))
	}
	data, err := json.Marshal(r)
	if err != nil || len(data) > 64<<10 {
		t.Errorf("the state is %d bytes, %v", len(data), err)
	}
	var back Rollout
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	before, after := r.Ledger.Judge(r, true), back.Ledger.Judge(&back, true)
	for i := range before {
		if math.Abs(before[i].FailEvidence-after[i].FailEvidence) > 1e-9 || before[i].Outcome != after[i].Outcome {
			t.Errorf("judged %+v, after a restart %+v", before[i], after[i])
		}
	}
}

func TestAHealthyDayDoesNotHideWhatBreaksAfterIt(t *testing.T) {
	const healthy = 24 * 60
	broken := 0
	r, _ := day(t, healthy+3, func(minute int, record func(judge.Arm, bool)) {
		for i := range 1000 {
			arm := judge.Stable
			if i%10 == 0 {
				arm = judge.Candidate
			}
			failed := i%100 == minute%100
			if minute >= healthy && arm == judge.Candidate {
				failed = i%30 == 0
				broken++
			}
			record(arm, failed)
		}
	})
	if v := r.Ledger.Judge(r, false)[1]; v.Outcome != judge.Fail {
		t.Errorf("%s after %d requests to a version that fails a third: %s", v.Outcome, broken, v.Words)
	}
}

func TestCountsThatShrinkAreNotBookedTwice(t *testing.T) {
	r := &Rollout{Stable: "1", Candidate: "2", StartGeneration: 1, Ledger: &Ledger{}}
	phase := judge.Phase{Generation: 2, Stable: "1", Candidate: "2", Weight: .5}
	for _, units := range []int64{100, 60, 100, 120} { // a replica that is away for a moment
		phase.Counts.Units = [2]int64{units, units}
		r.Ledger.Absorb(time.Unix(0, 0), r, []judge.Phase{phase})
	}
	if got := r.Ledger.Pages[0].Batch.Counts.Units[0]; got != 120 {
		t.Errorf("%d units booked of 120", got)
	}
}

// TestManyStepsAreBookedOnce: each step of a walk splits the units by where
// sticky keys were before, so that a late one of many steps has many parts.
func TestManyStepsAreBookedOnce(t *testing.T) {
	now := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	r := &Rollout{Stable: "1", Candidate: "2", StartGeneration: 1, Ledger: &Ledger{}}
	book := tally.NewBook(tally.Options{Now: func() time.Time { return now }})
	const steps, each = 20, 100
	for step := range steps {
		tl := book.Phase(tally.Route{Generation: uint64(2 + step), Stable: "1", Candidate: "2", Weight: float64(step+1) / 100})
		for range each {
			tl.Record(tally.Observation{Latency: time.Millisecond})
		}
		for range 5 {
			now = now.Add(time.Second)
			r.Ledger.Absorb(now, r, book.Phases())
		}
	}
	var sum int64
	for i := range r.Ledger.Pages {
		sum += r.Ledger.Pages[i].Batch.Counts.Units[judge.Stable]
	}
	if sum != steps*each {
		t.Errorf("%d units booked of %d", sum, steps*each)
	}
}

// TestALeaderThatComesBackBooksNothingTwice: of the gateway that led before, the
// ledger has less in mind, which must not be booked again when it leads again.
func TestALeaderThatComesBackBooksNothingTwice(t *testing.T) {
	now := time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	r := slicedWalk()
	r.Plan.Guardrails = append(r.Plan.Guardrails, judge.Guardrail{Metric: judge.MetricLatency, Quantile: .9, Margin: 20})
	route := tally.Route{Generation: 2, Stable: "1", Candidate: "2", Weight: .1}
	one := tally.NewBook(tally.Options{Now: clock})
	one.Phase(route)
	now = now.Add(time.Second)
	other := tally.NewBook(tally.Options{Now: clock})
	other.Phase(route)
	for range 12 {
		for _, book := range []*tally.Book{one, other, one} { // who leads
			serveOrigins(one.Phase(route), 10, 2, "")
			serveOrigins(other.Phase(route), 10, 2, "")
			now = now.Add(time.Second)
			r.Ledger.Absorb(now, r, book.Phases())
		}
	}
	var sum judge.Counts
	for i := range r.Ledger.Pages {
		sum.Add(&r.Ledger.Pages[i].Batch.Counts)
	}
	const served = 2 * 3 * 12 * 10 * 2
	if n := sum.Units[0] + sum.Units[1]; n > served || n < served*9/10 {
		t.Errorf("%d units booked of %d", n, served)
	}
	var sliced int64
	for _, c := range sum.Slices["origin"] {
		sliced += c.Units[0] + c.Units[1]
	}
	if sliced > sum.Units[0]+sum.Units[1] {
		t.Errorf("%d units in slices of %d", sliced, sum.Units[0]+sum.Units[1])
	}
	if n := int64(r.Ledger.Latency[0].Total + r.Ledger.Latency[1].Total); n > sum.Units[0]+sum.Units[1] {
		t.Errorf("%d latencies of %d units", n, sum.Units[0]+sum.Units[1])
	}
}

// TestPairsOfALeaderThatComesBackAreBookedOnce is the same for copies.
func TestPairsOfALeaderThatComesBackAreBookedOnce(t *testing.T) {
	l := &Ledger{}
	one, other := judge.Pairs{Since: time.Unix(1, 0)}, judge.Pairs{Since: time.Unix(2, 0)}
	for range 5 {
		for _, p := range []*judge.Pairs{&one, &other} {
			p.Compared += 10
			p.Disagreed++
			l.absorbPairs(*p)
		}
	}
	if l.Pairs.Compared != 100 || l.Pairs.Disagreed != 10 {
		t.Errorf("%+v booked of 100 pairs, 10 of which disagreed", l.Pairs)
	}
}
