package rollout

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
)

// TestWalks plays whole rollouts from testdata/walks with a clock of their own.
// go test ./rollout -run TestWalks -rewrite writes what happens.
func TestWalks(t *testing.T) {
	datadriven.Walk(t, "testdata/walks", func(t *testing.T, path string) {
		s := newScript(t)
		datadriven.RunTest(t, path, s.run)
	})
}

// script is one play: a store, a gateway, a walk that ticks when told.
type script struct {
	t       *testing.T
	now     time.Time
	store   *memory
	gateway *gateway
	c       *Controller
	walk    *walk
	shown   int
	speed   int // requests a second
	world   map[string]behaviour
	callee  *callee
}

func newScript(t *testing.T) *script {
	s := &script{t: t, now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC), speed: 100, world: map[string]behaviour{}, callee: newCallee()}
	clock := func() time.Time { return s.now }
	s.store = newMemory(clock)
	s.gateway = newGateway(s.store, clock, 42)
	// No New: its goroutines would tick by themselves.
	s.c = &Controller{cfg: Config{Store: s.store, Source: s.gateway, Now: clock, Save: 10 * time.Second, OnEvent: func(Event) {}, Logger: slog.New(slog.DiscardHandler), Hooks: s.callee, spawn: s.callee.spawn}, ctx: t.Context()}
	for _, v := range []string{"1", "2", "3"} {
		_, err := s.store.Register(t.Context(), registry.Version{Model: "flights", Version: v, Endpoints: []string{"http://127.0.0.1:900" + v}})
		if err != nil {
			t.Fatal(err)
		}
		s.world[v] = behaviour{errors: 0.01, latency: 5, late: 0.2}
	}
	s.commit("alice", "first", registry.Traffic{Stable: "1", Arms: []registry.Arm{{Version: "1", Weight: registry.Full}}})
	return s
}

func (s *script) commit(actor, reason string, traffic registry.Traffic) {
	s.t.Helper()
	snapshot, _ := s.store.Snapshot(s.t.Context())
	var expect uint64
	if t := snapshot.Models["flights"].Traffic; t != nil {
		expect = t.Generation
	}
	traffic.Model, traffic.Actor, traffic.Reason, traffic.Cause = "flights", actor, reason, registry.CauseManual
	done, err := s.store.Commit(s.t.Context(), traffic, expect)
	if err != nil {
		s.t.Fatal(err)
	}
	if s.walk != nil {
		s.walk.noticed(done)
	}
}

func (s *script) run(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "version": // how a version answers: version 3 errors=0.05 latency=7 late=0.2
		s.version(d)
		return ""
	case "start":
		return s.start(d)
	case "serve": // serve 30s: requests and ticks; serve 24h idle: ticks alone
		return s.serve(d)
	case "pause", "resume", "approve", "abort":
		return s.command(d.Cmd)
	case "traffic": // somebody else changes it
		return s.outside(d)
	case "restart":
		return s.restart()
	case "endpoint": // endpoint 3 down: it fails its checks; endpoint 3 up
		s.gateway.down[d.CmdArgs[0].Key] = d.CmdArgs[1].Key == "down"
		return ""
	case "hook":
		return s.hook(d)
	case "sent":
		return s.sent()
	case "users":
		s.gateway.users, _ = strconv.Atoi(d.CmdArgs[0].Key)
		return ""
	case "explain":
		return s.walk.r.Explain()
	case "history":
		return s.history()
	default:
		t.Fatalf("unknown command %s", d.Cmd)
		return ""
	}
}

func (s *script) version(d *datadriven.TestData) {
	b := s.world[d.CmdArgs[0].Key]
	for _, arg := range d.CmdArgs[1:] {
		x, err := strconv.ParseFloat(arg.Vals[0], 64)
		if err != nil {
			s.t.Fatal(err)
		}
		switch arg.Key {
		case "errors":
			b.errors = x
		case "latency":
			b.latency = x
		case "late":
			b.late = x
		case "other":
			b.other = x
		}
	}
	s.world[d.CmdArgs[0].Key] = b
}

// start reads a plan as JSON.
func (s *script) start(d *datadriven.TestData) string {
	start := Start{Model: "flights", Candidate: d.CmdArgs[0].Key, By: "alice", Reason: "new features"}
	if err := json.Unmarshal([]byte(d.Input), &start.Plan); err != nil {
		return err.Error()
	}
	if err := start.Plan.Validate(); err != nil {
		return err.Error()
	}
	model, _ := s.c.model(s.t.Context(), "flights")
	r, err := start.rollout(s.now, model)
	if err != nil {
		return err.Error()
	}
	s.shown = 0
	s.walk = newWalk(s.c, r, model.Traffic)
	s.gateway.serve("flights", 2000, s.world)
	s.walk.mu.Lock()
	err = s.walk.begin(s.t.Context())
	s.walk.leave()
	if err != nil {
		return err.Error()
	}
	return s.show()
}

func (s *script) serve(d *datadriven.TestData) string {
	long, err := time.ParseDuration(d.CmdArgs[0].Key)
	if err != nil {
		s.t.Fatal(err)
	}
	idle := d.HasArg("idle")
	tick := time.Second
	if idle {
		tick = max(tick, long/100)
	}
	for end := s.now.Add(long); s.now.Before(end) && !s.walk.r.Status.Final(); {
		if !idle {
			s.gateway.serve("flights", s.speed, s.world)
		}
		s.now = s.now.Add(tick)
		s.tick()
	}
	return s.show()
}

func (s *script) tick() {
	s.walk.mu.Lock()
	s.walk.tick(s.t.Context())
	s.walk.leave()
	s.callee.run()
}

func (s *script) command(verb string) string {
	ctx := context.Background()
	w := s.walk
	w.mu.Lock()
	var err error
	switch verb {
	case "pause":
		err = w.r.Pause(s.now, "bob", "lunch")
	case "resume":
		err = w.r.Resume(s.now, "bob", "back")
	default:
		var action Action
		if verb == "approve" {
			action, err = w.r.Approve(s.now, "bob", "looks good")
		} else {
			action, err = w.r.Abort(s.now, "bob", "changed my mind")
		}
		if err == nil && action.To != Stay {
			err = w.carryOut(ctx, action)
		}
	}
	w.leave()
	if err != nil {
		return err.Error() + "\n"
	}
	return s.show()
}

func (s *script) outside(d *datadriven.TestData) string {
	snapshot, _ := s.store.Snapshot(s.t.Context())
	next := snapshot.Models["flights"].Traffic.Clone()
	next.Evidence, next.Restores, next.Standby = nil, 0, nil
	switch d.CmdArgs[0].Key {
	case "shadow":
		next.Shadows = append(next.Shadows, registry.Shadow{Version: d.CmdArgs[1].Key, Sample: 1})
	case "switch":
		next.Stable = d.CmdArgs[1].Key
		next.Arms = []registry.Arm{{Version: next.Stable, Weight: registry.Full}}
		next.Shadows = nil
	}
	s.commit("carol", "by hand", next)
	s.tick()
	return s.show()
}

// restart keeps only what the store has.
func (s *script) restart() string {
	s.gateway.restart()
	s.callee.waiting = nil // nobody waits any more
	r, err := s.c.stored(s.t.Context(), "flights")
	if err != nil {
		return err.Error()
	}
	model, _ := s.c.model(s.t.Context(), "flights")
	s.walk = newWalk(s.c, r, model.Traffic)
	s.tick()
	return s.show()
}

// show tells what is new in the log, and the state.
func (s *script) show() string {
	var b strings.Builder
	r := &s.walk.r
	for _, e := range r.Log[len(r.Log)-(r.Entries-s.shown):] {
		fmt.Fprintf(&b, "%s %s by %s: %s", e.At.Format("15:04:05"), e.Kind, e.By, e.Words)
		if e.Generation > 0 {
			fmt.Fprintf(&b, " [generation %d]", e.Generation)
		}
		b.WriteByte('\n')
	}
	s.shown = r.Entries
	fmt.Fprintf(&b, "→ %s %s, %s\n", s.now.Format("15:04:05"), r.Status, r.where())
	if !r.Status.Final() {
		fmt.Fprintf(&b, "  why: %s\n", r.Why)
	}
	if r.Advice != "" {
		fmt.Fprintf(&b, "  to do: %s\n", r.Advice)
	}
	return b.String()
}

func (s *script) history() string {
	history, _ := s.store.History(s.t.Context(), "flights", 0)
	var b strings.Builder
	for _, t := range history {
		fmt.Fprintf(&b, "%d by %s (%s):", t.Generation, t.Actor, t.Cause)
		for _, arm := range t.Arms {
			fmt.Fprintf(&b, " %s=%s", arm.Version, arm.Weight)
		}
		fmt.Fprintf(&b, ", standby %v, shadows %v", t.Standby, t.Shadows)
		var e evidence
		if json.Unmarshal(t.Evidence, &e) == nil {
			for _, v := range e.Verdicts {
				if v.Metric != judge.MetricAssignment {
					fmt.Fprintf(&b, ", %s %s", v.Metric, v.Outcome)
				}
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
