package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout"
)

// skewed is the feature that version 3's pipeline reads in another unit.
const skewed = "dep_delay"

// rollBack is act c: version 3 goes canary and is thrown out by itself.
func (s *story) rollBack(ctx context.Context) (outcome, error) {
	s.act("c · Version 3, with a training-serving skew, goes canary")
	o := outcome{act: "c"}
	s.cursor.within(time.May, time.June)
	before := s.player.Counts()
	if err := s.register(ctx, "3"); err != nil {
		return o, err
	}
	r, err := s.walk(ctx, "3", "retrained on newer flights")
	if err != nil {
		return o, err
	}
	now := s.player.Counts()
	if r.Status != rollout.RolledBack || r.Fault == nil {
		return o, fmt.Errorf("the rollout of version 3 ended %s, expected it rolled back: %s", r.Status, r.Why)
	}
	t, err := s.serving(ctx, "2")
	if err != nil {
		return o, err
	}
	if t.Cause != registry.CauseGuardrail || t.Reason == "" || len(t.Evidence) == 0 {
		return o, fmt.Errorf("generation %d does not say why it went back: cause %q, reason %q, %d bytes of evidence",
			t.Generation, t.Cause, t.Reason, len(t.Evidence))
	}
	three := now.Versions["3"]
	s.line("generation %d gave all traffic back to version %s; the history keeps the verdicts with it", t.Generation, t.Stable)
	two := versionSince(now, before, "2")
	s.note("a prediction is 1 (late) or 0: version 3 had given %d answers and called %.1f %% late, version 2 %.1f %%",
		three.Answers, percent(three.Late, three.Answers), percent(two.Late, two.Answers))
	o.decided = fmt.Sprintf("version 3 rolled back after %d of its answers", three.Answers)
	o.fault, o.detected, o.chosen, o.applied = r.Started, r.Fault.DetectedAt, r.Fault.DecidedAt, r.Fault.AppliedAt
	o.requests, o.failed = now.Sent-before.Sent, now.Failed-before.Failed
	return o, s.nameSkew(ctx)
}

// nameSkew finds the feature that differs from version 3's training data but
// not from version 2's: both got the same requests, so what the weather did is
// in both, and what is left is the pipeline's.
func (s *story) nameSkew(ctx context.Context) error {
	three, err := s.summary(ctx, "3")
	if err != nil {
		return err
	}
	two, err := s.summary(ctx, "2")
	if err != nil {
		return err
	}
	gaps := compare(three, two)
	if len(gaps) < 2 || gaps[0].name != skewed {
		return fmt.Errorf("the monitors do not name %s as the input that only version 3 was trained differently on, but %+v", skewed, gaps)
	}
	g := gaps[0]
	s.line("its monitor names %s: PSI %.2f beyond chance against its training data", g.name, g.here)
	s.note("on the same traffic version 2 has %.2f; the next input is %s with %.2f and %.2f", g.there, gaps[1].name, gaps[1].here, gaps[1].there)
	i := slices.IndexFunc(three.Features, func(f monitor.FeatureSummary) bool { return f.Name == skewed })
	if a := firstAlarm(three.Features[i].Alarms); a != nil {
		s.note("alarm after %d of its requests: %s, evidence 10^%.0f", a.Observation, a.Direction, a.EvidenceLog10)
	}
	return nil
}

// gap is an input's PSI, less what is expected without a drift, against the
// references of two versions.
type gap struct {
	name        string
	here, there float64
}

// compare lists the inputs by how much farther they are from the first
// version's reference than from the second's.
func compare(here, there monitor.Summary) []gap {
	var gaps []gap
	for i := range here.Features {
		f := &here.Features[i]
		j := slices.IndexFunc(there.Features, func(o monitor.FeatureSummary) bool { return o.Name == f.Name })
		if f.Role != "input" || j < 0 {
			continue
		}
		x, ok1 := psi(f)
		y, ok2 := psi(&there.Features[j])
		if ok1 && ok2 {
			gaps = append(gaps, gap{f.Name, x.Value - x.NullExpected, y.Value - y.NullExpected})
		}
	}
	slices.SortStableFunc(gaps, func(a, b gap) int { return cmp.Compare(b.here-b.there, a.here-a.there) })
	return gaps
}

func psi(f *monitor.FeatureSummary) (monitor.Score, bool) {
	i := slices.IndexFunc(f.Scores, func(s monitor.Score) bool { return s.Method == "psi" })
	if i < 0 {
		return monitor.Score{}, false
	}
	return f.Scores[i], true
}

// firstAlarm is the earliest alarm about the feature's distribution, or nil.
func firstAlarm(alarms []monitor.Alarm) *monitor.Alarm {
	for i := range alarms {
		if alarms[i].Kind == "distribution" {
			return &alarms[i]
		}
	}
	return nil
}
