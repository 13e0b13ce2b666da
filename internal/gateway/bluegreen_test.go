package gateway_test

import (
	"strings"
	"testing"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/rollout"
)

// blueGreen starts a walk to version 2 by the configured plan.
func (r *running) blueGreen() {
	r.t.Helper()
	if _, err := r.admin.StartRollout(r.t.Context(), "m", api.RolloutRequest{Version: "2"}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *running) walk() rollout.Rollout {
	r.t.Helper()
	walk, err := r.admin.Rollout(r.t.Context(), "m")
	if err != nil {
		r.t.Fatal(err)
	}
	return walk
}

const blueGreenPlan = `rollout: {strategy: blue-green, automation: supervised, preview: {min_requests: 300}, shadow: {sample: 1, min_pairs: 100}, guardrails: [{metric: errors, margin: 1}], bake: 1h}`

func TestBlueGreenIsLookedAtComparedSwitchedAndTakenBack(t *testing.T) {
	one, two := newModelServer(t), newModelServer(t)
	r := start(t, "pin: {header: x-weir-version}", "upstream: {health: {interval: 100ms}}", blueGreenPlan)
	r.register("1", one)
	r.register("2", two)
	r.switchTo("1")
	if status, _, _ := r.infer("x-weir-version", "2"); status == 200 {
		t.Error("version 2 can be pinned before the walk")
	}
	r.blueGreen()
	if _, version, _ := r.infer(); version != "1" {
		t.Errorf("on standby, version %s answered", version)
	}
	if status, version, _ := r.infer("x-weir-version", "2"); status != 200 || version != "2" {
		t.Errorf("the preview: %d from %s", status, version)
	}
	finish := r.load(4)
	eventually(t, "ready for a person", func() bool { return r.walk().Status == rollout.WaitingApproval })
	walk := r.walk()
	if v := walk.Verdicts[0]; v.Metric != "disagreement" || v.Outcome != "pass" || v.CandidateUnits < 100 {
		t.Errorf("copies: %+v", v)
	}
	if _, err := r.admin.ApproveRollout(t.Context(), "m", "test"); err != nil {
		t.Fatal(err)
	}
	if _, version, _ := r.infer(); version != "2" {
		t.Errorf("after the switch, version %s answered", version)
	}
	if got := finish(); got.failed > 0 {
		t.Errorf("%d of %d requests failed: %s", got.failed, got.sent, got.first)
	}
	two.fail.Store(true)
	finish = r.load(4)
	eventually(t, "the way back", func() bool { return r.walk().Status == rollout.RolledBack })
	finish()
	if _, version, _ := r.infer(); version != "1" {
		t.Errorf("after the way back, version %s answered", version)
	}
}

func TestOtherAnswersEndAWalkBeforeAnyClientGetsOne(t *testing.T) {
	one, two := newModelServer(t), newModelServer(t)
	two.late.Store(1)
	r := start(t, blueGreenPlan)
	r.register("1", one)
	r.register("2", two)
	r.switchTo("1")
	r.blueGreen()
	finish := r.load(2)
	eventually(t, "the end", func() bool { return r.walk().Status == rollout.RolledBack })
	if got := finish(); got.failed > 0 || got.versions["2"] > 0 {
		t.Errorf("%+v", got)
	}
	if why := r.walk().Why; !strings.Contains(why, "disagreement") {
		t.Errorf("why: %s", why)
	}
}

func TestNobodySwitchesToAVersionThatIsDown(t *testing.T) {
	one, two := newModelServer(t), newModelServer(t)
	r := start(t, "upstream: {health: {interval: 50ms}}",
		"rollout: {strategy: blue-green, automation: automatic, deadline: 1s, preview: {min_requests: 0}, guardrails: [{metric: errors}]}")
	r.register("1", one)
	r.register("2", two)
	two.Close()
	r.switchTo("1")
	r.blueGreen()
	eventually(t, "held", func() bool { return r.walk().Status == rollout.Held })
	if why := r.walk().Why; !strings.Contains(why, "a healthy endpoint of 2: 0 of 1") {
		t.Errorf("why: %s", why)
	}
	if _, err := r.admin.ApproveRollout(t.Context(), "m", "test"); err == nil || !strings.Contains(err.Error(), "can't answer") {
		t.Errorf("approved: %v", err)
	}
	if _, version, _ := r.infer(); version != "1" {
		t.Errorf("version %s answered", version)
	}
}
