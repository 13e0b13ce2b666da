package rollout

import (
	"container/heap"
	"flag"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
	"github.com/weir-gateway/weir/rollout/tally"
)

// runs scales the simulations: the ADR's figures are from -runs 10.
var runs = flag.Int("runs", 1, "multiply the number of simulated rollouts")

// labels is a service whose truth comes late: what is true swings with the day, what
// is hard is more often wrong, and one truth is known far sooner than the other.
// A request comes every second; a phase ends by the candidate's requests, as
// min_requests ends a step.
type labels struct {
	shift  float64                                // of the candidate's chance to be wrong
	coming func(r *rand.Rand, arm judge.Arm) bool // which labels ever come; nil: all
}

type due struct {
	at    int
	tell  func(tally.Truth)
	truth tally.Truth
}

type queue []due

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].at < q[j].at }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(due)) }
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}

func (s labels) request(r *rand.Rand, t int, arm judge.Arm) (truth tally.Truth, delay int, comes bool) {
	slow := r.Float64() < 0.5+0.4*math.Sin(float64(t)/1500)
	chance, mean := 0.25, 300.0
	if slow {
		chance, mean = 0.08, 2000
	}
	if arm == judge.Candidate {
		chance += s.shift
	}
	if r.Float64() < chance {
		truth = tally.Wrong
	}
	return truth, int(r.ExpFloat64() * mean), s.coming == nil || s.coming(r, arm)
}

// walk plays a rollout through 5, 20 and 50 % and waits for the last label; it looks
// every two minutes until look says to stop.
func (s labels) walk(r *rand.Rand, plan Plan, look func(judge.Verdict, judge.Counts) (stop bool)) {
	start := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	now := start
	book := tally.NewBook(tally.Options{Keys: 1, Now: func() time.Time { return now }})
	ro := &Rollout{Stable: "1", Candidate: "2", StartGeneration: 1, Ledger: &Ledger{}, Plan: plan}
	var waiting queue
	t := 0
	tick := func() (stop bool) {
		t++
		now = start.Add(time.Duration(t) * time.Second)
		for len(waiting) > 0 && waiting[0].at <= t {
			d := heap.Pop(&waiting).(due)
			d.tell(d.truth)
		}
		if t%120 != 0 {
			return false
		}
		ro.Ledger.Absorb(now, ro, book.Phases())
		var sum judge.Counts
		for i := range ro.Ledger.Pages {
			sum.Add(&ro.Ledger.Pages[i].Batch.Counts)
		}
		return look(ro.Ledger.Judge(ro, true)[1], sum)
	}
	for step, phase := range []struct {
		weight float64
		least  int
	}{{.05, 100}, {.2, 500}, {.5, 2000}} {
		ro.Step, ro.StepGeneration, ro.Weight = step, uint64(step+2), registry.Weight(phase.weight*float64(registry.Full))
		tl := book.Phase(tally.Route{Generation: ro.StepGeneration, Stable: "1", Candidate: "2", Weight: phase.weight})
		for candidates := 0; candidates < phase.least; {
			arm := judge.Stable
			if r.Float64() < phase.weight {
				arm = judge.Candidate
				candidates++
			}
			unit := tl.Record(tally.Observation{Arm: arm})
			if truth, delay, comes := s.request(r, t, arm); comes {
				heap.Push(&waiting, due{t + delay, tl.Label(unit), truth})
			}
			if tick() {
				return
			}
		}
	}
	for len(waiting) > 0 {
		if tick() {
			return
		}
	}
}

func qualityPlan(margin, alpha float64) Plan {
	return Plan{
		FalseAlarm: alpha, Guardrails: []judge.Guardrail{{Metric: judge.MetricQuality, Margin: margin}},
		Steps: []Step{{Weight: registry.Full / 20}, {Weight: registry.Full / 5}, {Weight: registry.Full / 2}},
	}
}

// peeking is a z test of the labelled at the level, as at a fixed sample.
func peeking(c judge.Counts, level float64) bool {
	n := [2]float64{float64(c.Labels.Labelled[0]), float64(c.Labels.Labelled[1])}
	x := [2]float64{float64(c.Labels.Wrong[0]), float64(c.Labels.Wrong[1])}
	p := (x[0] + x[1]) / (n[0] + n[1])
	z := (x[1]/n[1] - x[0]/n[0]) / math.Sqrt(p*(1-p)*(1/n[0]+1/n[1]))
	return math.Erfc(z/math.Sqrt2)/2 < level
}

func TestAnEquallyGoodVersionIsHardlyEverFailedByLateLabels(t *testing.T) {
	const alpha = 0.1
	n := 60 * *runs
	failed, naive, broken := 0, 0, 0
	for seed := range n {
		fail, peek, broke := false, false, false
		labels{}.walk(rand.New(rand.NewPCG(uint64(seed), 55)), qualityPlan(0.0001, alpha), func(v judge.Verdict, c judge.Counts) bool {
			fail, broke = v.Outcome == judge.Fail, broke || v.Outcome == judge.Error
			peek = peek || peeking(c, alpha)
			return fail
		})
		failed, naive, broken = failed+one(fail), naive+one(peek), broken+one(broke)
	}
	limit := alpha + 3*math.Sqrt(alpha*(1-alpha)/float64(n))
	t.Logf("seeds 0…%d: %d of %d failed (limit %.1f), %d errors; a z test at each look: %d", n-1, failed, n, limit*float64(n), broken, naive)
	if float64(failed) > limit*float64(n) {
		t.Errorf("%d of %d equally good versions were failed, more than %.3f", failed, n, limit)
	}
	if float64(naive) <= limit*float64(n) {
		t.Errorf("a test that peeks alarms only %d times: this simulation could not fail", naive)
	}
	if broken > n/50+1 {
		t.Errorf("%d of %d walks were called unevenly labelled", broken, n)
	}
}

func TestAVersionThatIsWrongMoreOftenFails(t *testing.T) {
	n := 10 * *runs
	failed := 0
	for seed := range n {
		labels{shift: 0.12}.walk(rand.New(rand.NewPCG(uint64(seed), 56)), qualityPlan(2, 0.01), func(v judge.Verdict, _ judge.Counts) bool {
			failed += one(v.Outcome == judge.Fail)
			return v.Outcome == judge.Fail
		})
	}
	t.Logf("%d of %d versions that are wrong 12 points more often failed at a margin of 2", failed, n)
	if failed < n*9/10 {
		t.Errorf("%d of %d", failed, n)
	}
}

func TestAVersionAsBadAsTheMarginHardlyEverPassesByLateLabels(t *testing.T) {
	n := 40 * *runs
	passed, reached := 0, 0
	for seed := range n {
		pass, last := false, false
		labels{shift: 0.02}.walk(rand.New(rand.NewPCG(uint64(seed), 58)), qualityPlan(2, 0.01), func(v judge.Verdict, _ judge.Counts) bool {
			if v.Allowed < 0.021 { // the last step, before 100 %
				last, pass = true, v.Outcome == judge.Pass
			}
			return pass
		})
		passed, reached = passed+one(pass), reached+one(last)
	}
	limit := PassLevel + 3*math.Sqrt(PassLevel*(1-PassLevel)/float64(n))
	t.Logf("%d of %d passed before 100 %% (limit %.1f)", passed, reached, limit*float64(n))
	if float64(passed) > limit*float64(n) || reached < n {
		t.Errorf("%d of %d passed, more than %.3f", passed, reached, limit)
	}
}

func TestLabelsThatOneVersionLacksAreAnError(t *testing.T) {
	half := labels{coming: func(r *rand.Rand, arm judge.Arm) bool { return arm == judge.Stable || r.IntN(2) == 0 }}
	n := 10 * *runs
	broken := 0
	for seed := range n {
		last := judge.Hold
		half.walk(rand.New(rand.NewPCG(uint64(seed), 57)), qualityPlan(2, 0.01), func(v judge.Verdict, _ judge.Counts) bool {
			last = v.Outcome
			return last == judge.Error || last == judge.Fail
		})
		broken += one(last == judge.Error)
	}
	t.Logf("%d of %d are errors", broken, n)
	if broken < n*9/10 {
		t.Errorf("of %d walks where half of the candidate's labels are missing, %d are errors", n, broken)
	}
}

func TestAQualityGuardrailNeedsAMarginAndHasNoSlices(t *testing.T) {
	for _, c := range []struct {
		guardrail judge.Guardrail
		wrong     string // part of the error; empty: none
	}{
		{judge.Guardrail{Metric: judge.MetricQuality, Margin: 2}, ""},
		{judge.Guardrail{Metric: judge.MetricQuality}, "guardrails[0].margin"},
		{judge.Guardrail{Metric: judge.MetricQuality, Margin: 100}, "guardrails[0].margin"},
		{judge.Guardrail{Metric: judge.MetricQuality, Margin: 2, Slices: []string{"origin"}}, "quality is judged over all requests only"},
	} {
		plan := qualityPlan(2, .01)
		plan.Strategy, plan.Automation, plan.Guardrails = Canary, Automatic, []judge.Guardrail{c.guardrail}
		err := plan.Validate()
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%+v: %v, want %q", c.guardrail, err, c.wrong)
		}
	}
}

func TestTheCentreIsKnownBeforeThePageThatUsesIt(t *testing.T) {
	r := &Rollout{Stable: "1", Candidate: "2", StartGeneration: 1, Ledger: &Ledger{}, Plan: qualityPlan(2, .01)}
	phase := judge.Phase{Generation: 2, Stable: "1", Candidate: "2", Weight: .5}
	now := time.Unix(0, 0)
	for i := range int64(4) {
		phase.Counts.Labels = judge.Labels{Labelled: [2]int64{150 * (i + 1), 150 * (i + 1)}, Wrong: [2]int64{30 * (i + 1), 60 * (i + 1)}}
		r.Ledger.Absorb(now, r, []judge.Phase{phase})
		now = now.Add(cutEvery)
	}
	var sum judge.Labels
	for i, want := range []float64{0, 0, .2, .2} {
		b := r.Ledger.Pages[min(i, len(r.Ledger.Pages)-1)].Batch
		if i < len(r.Ledger.Pages) && b.Centre != want {
			t.Errorf("page %d has the centre %v, want %v", i, b.Centre, want)
		}
	}
	for _, p := range r.Ledger.Pages {
		for arm := range 2 {
			sum.Labelled[arm] += p.Batch.Counts.Labels.Labelled[arm]
			sum.Wrong[arm] += p.Batch.Counts.Labels.Wrong[arm]
		}
	}
	if sum != phase.Counts.Labels {
		t.Errorf("booked %+v", sum)
	}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}
