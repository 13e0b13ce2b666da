package gateway_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/registry/consul/consultest"
	"github.com/weir-gateway/weir/rollout"
	"github.com/weir-gateway/weir/rollout/judge"
)

// leads is weir_leader.
func (r *running) leads() bool {
	r.t.Helper()
	return strings.Contains(r.metrics(r.t), "\nweir_leader 1\n")
}

// elected waits for the one that leads. Consul keeps a silent leader's session
// for twice its 10 s.
func elected(t *testing.T, replicas ...*running) *running {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		for _, r := range replicas {
			if r.leads() {
				return r
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("nobody leads")
	return nil
}

// byHand is a plan whose every step a person takes: nothing is measured, and
// the deadline comes soon.
func byHand() api.RolloutRequest {
	soon := api.Duration(50 * time.Millisecond)
	return api.RolloutRequest{
		Version: "2", Guardrails: &[]judge.Guardrail{{Metric: judge.MetricErrors, Margin: 0.01}}, Deadline: &soon,
		Steps: []api.RolloutStep{
			{Weight: 10 * registry.Full / 100, Approve: true}, {Weight: 30 * registry.Full / 100, Approve: true}, {Weight: 50 * registry.Full / 100, Approve: true},
		},
	}
}

// waits waits until a rollout is held for a person, as the replica tells.
func (r *running) waits(generation uint64) {
	r.t.Helper()
	eventually(r.t, "the wait for an approval", func() bool {
		walk, err := r.admin.Rollout(r.t.Context(), "m")
		return err == nil && walk.Status == rollout.Held && walk.Generation == generation
	})
}

// TestAnotherLeaderGoesOnWhereTheFirstWasCutOff has a leader lose the answer
// to a step, and be cut off. It may have saved that it made the step or not; what
// it leaves unsaved is rollout's TestAnotherLeaderInTheMiddleOfAChange.
func TestAnotherLeaderGoesOnWhereTheFirstWasCutOff(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Dir: t.TempDir()})
	link := consultest.NewLink(t, server.Address)
	one, two := newModelServer(t), newModelServer(t)
	first := replica(t, link.Address, t.TempDir())
	if elected(t, first) != first {
		t.Fatal("the first does not lead")
	}
	b, c := replica(t, server.Address, t.TempDir()), replica(t, server.Address, t.TempDir())
	first.register("1", one)
	first.register("2", two)
	first.switchTo("1")
	eventually(t, "the leader, at another", func() bool {
		m, err := b.admin.Model(t.Context(), "m")
		return err == nil && m.Leader != nil && m.Leader.Admin == first.AdminAddress().String()
	})
	var problem *api.Problem
	if _, err := b.admin.StartRollout(t.Context(), "m", byHand()); !errors.As(err, &problem) || !problem.HasType(api.TypeNotLeader) ||
		problem.Leader == nil || problem.Leader.Admin != first.AdminAddress().String() {
		t.Fatalf("a start where another leads: %v", err)
	}
	if _, err := first.admin.StartRollout(t.Context(), "m", byHand()); err != nil {
		t.Fatal(err)
	}
	first.waits(2)
	b.waits(2)

	link.Lose("check-session") // the step is made, and its maker does not learn it
	approved := make(chan error, 1)
	go func() {
		_, err := first.admin.ApproveRollout(t.Context(), "m", "one step")
		approved <- err
	}()
	eventually(t, "the step, at another", func() bool { m, err := b.admin.Model(t.Context(), "m"); return err == nil && m.Traffic.Generation == 3 })
	link.Hold(true)
	cut := time.Now()
	next := elected(t, b, c)
	next.waits(3) // it has found whose generation 3 is
	t.Logf("taken over %s after the cut", time.Since(cut))
	link.Hold(false)
	<-approved
	eventually(t, "the end of the first term", func() bool { return !first.leads() })
	leaders := 0
	for _, r := range []*running{first, b, c} {
		if r.leads() {
			leaders++
		}
	}
	if leaders != 1 {
		t.Errorf("%d gateways lead", leaders)
	}
	if _, err := next.admin.ApproveRollout(t.Context(), "m", "another step"); err != nil {
		t.Fatal(err)
	}
	next.waits(4)
	steps(t, next)
	eventually(t, "the step at the one that is back", func() bool { m, err := first.admin.Model(t.Context(), "m"); return err == nil && m.Routed == 4 })
	abortedAnywhere(t, next, first)
}

// steps looks for a step made twice, or none.
func steps(t *testing.T, r *running) {
	t.Helper()
	history, err := r.admin.History(t.Context(), "m", 0)
	if err != nil || len(history.Generations) != 4 {
		t.Fatalf("the history has %d generations, %v", len(history.Generations), err)
	}
	for i, traffic := range history.Generations {
		want := []string{"50", "30", "10", ""}[i]
		got := ""
		for _, arm := range traffic.Arms {
			if arm.Version == "2" {
				got = arm.Weight.String()
			}
		}
		if traffic.Generation != uint64(4-i) || got != want {
			t.Errorf("generation %d gives version 2 %q %%, want %d and %q", traffic.Generation, got, 4-i, want)
		}
	}
}

// abortedAnywhere aborts at a replica that does not lead.
func abortedAnywhere(t *testing.T, leader, other *running) {
	t.Helper()
	walk, err := other.admin.AbortRollout(t.Context(), "m", "at night")
	if err != nil || walk.Status != rollout.Aborted {
		t.Fatalf("the abort at another: %+v, %v", walk, err)
	}
	eventually(t, "the end at the leader", func() bool {
		walk, err := leader.admin.Rollout(t.Context(), "m")
		return err == nil && walk.Status == rollout.Aborted && strings.Contains(walk.Why, "at night")
	})
	for _, r := range []*running{leader, other} {
		eventually(t, "the stable version alone", func() bool {
			m, err := r.admin.Model(t.Context(), "m")
			return err == nil && m.Routed == 5 && len(m.Traffic.Arms) == 1 && m.Traffic.Arms[0].Version == "1"
		})
	}
}
