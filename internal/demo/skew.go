package demo

import (
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
	s.cursor.forward(time.May, 1)
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

// nameSkew finds the feature by which version 3's requests differ from its
// training data most: an alarm if its few answers were enough for one, and the
// score in any case.
func (s *story) nameSkew(ctx context.Context) error {
	m, err := s.summary(ctx, "3")
	if err != nil {
		return err
	}
	f, score := farthest(m)
	if f == nil || f.Name != skewed {
		return fmt.Errorf("the monitor of version 3 does not name %s as the input farthest from training: %+v", skewed, m.Features)
	}
	s.line("its monitor names %s: PSI %.2f against its training data (%.2f expected without a drift)", f.Name, score.Value, score.NullExpected)
	if a := firstAlarm(f.Alarms); a != nil {
		s.note("alarm after %d of its requests: %s, evidence 10^%.0f", a.Observation, a.Direction, a.EvidenceLog10)
	}
	return nil
}

// farthest is the input with the largest PSI beyond what is expected of it
// without a drift.
func farthest(m monitor.Summary) (*monitor.FeatureSummary, monitor.Score) {
	var best *monitor.FeatureSummary
	var most monitor.Score
	for i := range m.Features {
		score, ok := psi(&m.Features[i])
		if !ok || m.Features[i].Role != "input" {
			continue
		}
		if best == nil || score.Value-score.NullExpected > most.Value-most.NullExpected {
			best, most = &m.Features[i], score
		}
	}
	return best, most
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
