package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
)

// callee is the other side of hooks: it answers as a script says, when it says.
type callee struct {
	status map[string]int // by host; none: 200
	line   map[string]string
	slow   bool // what waits for an answer goes on waiting

	waiting []func()
	sent    []string // since they were shown last
	ids     map[string]int
}

func newCallee() *callee {
	return &callee{status: map[string]int{}, line: map[string]string{}, ids: map[string]int{}}
}

func (c *callee) spawn(f func()) { c.waiting = append(c.waiting, f) }

// run lets everybody who waits have their answer.
func (c *callee) run() {
	for len(c.waiting) > 0 && !c.slow {
		f := c.waiting[0]
		c.waiting = c.waiting[1:]
		f()
	}
}

func (c *callee) Call(_ context.Context, h Hook, id string, body []byte) HookAnswer {
	var m Message
	if err := json.Unmarshal(body, &m); err != nil || m.ID != id {
		c.sent = append(c.sent, fmt.Sprintf("%s: %v", body, err))
	}
	c.ids[id]++
	line := fmt.Sprintf("%s → %s: %s %s", m.Type, h.URL, m.Status, m.Weight)
	if m.To != nil {
		line += fmt.Sprintf(", to %s (step %d)", m.To.Weight, m.To.Step)
	}
	c.sent = append(c.sent, fmt.Sprintf("%s, by %s: %.60s", line, m.By, m.Words))
	host := strings.Split(h.URL, "/")[2]
	status := max(c.status[host], 200)
	return HookAnswer{URL: h.URL, OK: status/100 == 2, Status: status, Line: c.line[host], Tries: 1}
}

// hook sets how hooks answer: hook ci 409 (frozen until Monday); hook slow; hook quick.
func (s *script) hook(d *datadriven.TestData) string {
	host := d.CmdArgs[0].Key
	if host == "slow" || host == "quick" {
		s.callee.slow = host == "slow"
		return ""
	}
	s.callee.status[host], _ = strconv.Atoi(d.CmdArgs[1].Key)
	s.callee.line[host] = strings.TrimSpace(d.Input)
	return ""
}

// sent shows what hooks were told.
func (s *script) sent() string {
	s.callee.run()
	text := strings.Join(s.callee.sent, "\n")
	s.callee.sent = nil
	for id, n := range s.callee.ids {
		if n > 1 {
			text += fmt.Sprintf("\n%s came %d times", id, n)
		}
	}
	return text
}

// gated has a hook whose answers block a walk's goroutine, not the walk.
type gated struct{ answer chan HookAnswer }

func (g *gated) Call(ctx context.Context, h Hook, _ string, _ []byte) HookAnswer {
	select {
	case a := <-g.answer:
		return a
	case <-ctx.Done():
		return HookAnswer{URL: h.URL, Line: "closed"}
	}
}

func TestAHookThatThinksKeepsNobodyFromGoingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		b.close()
		hooks := &gated{answer: make(chan HookAnswer, 1)}
		c, err := New(Config{Store: b.store, Source: b.gateway, Hooks: hooks})
		if err != nil {
			t.Fatal(err)
		}
		b.c = c
		defer b.close()
		hooks.answer <- HookAnswer{OK: true, Status: 200}
		_, err = c.Start(t.Context(), Start{Model: "flights", Candidate: "2", By: "ci", Plan: Plan{
			Strategy: Canary, Automation: Automatic, FalseAlarm: .01, Steps: []Step{{Weight: registry.Full / 2}},
			Guardrails: []judge.Guardrail{{Metric: judge.MetricErrors, Margin: 5}},
			Hooks:      []Hook{{URL: "http://ci", On: []string{BeforeStep}, SecretEnv: "S", Timeout: time.Second}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		b.serve(100, 2*time.Minute)
		if r := b.status(); r.Step != 0 || !strings.Contains(r.Why, "a hook is asked before the step to 100 %") {
			t.Fatalf("%s: %s", r.where(), r.Why)
		}
		b.world["2"] = behaviour{errors: .5, latency: 5, late: .2}
		b.serve(100, time.Minute)
		if r := b.status(); r.Status != RolledBack {
			t.Errorf("%s: %s", r.Status, r.Why)
		}
	})
}

func TestWithoutACallerAStepThatAsksIsHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		defer b.close()
		_, err := b.c.Start(t.Context(), Start{Model: "flights", Candidate: "2", By: "ci", Plan: Plan{
			Strategy: BlueGreen, Automation: Automatic, FalseAlarm: .01,
			Hooks: []Hook{{URL: "http://ci", On: []string{BeforeStep}, SecretEnv: "S", Timeout: time.Second}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		b.serve(1, 2*time.Second)
		if r := b.status(); r.Status != Held || r.begun() || !strings.Contains(r.Why, "http://ci gave no answer: this gateway calls no hooks") {
			t.Errorf("%s: %s", r.Status, r.Why)
		}
	})
}

// TestAnApprovalThatCouldNotBeCarriedOutCanBeRepeated: the store fails just when
// a person goes on in spite of a hook.
func TestAnApprovalThatCouldNotBeCarriedOutCanBeRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		defer b.close()
		_, err := b.c.Start(t.Context(), Start{Model: "flights", Candidate: "2", By: "ci", Plan: Plan{
			Strategy: BlueGreen, Automation: Automatic, FalseAlarm: .01,
			Hooks: []Hook{{URL: "http://ci", On: []string{BeforeStep}, SecretEnv: "S", Timeout: time.Second}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		b.serve(1, 2*time.Second)
		b.store.mu.Lock()
		b.store.fail = errors.New("disk full")
		b.store.mu.Unlock()
		if _, err := b.c.Approve(t.Context(), "flights", "bob", ""); err == nil {
			t.Fatal("approved without a store")
		}
		b.serve(1, 2*time.Second)
		b.store.mu.Lock()
		b.store.fail = nil
		b.store.mu.Unlock()
		r, err := b.c.Approve(t.Context(), "flights", "bob", "")
		if err != nil || !r.begun() {
			t.Errorf("%v, %s", err, r.Explain())
		}
	})
}
