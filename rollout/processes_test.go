package rollout

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
	"github.com/weir-gateway/weir/rollout/tally"
)

// process is one of several gateways that count.
type process struct {
	name string
	*tally.Tally
	book *tally.Book
}

func newProcess(name string, now *time.Time, route tally.Route) process {
	b := tally.NewBook(tally.Options{Now: func() time.Time { return *now }})
	return process{name: name, Tally: b.Phase(route), book: b}
}

func (p process) count(arm judge.Arm, n int, failed bool) {
	for range n {
		p.Record(tally.Observation{Arm: arm, Failed: failed, Latency: 5 * time.Millisecond})
	}
}

// phases are what the processes have counted, as the leader reads them.
func phases(processes ...process) []judge.Phase {
	var all []judge.Phase
	for _, p := range processes {
		for _, phase := range p.book.Phases() {
			phase.Process = p.name
			all = append(all, phase)
		}
	}
	return all
}

func shared() (*Rollout, time.Time) {
	return &Rollout{
		Model: "flights", Stable: "1", Candidate: "2", StartGeneration: 1, Generation: 2, StepGeneration: 2, Weight: registry.Full / 2, Ledger: &Ledger{},
		Plan: Plan{FalseAlarm: .01, Steps: []Step{{Weight: registry.Full / 2}}, Guardrails: []judge.Guardrail{
			{Metric: judge.MetricErrors, Margin: 1}, {Metric: judge.MetricLatency, Quantile: .9, Margin: 20},
		}},
	}, time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
}

func booked(r *Rollout) (sum judge.Counts) {
	for _, page := range r.Ledger.Pages {
		sum.Add(&page.Batch.Counts)
	}
	return sum
}

var half = tally.Route{Generation: 2, Stable: "1", Candidate: "2", Weight: .5}

// TestProcessesAreBookedOnceWhateverIsReadWhen has processes that begin at the same
// moment, are away for a while, die, and are read again by the next leader from
// the state that the first had saved.
func TestProcessesAreBookedOnceWhateverIsReadWhen(t *testing.T) {
	r, now := shared()
	a, b := newProcess("a", &now, half), newProcess("b", &now, half)
	a.count(judge.Stable, 10, false)
	b.count(judge.Candidate, 20, true)
	for range 3 {
		r.Ledger.Absorb(now, r, phases(a, b))
	}
	saved, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	a.count(judge.Stable, 1, false)
	r.Ledger.Absorb(now, r, phases(a)) // b can't be read
	b.count(judge.Candidate, 2, true)
	r.Ledger.Absorb(now, r, phases(a, b))
	if got := booked(r); got.Units != [2]int64{11, 22} || got.Errors != [2]int64{0, 22} {
		t.Errorf("booked %+v, want 11 and 22 that failed", got)
	}

	var next Rollout // of another leader, which a's last request and b's are new to
	if err := json.Unmarshal(saved, &next); err != nil {
		t.Fatal(err)
	}
	c := newProcess("c", &now, half)
	for range 3 {
		now = now.Add(time.Minute) // a cut each
		next.Ledger.Absorb(now, &next, phases(c, a, b))
	}
	c.count(judge.Candidate, 5, false)
	next.Ledger.Absorb(now, &next, phases(c, a, b))
	if got := booked(&next); got.Units != [2]int64{11, 27} || got.Errors != [2]int64{0, 22} {
		t.Errorf("the next leader booked %+v, want 11, and 27 of which 22 failed", got)
	}
	if got := next.Ledger.requests(judge.Candidate, 2); got != 27 {
		t.Errorf("%d requests, want 27", got)
	}
	if total := next.Ledger.Latency[judge.Candidate].Total; total != 27 {
		t.Errorf("%d latencies, want 27", total)
	}
}

// TestTheSameRequestsOverThreeProcessesAreJudgedAsOverOne compares evidence.
func TestTheSameRequestsOverThreeProcessesAreJudgedAsOverOne(t *testing.T) {
	evidence := func(n int) []judge.Verdict {
		r, now := shared()
		var all []process
		for i := range n {
			all = append(all, newProcess(fmt.Sprint("p", i), &now, half))
		}
		for minute := range 30 {
			for i := range 60 {
				all[i%n].count(judge.Arm(i/3%2), 1, i%6 == 0 && minute%2 == 0)
			}
			now = now.Add(time.Minute)
			r.Ledger.Absorb(now, r, phases(all...))
		}
		return r.Ledger.Judge(r, true)
	}
	alone, together := evidence(1), evidence(3)
	for i := range alone {
		a, b := alone[i], together[i]
		// The limit of latency is known after other requests, and all later ones are judged by it.
		few := map[string]int64{judge.MetricLatency: 20}[a.Metric]
		if a.Outcome != b.Outcome || max(a.CandidateUnits-b.CandidateUnits, b.CandidateUnits-a.CandidateUnits) > few ||
			max(a.StableUnits-b.StableUnits, b.StableUnits-a.StableUnits) > few ||
			a.FailEvidence-b.FailEvidence > .2 || b.FailEvidence-a.FailEvidence > .2 || a.PassEvidence-b.PassEvidence > .2 || b.PassEvidence-a.PassEvidence > .2 {
			t.Errorf("%s: %s of %d and %d with %.3f and %.3f alone, and %s of %d and %d with %.3f and %.3f together", a.Metric,
				a.Outcome, a.StableUnits, a.CandidateUnits, a.FailEvidence, a.PassEvidence,
				b.Outcome, b.StableUnits, b.CandidateUnits, b.FailEvidence, b.PassEvidence)
		}
	}
}

// TestAGatewayThatIsBehindIsBookedInItsGeneration: its page comes before those of
// newer generations, and begins no bet anew.
func TestAGatewayThatIsBehindIsBookedInItsGeneration(t *testing.T) {
	r, now := shared()
	a, b := newProcess("a", &now, half), newProcess("b", &now, half)
	a.count(judge.Stable, 10, false)
	r.Ledger.Absorb(now, r, phases(a))
	a.Tally = a.book.Phase(tally.Route{Generation: 3, Stable: "1", Candidate: "2", Weight: .6})
	a.count(judge.Candidate, 10, false)
	now = now.Add(time.Minute)
	r.Ledger.Absorb(now, r, phases(a))
	starts := map[uint64]int{}
	for _, page := range r.Ledger.Pages {
		starts[page.Batch.Generation] = max(starts[page.Batch.Generation], page.Batch.Start)
	}
	b.Tally = b.book.Phase(tally.Route{Generation: 2, Stable: "1", Candidate: "2", Weight: .4}) // so that it has a page of its own
	b.count(judge.Candidate, 7, false)
	r.Ledger.Absorb(now, r, phases(a, b))
	if !slices.IsSortedFunc(r.Ledger.Pages, func(a, b Page) int { return int(a.Batch.Generation) - int(b.Batch.Generation) }) ||
		!slices.IsSortedFunc(r.Ledger.Pages, func(a, b Page) int { return a.Batch.Start - b.Batch.Start }) {
		t.Errorf("the pages are out of order: %+v", r.Ledger.Pages)
	}
	for _, page := range r.Ledger.Pages {
		if page.Batch.Weight == .4 && page.Batch.Start > starts[page.Batch.Generation] {
			t.Errorf("the late page begins bets: %d after %d", page.Batch.Start, starts[page.Batch.Generation])
		}
	}
	if got := booked(r); got.Units != [2]int64{10, 17} {
		t.Errorf("booked %+v", got.Units)
	}
}

// TestTheStateOfSixteenProcessesFitsIntoConsul has a day of requests at the first
// step and an hour at the next, with bins and as many slice fields as a plan may have.
func TestTheStateOfSixteenProcessesFitsIntoConsul(t *testing.T) {
	const most = 1 << 20 // registry/consul takes twice as much
	fields := []string{"origin", "carrier", "month", "plane"}
	r, now := shared()
	r.Plan.Guardrails = append(r.Plan.Guardrails, judge.Guardrail{Metric: judge.MetricPrediction, Margin: .1, Slices: fields})
	var all []process
	for i := range 16 {
		p := newProcess(fmt.Sprintf("process-%09d", i), &now, half)
		p.book.Adopt("1", "2", &judge.Bins{Edges: []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}, Expected: make([]float64, 10)})
		all = append(all, p)
	}
	for minute := range 25 * 60 {
		for i, p := range all {
			if minute == 24*60 {
				p.Tally = p.book.Phase(tally.Route{Generation: 3, Stable: "1", Candidate: "2", Weight: .6})
				all[i] = p
			}
			for k := range 4 {
				n := minute*4 + k + i
				u := p.Record(tally.Observation{Arm: judge.Arm(n % 2), Latency: time.Duration(1+n%500) * time.Millisecond})
				var in []tally.Slice
				for _, field := range fields {
					in = append(in, p.InSlice(u, field, fmt.Append(nil, "value", n%21), false))
				}
				p.PredictNumber(u, float64(n%11), in...)
			}
		}
		now = now.Add(time.Minute)
		r.Ledger.Absorb(now, r, phases(all...))
	}
	doc, err := json.Marshal(r)
	seen, _ := json.Marshal(r.Ledger.Seen) //nolint:errchkjson // it was marshalled above
	t.Logf("%d bytes, of which %d of %d phases seen, in %d pages", len(doc), len(seen), len(r.Ledger.Seen), len(r.Ledger.Pages))
	if err != nil || len(doc) > most {
		t.Errorf("the state has %d bytes, more than the %d that are taken: %v", len(doc), most, err)
	}
	sum := booked(r)
	if sum.Units[0]+sum.Units[1] != 25*60*4*16 {
		t.Errorf("booked %d units", sum.Units)
	}
	var sliced int64
	for _, c := range sum.Slices["origin"] {
		sliced += c.Units[0] + c.Units[1]
	}
	if sliced != 25*60*4*16 {
		t.Errorf("%d units booked in slices", sliced)
	}
}

// TestRequestsInFlightAreThoseOfAllProcessesNow: the check of the draw makes
// room for them, so they are neither kept of one only, nor added up over time.
func TestRequestsInFlightAreThoseOfAllProcessesNow(t *testing.T) {
	r, now := shared()
	a, b := newProcess("a", &now, half), newProcess("b", &now, half)
	for range 2 {
		a.Begin(judge.Candidate)
	}
	for range 3 {
		b.Begin(judge.Candidate)
	}
	for range 3 {
		r.Ledger.Absorb(now, r, phases(a, b))
	}
	if got := onlyPage(r).InFlight; got != [2]int64{0, 5} {
		t.Errorf("in flight are %d, want 5 to the candidate", got)
	}
	a.Discard(judge.Candidate)
	r.Ledger.Absorb(now, r, phases(a, b))
	if got := onlyPage(r).InFlight; got != [2]int64{0, 4} {
		t.Errorf("in flight are %d, want 4 to the candidate", got)
	}
}

// onlyPage are the counts of the only page.
func onlyPage(r *Rollout) judge.Counts {
	if len(r.Ledger.Pages) != 1 {
		return judge.Counts{}
	}
	return r.Ledger.Pages[0].Batch.Counts
}

// TestAnOlderReadingTakesNothingBack: a leader's own counts are live, and what the
// next one reads of it may be a second older, in any of the counts.
func TestAnOlderReadingTakesNothingBack(t *testing.T) {
	for what, more := range map[string]func(*judge.Counts){
		"errors": func(c *judge.Counts) { c.Errors[judge.Candidate]++ },
		"latency": func(c *judge.Counts) {
			c.Latency[judge.Candidate] = addHistogram(c.Latency[judge.Candidate], c.Latency[judge.Candidate])
		},
	} {
		r, now := shared()
		p := newProcess("a", &now, half)
		p.count(judge.Candidate, 10, false)
		older := phases(p)
		newer := phases(p)
		more(&newer[0].Counts)
		r.Ledger.Absorb(now, r, newer)
		want, latency := booked(r).Errors, r.Ledger.Latency[judge.Candidate].Total
		r.Ledger.Absorb(now, r, older)
		if got := booked(r).Errors; got != want || r.Ledger.Latency[judge.Candidate].Total != latency {
			t.Errorf("%s: after an older reading %d errors and %d latencies are booked, before %d and %d", what, got, r.Ledger.Latency[judge.Candidate].Total, want, latency)
		}
	}
}
