package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
)

// walk runs one rollout. Its goroutine ends with the rollout or the controller.
type walk struct {
	c    *Controller
	wake chan struct{} // holds at most one: look now

	// newest is the newest traffic that anybody has told about.
	newest atomic.Pointer[registry.Traffic]

	mu     sync.Mutex
	r      Rollout
	told   int       // log entries put into the outbox
	kept   time.Time // when the counts were saved last
	full   time.Time // when the verdicts were last made with words and intervals
	broken string    // the last error told about, so that it is told once
	outbox []Event

	thinking  bool     // hooks are asked about a step
	notices   []notice // to hooks, the first one on its way
	informing bool     // somebody empties notices

	telling sync.Mutex // held while OnEvent is called; never taken with mu held
}

func newWalk(c *Controller, r Rollout, traffic *registry.Traffic) *walk {
	w := &walk{c: c, wake: make(chan struct{}, 1), r: r, told: r.Entries}
	if traffic != nil {
		w.noticed(*traffic)
	}
	return w
}

// run judges at every tick.
func (w *walk) run() {
	defer w.c.forget(w)
	ticker := time.NewTicker(w.c.cfg.Tick)
	defer ticker.Stop()
	for {
		select {
		case <-w.c.ctx.Done():
			w.mu.Lock()
			if !w.r.Status.Final() {
				w.report(w.save(context.WithoutCancel(w.c.ctx)))
			}
			w.leave()
			return
		case <-ticker.C:
		case <-w.wake:
		}
		w.mu.Lock()
		w.tick(w.c.ctx)
		ended := w.r.Status.Final()
		w.leave()
		if ended {
			return
		}
	}
}

// forget removes an ended walk from the running ones.
func (c *Controller) forget(w *walk) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.walks[w.r.Model] == w {
		delete(c.walks, w.r.Model)
	}
}

// noticed takes the newest traffic from the registry's watch.
func (w *walk) noticed(t registry.Traffic) {
	for {
		old := w.newest.Load()
		if old != nil && old.Generation >= t.Generation {
			return
		}
		if w.newest.CompareAndSwap(old, &t) {
			w.poke()
			return
		}
	}
}

func (w *walk) poke() {
	select {
	case w.wake <- struct{}{}:
	default: // it will look anyhow
	}
}

// begin makes the first step; w.mu is held. A walk that cannot has ended.
func (w *walk) begin(ctx context.Context) error {
	first := 0
	if w.r.Plan.hasPreview() {
		first = preview
	}
	action := Action{To: first, Cause: registry.CauseRollout, By: w.r.By, Reason: w.r.startReason(first)}
	// Counts of the stable alone are the first that limits are known from.
	w.r.Ledger.Absorb(w.c.cfg.Now(), &w.r, w.c.cfg.Source.Phases(w.r.Model))
	// Saved before the change, so that a restart in between knows whose it is, and
	// that it is to be made.
	w.r.Approved = &Approval{To: first, By: w.r.By, Reason: action.Reason}
	err := w.save(ctx)
	if err == nil && w.forward(ctx, action) {
		err = w.carryOut(ctx, action)
	}
	if err != nil {
		w.r.end(w.c.cfg.Now(), Aborted, Actor, "the first step could not be made: "+err.Error())
		w.report(w.save(context.WithoutCancel(ctx)))
		w.poke()
	}
	return err
}

// tick looks once: at the traffic, at the counts, and does what is due. w.mu is
// held.
func (w *walk) tick(ctx context.Context) {
	if w.r.Status.Final() {
		return
	}
	now := w.c.cfg.Now()
	entries := w.r.Entries
	going, err := w.reconcile(ctx, now)
	if err != nil {
		w.report(err)
		return // whose change it is is not known; nothing is done on top of it
	}
	if !going {
		w.report(w.save(ctx))
		return
	}
	w.r.Ledger.Absorb(now, &w.r, w.c.cfg.Source.Phases(w.r.Model))
	w.r.Replicas = w.c.cfg.Source.Replicas(w.r.Model)
	switch action := w.r.Next(now, w.read(now)); {
	case action.To == Stay:
		w.r.lapse()
	case w.forward(ctx, action):
		if err := w.carryOut(ctx, action); err != nil {
			w.r.Why = action.Reason + "; not done yet, trying again: " + err.Error()
			w.report(err)
		}
	}
	if w.r.Entries != entries || now.Sub(w.kept) >= w.c.cfg.Save {
		w.report(w.save(ctx))
	}
}

// fullEvery is how often intervals and words are made anew while nothing is
// decided: they are most of the work and decide nothing.
const fullEvery = time.Second

// read judges what is booked. w.mu is held.
func (w *walk) read(now time.Time) Reading {
	r := &w.r
	switch {
	case r.Step < 0:
		return w.preview()
	case r.Step >= len(r.Plan.Steps):
		return Reading{Verdicts: r.Ledger.JudgeBake(&r.Plan), Requests: r.Ledger.requests(judge.Stable, r.StepGeneration)}
	}
	reading := Reading{Verdicts: r.Verdicts, Requests: r.Ledger.requests(judge.Candidate, r.StepGeneration)}
	if now.Sub(w.full) < fullEvery && slices.EqualFunc(r.Ledger.Judge(r, true), r.Verdicts, func(a, b judge.Verdict) bool { return a.Outcome == b.Outcome }) {
		return reading
	}
	w.full = now
	reading.Verdicts = r.Ledger.Judge(r, false)
	return reading
}

// preview reads the stage before the first step. w.mu is held.
func (w *walk) preview() Reading {
	r := &w.r
	if !r.begun() {
		return Reading{}
	}
	healthy, all := w.c.cfg.Source.Endpoints(r.Model, r.Candidate)
	if r.Plan.Shadow.Sample > 0 {
		r.Ledger.absorbPairs(w.c.cfg.Source.Pairs(r.Model, r.Candidate, r.StepGeneration))
	}
	return Reading{Verdicts: r.Ledger.JudgePairs(&r.Plan), Previewed: Previewed{Healthy: healthy, Endpoints: all, Requests: r.Ledger.requests(judge.Stable, r.StepGeneration)}}
}

// reconcile compares the traffic with what the walk left it as. It answers false
// when the walk has ended because somebody else changed the routing.
func (w *walk) reconcile(ctx context.Context, now time.Time) (going bool, err error) {
	t := w.newest.Load()
	if t == nil || t.Generation <= w.r.Generation {
		return true, nil
	}
	if t, err = w.whole(ctx, t, now); err != nil || w.r.Status.Final() {
		return err != nil, err
	}
	if action, ok := w.r.recognise(*t); ok {
		// Our own change, committed just before a restart or by another gateway.
		w.r.Arrived(now, action, *t)
		return !w.r.Status.Final(), nil
	}
	if w.r.routesLike(*t) {
		w.r.note(Entry{
			At: now, Kind: KindNote, By: t.Actor, Generation: t.Generation,
			Words: fmt.Sprintf("generation %d by %s leaves the split as it is; going on", t.Generation, t.Actor),
		})
		w.r.Generation = t.Generation
		return true, nil
	}
	w.r.Overtaken(now, *t)
	return false, nil
}

// mostMissed generations are looked through for the walk's own.
const mostMissed = 32

// whole is the traffic with its evidence, which tells whose it is and which a
// store may leave to the history. Changes of the walk's own that others have been
// made on top of since are taken up first: a step whose maker died, and somebody's
// shadow.
func (w *walk) whole(ctx context.Context, t *registry.Traffic, now time.Time) (*registry.Traffic, error) {
	newer := t.Generation - w.r.Generation
	if len(t.Evidence) > 0 && newer == 1 {
		return t, nil
	}
	limited, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	history, err := w.c.cfg.Store.History(limited, w.r.Model, int(min(newer, mostMissed))+4) // newer ones may have come
	if err != nil {
		return nil, fmt.Errorf("rollout: %s: who made generation %d can't be told: %w", w.r.Model, t.Generation, err)
	}
	for _, past := range slices.Backward(history) {
		if past.Generation == t.Generation {
			t = &past
			break
		}
		if action, ok := w.r.recognise(past); ok && past.Generation > w.r.Generation && !w.r.Status.Final() {
			w.r.Arrived(now, action, past)
		}
	}
	return t, nil
}

// evidence is what a commit carries: whose it is and on what grounds.
type evidence struct {
	Rollout  string          `json:"rollout"`
	Step     int             `json:"step"`
	End      Status          `json:"end,omitempty"`
	Verdicts []judge.Verdict `json:"verdicts,omitempty"`
}

// recognise finds the action behind a change that this walk made.
func (r *Rollout) recognise(t registry.Traffic) (Action, bool) {
	var e evidence
	if len(t.Evidence) == 0 || json.Unmarshal(t.Evidence, &e) != nil || e.Rollout != r.ID {
		return stay, false
	}
	return Action{To: e.Step, Cause: t.Cause, By: t.Actor, Reason: t.Reason, End: e.End}, true
}

// routesLike reports whether the traffic still has the walk's split.
func (r *Rollout) routesLike(t registry.Traffic) bool {
	want := r.Traffic(Action{To: r.Step}, t)
	return t.Stable == want.Stable && len(t.Arms) == len(want.Arms) &&
		!slices.ContainsFunc(t.Arms, func(a registry.Arm) bool { return !slices.Contains(want.Arms, a) })
}

// carryOut commits what an action asks for and waits until it is routed here.
// w.mu is held: nothing else of this walk can come in between.
func (w *walk) carryOut(ctx context.Context, action Action) error {
	var present registry.Traffic
	if t := w.newest.Load(); t != nil {
		present = *t
	}
	next := w.r.Traffic(action, present)
	var err error
	next.Evidence, err = json.Marshal(evidence{Rollout: w.r.ID, Step: action.To, End: action.End, Verdicts: w.r.Verdicts})
	if err != nil {
		return fmt.Errorf("rollout: %s: %w", w.r.Model, err)
	}
	limited, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	done, err := w.c.cfg.Store.Commit(limited, next, w.r.Generation)
	if errors.Is(err, registry.ErrStale) {
		w.refresh(limited)
	}
	if err != nil {
		return fmt.Errorf("rollout: %s: the traffic could not be changed: %w", w.r.Model, err)
	}
	w.noticed(done)
	waiting, cancelWait := context.WithTimeout(ctx, routeTimeout)
	defer cancelWait()
	routed := w.c.cfg.Source.AwaitGeneration(waiting, w.r.Model, done.Generation)
	w.r.Arrived(w.c.cfg.Now(), action, done)
	if routed != nil {
		w.r.note(Entry{
			At: w.c.cfg.Now(), Kind: KindNote, By: Actor, Generation: done.Generation,
			Words: fmt.Sprintf("generation %d is committed, but this gateway does not route by it yet: %v", done.Generation, routed),
		})
	}
	w.report(w.save(ctx))
	return nil
}

// refresh reads the traffic after somebody was first; the next tick decides.
func (w *walk) refresh(ctx context.Context) {
	model, err := w.c.model(ctx, w.r.Model)
	if err != nil {
		w.report(err)
		return
	}
	if model.Traffic != nil {
		w.noticed(*model.Traffic)
	}
}

// save keeps the state in the store.
func (w *walk) save(ctx context.Context) error {
	w.kept = w.c.cfg.Now()
	doc, err := json.Marshal(w.r)
	if err != nil {
		return fmt.Errorf("rollout: %s: save: %w", w.r.Model, err)
	}
	limited, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := w.c.cfg.Store.PutRollout(limited, w.r.Model, doc); err != nil {
		return fmt.Errorf("rollout: %s: save: %w", w.r.Model, err)
	}
	return nil
}

// report logs an error once; the next tick tries again.
func (w *walk) report(err error) {
	switch {
	case err == nil:
		w.broken = ""
	case errors.Is(err, registry.ErrNotLeader): // the next leader goes on
	case err.Error() != w.broken:
		w.broken = err.Error()
		w.c.cfg.Logger.Error("rollout: will try again", "model", w.r.Model, "error", err)
	}
}

// leave unlocks the walk, tells about new log entries and returns the state.
func (w *walk) leave() Rollout {
	public := w.r.public()
	fresh := min(w.r.Entries-w.told, len(public.Log))
	for i, entry := range public.Log[len(public.Log)-fresh:] {
		w.outbox = append(w.outbox, Event{Model: public.Model, Entry: entry, Rollout: public, number: public.Entries - fresh + i + 1})
	}
	w.told = w.r.Entries
	w.mu.Unlock()
	w.tell()
	return public
}

// tell empties the outbox in order.
func (w *walk) tell() {
	w.telling.Lock()
	defer w.telling.Unlock()
	w.mu.Lock()
	events := w.outbox
	w.outbox = nil
	w.mu.Unlock()
	for _, event := range events {
		w.c.cfg.OnEvent(event)
		w.inform(&event)
	}
}

// public is a copy to give away, without the counts.
func (r *Rollout) public() Rollout {
	copied := *r
	copied.Ledger = nil
	copied.Log = slices.Clone(r.Log)
	copied.Verdicts = slices.Clone(r.Verdicts)
	if r.Gate != nil {
		gate := *r.Gate
		copied.Gate = &gate
	}
	if r.Fault != nil {
		fault := *r.Fault
		copied.Fault = &fault
	}
	return copied
}
