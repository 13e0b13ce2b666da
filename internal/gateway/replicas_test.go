package gateway_test

import (
	"testing"
	"time"

	"github.com/weir-gateway/weir/registry/consul"
	"github.com/weir-gateway/weir/registry/consul/consultest"
	"github.com/weir-gateway/weir/rollout"
	"github.com/weir-gateway/weir/rollout/judge"
)

// judged waits until the rollout is judged by so many requests over so many
// gateways, as the replica tells, and fails once it is by more.
func (r *running) judged(what string, requests int64, over rollout.Replicas) {
	r.t.Helper()
	var last rollout.Rollout
	deadline := time.Now().Add(time.Minute) // Consul keeps a silent session for up to 20 s
	for {
		walk, err := r.admin.Rollout(r.t.Context(), "m")
		if err == nil {
			last = walk
			for _, v := range walk.Verdicts {
				units := v.CandidateUnits + v.StableUnits
				if v.Metric != judge.MetricErrors {
					continue
				}
				if units > requests {
					r.t.Fatalf("%s: judged by %d requests, and there were %d", what, units, requests)
				}
				if units == requests && walk.Replicas != nil && *walk.Replicas == over {
					return
				}
			}
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("%s: not judged by %d requests over %+v: %+v over %+v, %v", what, requests, over, last.Verdicts, last.Replicas, err)
		}
		time.Sleep(5 * time.Millisecond) // asks again; decides nothing
	}
}

// sends sends so many requests.
func (r *running) sends(n int) {
	r.t.Helper()
	for range n {
		if status, _, body := r.infer(); status != 200 {
			r.t.Fatalf("%d: %s", status, body)
		}
	}
}

// TestTheLeaderJudgesByTheCountsOfAll sends requests to three gateways, of which
// one is cut off and the leader stops: what they had counted stays, and is
// counted once.
func TestTheLeaderJudgesByTheCountsOfAll(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Dir: t.TempDir()})
	link := consultest.NewLink(t, server.Address)
	one, two := newModelServer(t), newModelServer(t)
	leader := replica(t, server.Address, t.TempDir())
	elected(t, leader)
	leader.register("1", one)
	leader.register("2", two)
	leader.switchTo("1")
	b, c := replica(t, link.Address, t.TempDir()), replica(t, server.Address, t.TempDir())
	if _, err := leader.admin.StartRollout(t.Context(), "m", byHand()); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*running{b, c} {
		eventually(t, "the first step everywhere", func() bool { return r.RoutedGeneration("m") == 2 })
	}
	leader.sends(20)
	b.sends(30)
	c.sends(40)
	leader.judged("three gateways", 90, rollout.Replicas{Judged: 3})
	c.judged("as another tells", 90, rollout.Replicas{Judged: 3})
	c.sends(1)
	leader.judged("one request more", 91, rollout.Replicas{Judged: 3})

	link.Hold(true)
	leader.judged("one is cut off", 91, rollout.Replicas{Judged: 3, Gone: 1})
	leader.sends(5)
	leader.shutDown()
	elected(t, c)
	c.judged("the leader has stopped", 96, rollout.Replicas{Judged: 3, Gone: 2})
	c.sends(4)
	c.judged("requests to the next leader", 100, rollout.Replicas{Judged: 3, Gone: 2})
	link.Hold(false)
	c.judged("the one that was cut off is back", 100, rollout.Replicas{Judged: 3, Gone: 1})
	b.sends(3)
	c.judged("requests to it", 103, rollout.Replicas{Judged: 3, Gone: 1})
}

// TestStickyKeysAreNotCountedAtTwoGateways: the keys of two gateways may be the
// same, and a key is one draw.
func TestStickyKeysAreNotCountedAtTwoGateways(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Dir: t.TempDir()})
	one, two := newModelServer(t), newModelServer(t)
	a := replica(t, server.Address, t.TempDir(), "assign: {header: x-user}")
	elected(t, a)
	a.register("1", one)
	a.register("2", two)
	a.switchTo("1")
	b := replica(t, server.Address, t.TempDir(), "assign: {header: x-user}")
	if _, err := a.admin.StartRollout(t.Context(), "m", byHand()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first step at the other", func() bool { return b.RoutedGeneration("m") == 2 })
	for _, r := range []*running{a, b} {
		for _, user := range []string{"u1", "u2", "u3", "u1"} {
			if status, _, body := r.infer("x-user", user); status != 200 {
				t.Fatalf("%d: %s", status, body)
			}
		}
	}
	a.judged("three users at two gateways", 3, rollout.Replicas{
		Judged: 1, LeftOut: 1, Why: "sticky keys that two gateways have seen can't be told apart",
	})
}

// TestPredictionsAtAllGatewaysAreCountedByTheLeadersBins has the leader see the
// predictions before the rollout, and another gateway those during it.
func TestPredictionsAtAllGatewaysAreCountedByTheLeadersBins(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Dir: t.TempDir()})
	one, two := newModelServer(t), newModelServer(t)
	leader := replica(t, server.Address, t.TempDir())
	elected(t, leader)
	leader.register("1", one)
	leader.register("2", two)
	leader.switchTo("1")
	other := replica(t, server.Address, t.TempDir())
	leader.sends(300)
	eventually(t, "the leader's predictions", func() bool {
		s, err := leader.Summary("m", "1", "")
		return err == nil && s.Observations >= 300
	})
	plan := byHand()
	plan.Guardrails = &[]judge.Guardrail{{Metric: judge.MetricPrediction, Margin: 0.1}}
	if _, err := leader.admin.StartRollout(t.Context(), "m", plan); err != nil {
		t.Fatal(err)
	}
	eventually(t, "predictions of the other gateway's", func() bool {
		other.sends(1)
		walk, err := leader.admin.Rollout(t.Context(), "m")
		if err != nil {
			return false
		}
		for _, v := range walk.Verdicts {
			if v.Metric == judge.MetricPrediction && v.StableUnits+v.CandidateUnits > 10 {
				return true
			}
		}
		return false
	})
}

// TestTheCountsOfARolloutThatHasEndedAreTakenDown: nobody reads them any more.
func TestTheCountsOfARolloutThatHasEndedAreTakenDown(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Dir: t.TempDir()})
	one, two := newModelServer(t), newModelServer(t)
	a := replica(t, server.Address, t.TempDir())
	elected(t, a)
	a.register("1", one)
	a.register("2", two)
	a.switchTo("1")
	b := replica(t, server.Address, t.TempDir())
	store, err := consul.Open(consul.Options{Address: server.Address})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }() // a reader
	notices := func(n int) func() bool {
		return func() bool {
			all, err := store.Notices(t.Context(), "counts/m")
			return err == nil && len(all) == n
		}
	}
	if _, err := a.admin.StartRollout(t.Context(), "m", byHand()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the step at the other", func() bool { return b.RoutedGeneration("m") == 2 })
	a.sends(1)
	b.sends(1)
	eventually(t, "two counts", notices(2))
	b.shutDown()
	if _, err := a.admin.AbortRollout(t.Context(), "m", "enough"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "no counts", notices(0))
}
