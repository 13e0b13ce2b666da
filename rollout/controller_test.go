package rollout

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
)

// bench is a controller with a store and a gateway inside a synctest bubble.
type bench struct {
	t       *testing.T
	store   *memory
	gateway *gateway
	c       *Controller
	world   map[string]behaviour

	mu     sync.Mutex
	events []Event
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, store: newMemory(time.Now), world: map[string]behaviour{"1": {errors: .01, latency: 5, late: .2}, "2": {errors: .01, latency: 5, late: .2}}}
	b.gateway = newGateway(b.store, time.Now, 1)
	for _, v := range []string{"1", "2"} {
		if _, err := b.store.Register(t.Context(), registry.Version{Model: "flights", Version: v, Endpoints: []string{"http://127.0.0.1:9001"}}); err != nil {
			t.Fatal(err)
		}
	}
	b.commit(registry.Traffic{Model: "flights", Stable: "1", Arms: []registry.Arm{{Version: "1", Weight: registry.Full}}}, 0)
	b.open()
	return b
}

func (b *bench) open() {
	b.t.Helper()
	c, err := New(Config{Store: b.store, Source: b.gateway, OnEvent: func(e Event) {
		if _, err := b.c.Status(context.Background(), e.Model); err != nil {
			b.t.Errorf("status from within an event: %v", err)
		}
		b.mu.Lock()
		b.events = append(b.events, e)
		b.mu.Unlock()
	}})
	if err != nil {
		b.t.Fatal(err)
	}
	b.c = c
}

func (b *bench) close() {
	if err := b.c.Close(); err != nil {
		b.t.Error(err)
	}
}

func (b *bench) commit(next registry.Traffic, expect uint64) {
	b.t.Helper()
	if _, err := b.store.Commit(b.t.Context(), next, expect); err != nil {
		b.t.Fatal(err)
	}
}

// serve sends n requests a second for so long.
func (b *bench) serve(n int, long time.Duration) {
	for range int(long / time.Second) {
		b.gateway.serve("flights", n, b.world)
		time.Sleep(time.Second)
	}
	synctest.Wait()
}

func (b *bench) start() Rollout {
	b.t.Helper()
	r, err := b.c.Start(b.t.Context(), Start{Model: "flights", Candidate: "2", By: "ci", Plan: Plan{
		Strategy: Canary, Automation: Automatic, FalseAlarm: .01, Steps: []Step{{Weight: 10 * registry.Full / 100}, {Weight: registry.Full / 2}},
		Guardrails: []judge.Guardrail{{Metric: judge.MetricErrors, Margin: 1}},
	}})
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func (b *bench) status() Rollout {
	b.t.Helper()
	r, err := b.c.Status(b.t.Context(), "flights")
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func (b *bench) kinds() []Kind {
	b.mu.Lock()
	defer b.mu.Unlock()
	var kinds []Kind
	for _, e := range b.events {
		kinds = append(kinds, e.Entry.Kind)
	}
	return kinds
}

func (b *bench) traffic() registry.Traffic {
	s, _ := b.store.Snapshot(b.t.Context())
	return *s.Models["flights"].Traffic
}

func TestAGoodVersionIsPromoted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		defer b.close()
		if r := b.start(); r.Status != Running || r.Weight != 100_000 {
			t.Errorf("started as %s at %s", r.Status, r.Weight)
		}
		b.serve(500, 3*time.Minute)
		if r := b.status(); r.Status != Promoted || b.traffic().Stable != "2" {
			t.Errorf("%s, traffic %+v", r.Explain(), b.traffic())
		}
		if got, want := b.kinds(), []Kind{KindStarted, KindStep, KindStep, KindEnded}; !slices.Equal(got, want) {
			t.Errorf("events %v, want %v", got, want)
		}
	})
}

func TestABadVersionIsTakenOffWithinATick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		defer b.close()
		b.start()
		b.world["2"] = behaviour{errors: 1, latency: 5}
		fault := time.Now()
		b.gateway.serve("flights", 300, b.world)
		time.Sleep(b.c.cfg.Tick)
		synctest.Wait()
		r := b.status()
		if r.Status != RolledBack || r.Fault == nil {
			t.Fatal(r.Explain())
		}
		if late := r.Fault.AppliedAt.Sub(fault); late > b.c.cfg.Tick {
			t.Errorf("applied %v after the fault, a tick is %v", late, b.c.cfg.Tick)
		}
		back := b.traffic()
		if back.Stable != "1" || len(back.Arms) != 1 || back.Cause != registry.CauseGuardrail || back.Restores != 1 || len(back.Evidence) == 0 {
			t.Errorf("%+v", back)
		}
	})
}

func TestARestartGoesOnWhereItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.start()
		b.serve(20, 10*time.Second)
		b.close()
		before := b.status()
		if before.Status != Running {
			t.Fatal(before.Explain())
		}
		b.gateway.restart()
		b.open()
		defer b.close()
		if err := b.c.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		after := b.status()
		if after.CandidateRequests != before.CandidateRequests || after.Started != before.Started {
			t.Errorf("%d requests before the restart, %d after", before.CandidateRequests, after.CandidateRequests)
		}
		b.serve(500, 3*time.Minute)
		if r := b.status(); r.Status != Promoted {
			t.Error(r.Explain())
		}
	})
}

// TestARestartInTheMiddleOfAChange: the change was committed, and the process
// died before the state was saved. Whose change it is is told by its evidence.
func TestARestartInTheMiddleOfAChange(t *testing.T) {
	restartInTheMiddle(t, false)
}

// TestAnotherLeaderInTheMiddleOfAChange has a store that shows the evidence in
// the history only.
func TestAnotherLeaderInTheMiddleOfAChange(t *testing.T) {
	restartInTheMiddle(t, true)
}

func restartInTheMiddle(t *testing.T, bare bool) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.store.bare = bare
		b.start()
		saved, _ := b.store.Rollout(t.Context(), "flights")
		b.serve(500, 3*time.Minute) // to 50 % and 100 %
		b.close()
		if b.status().Status != Promoted {
			t.Fatal(b.status().Explain())
		}
		if err := b.store.PutRollout(t.Context(), "flights", saved); err != nil {
			t.Fatal(err)
		}
		generation := b.traffic().Generation
		b.open()
		defer b.close()
		if err := b.c.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if r := b.status(); r.Status != Promoted || b.traffic().Generation != generation {
			t.Errorf("generation %d before, %d after; %s", generation, b.traffic().Generation, r.Explain())
		}
	})
}

func TestAStoreThatRefusesIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		defer b.close()
		b.start()
		b.world["2"] = behaviour{errors: 1, latency: 5}
		b.store.mu.Lock()
		b.store.fail = errors.New("disk full")
		b.store.mu.Unlock()
		b.serve(300, 2*time.Second)
		if r := b.status(); r.Status != Running || !strings.Contains(r.Why, "disk full") {
			t.Error(r.Explain())
		}
		b.store.mu.Lock()
		b.store.fail = nil
		b.store.mu.Unlock()
		time.Sleep(b.c.cfg.Tick)
		synctest.Wait()
		if r := b.status(); r.Status != RolledBack {
			t.Error(r.Explain())
		}
	})
}

func TestSomebodyElsesChangeEndsTheWalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		defer b.close()
		b.start()
		b.commit(registry.Traffic{Model: "flights", Stable: "1", Actor: "carol", Reason: "enough", Arms: []registry.Arm{{Version: "1", Weight: registry.Full}}}, 2)
		synctest.Wait() // the watch wakes the walk: no tick is waited for
		if r := b.status(); r.Status != Aborted || !strings.Contains(r.Why, "carol") || b.traffic().Generation != 3 {
			t.Error(r.Explain())
		}
	})
}

func TestPeopleCanPauseResumeAndAbort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		defer b.close()
		b.start()
		if _, err := b.c.Start(t.Context(), Start{Model: "flights", Candidate: "2", Plan: b.status().Plan}); !errors.Is(err, registry.ErrConflict) {
			t.Errorf("a second walk: %v", err)
		}
		if _, err := b.c.Pause(t.Context(), "flights", "bob", ""); err != nil {
			t.Error(err)
		}
		b.serve(500, time.Minute)
		if r := b.status(); r.Status != Paused || r.Step != 0 {
			t.Error(r.Explain())
		}
		if _, err := b.c.Resume(t.Context(), "flights", "bob", ""); err != nil {
			t.Error(err)
		}
		r, err := b.c.Abort(t.Context(), "flights", "bob", "no")
		if err != nil || r.Status != Aborted || b.traffic().Stable != "1" || len(b.traffic().Arms) != 1 {
			t.Errorf("%v, %s", err, r.Explain())
		}
		synctest.Wait()
		if _, err := b.c.Abort(t.Context(), "flights", "bob", "no"); !errors.Is(err, registry.ErrConflict) {
			t.Errorf("abort of an ended walk: %v", err)
		}
		if _, err := b.c.Pause(t.Context(), "nobody", "bob", ""); !errors.Is(err, registry.ErrNotFound) {
			t.Errorf("pause of nothing: %v", err)
		}
		if r := b.start(); r.Status != Running {
			t.Errorf("a retry after an abort: %s", r.Explain())
		}
	})
}

func TestAStartThatCannotChangeTheTrafficHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		defer b.close()
		b.store.fail = errors.New("disk full")
		_, err := b.c.Start(t.Context(), Start{Model: "flights", Candidate: "2", By: "ci", Plan: Plan{Strategy: BlueGreen, Automation: Automatic, FalseAlarm: .01}})
		if err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("%v", err)
		}
		synctest.Wait()
		if r := b.status(); r.Status != Aborted {
			t.Error(r.Explain())
		}
		b.store.fail = nil
		b.start()
	})
}

// firstDoc keeps the first document of a walk.
type firstDoc struct {
	*memory
	doc []byte
}

func (f *firstDoc) PutRollout(ctx context.Context, model string, doc []byte) error {
	if f.doc == nil {
		f.doc = slices.Clone(doc)
	}
	return f.memory.PutRollout(ctx, model, doc)
}

// TestARestartBeforeTheFirstStepMakesIt: the process died after the walk was
// saved and before its first change was.
func TestARestartBeforeTheFirstStepMakesIt(t *testing.T) {
	for _, strategy := range []string{Canary, BlueGreen} {
		t.Run(strategy, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t)
				b.close()
				kept := &firstDoc{memory: b.store}
				c, err := New(Config{Store: kept, Source: b.gateway})
				if err != nil {
					t.Fatal(err)
				}
				plan := Plan{Strategy: strategy, Automation: Manual, FalseAlarm: .01, Deadline: time.Hour, Guardrails: []judge.Guardrail{{Metric: judge.MetricErrors, Margin: 1}}}
				if strategy == Canary {
					plan.Steps = []Step{{Weight: registry.Full / 10}}
				}
				if _, err := c.Start(t.Context(), Start{Model: "flights", Candidate: "2", By: "ci", Plan: plan}); err != nil {
					t.Fatal(err)
				}
				_ = c.Close()

				b = newBench(t)
				defer b.close()
				if err := b.store.PutRollout(t.Context(), "flights", kept.doc); err != nil {
					t.Fatal(err)
				}
				if err := b.c.Load(t.Context()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second)
				synctest.Wait()
				if r := b.status(); !r.begun() || b.traffic().Generation != 2 || b.traffic().Actor != "ci" {
					t.Errorf("generation %d by %s: %s", b.traffic().Generation, b.traffic().Actor, r.Explain())
				}
			})
		})
	}
}

// TestASteppedWalkGoesOnUnderSomebodysShadow: whoever made the step died before it
// was saved, and before another took over somebody asked for copies.
func TestASteppedWalkGoesOnUnderSomebodysShadow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.store.bare = true
		if _, err := b.store.Register(t.Context(), registry.Version{Model: "flights", Version: "3", Endpoints: []string{"http://127.0.0.1:9003"}}); err != nil {
			t.Fatal(err)
		}
		b.start()
		saved, _ := b.store.Rollout(t.Context(), "flights")
		for b.status().Step == 0 {
			b.serve(500, time.Second)
		}
		b.close()
		stepped := b.traffic()
		next := registry.Traffic{Model: "flights", Stable: stepped.Stable, Arms: stepped.Arms, Actor: "carol", Shadows: []registry.Shadow{{Version: "3", Sample: 1}}}
		b.commit(next, stepped.Generation)
		if err := b.store.PutRollout(t.Context(), "flights", saved); err != nil {
			t.Fatal(err)
		}
		b.open()
		defer b.close()
		if err := b.c.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if r := b.status(); r.Status != Running || r.Step != 1 || r.Generation != stepped.Generation+1 {
			t.Errorf("generation %d; %s", r.Generation, r.Explain())
		}
	})
}
