package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout"
)

// promote is act b: version 2 is shadowed, then walked to 100 per cent.
func (s *story) promote(ctx context.Context) (outcome, error) {
	s.act("b · Version 2 as a shadow, then canary 1 → 10 → 50 → 100 %%")
	o := outcome{act: "b"}
	before := s.player.Counts()
	if err := s.register(ctx, "2"); err != nil {
		return o, err
	}
	if err := s.shadow(ctx, "2"); err != nil {
		return o, err
	}
	o.chosen = s.now()
	r, err := s.walk(ctx, "2", "better in the offline evaluation, and in the shadow")
	if err != nil {
		return o, err
	}
	if r.Status != rollout.Promoted {
		return o, fmt.Errorf("the rollout of version 2 ended %s, expected it promoted: %s", r.Status, r.Why)
	}
	if _, err := s.serving(ctx, "2"); err != nil {
		return o, err
	}
	now := s.player.Counts()
	o.decided, o.applied = "version 2 promoted, 1 → 10 → 50 → 100 %", r.Ended
	o.requests, o.failed = now.Sent-before.Sent, now.Failed-before.Failed
	return o, nil
}

// shadow sends the version copies of everything until enough pairs of answers
// were compared.
func (s *story) shadow(ctx context.Context, version string) error {
	changed, err := s.api.Shadow(ctx, modelName, []registry.Shadow{{Version: version, Sample: 1}}, "look before anybody depends on it")
	if err != nil {
		return err
	}
	s.line("weir shadow %s %s=1.0 → generation %d", modelName, version, changed.Traffic.Generation)
	err = s.await(ctx, "version "+version+" as a shadow", func() (bool, string, error) {
		m, err := s.summary(ctx, version)
		if err != nil || m.Shadow == nil {
			return false, "no pairs of answers yet", err
		}
		return m.Shadow.Compared >= s.scale.shadow, fmt.Sprintf("%d pairs of answers compared", m.Shadow.Compared), nil
	})
	if err != nil {
		return err
	}
	m, err := s.summary(ctx, version)
	if err != nil {
		return err
	}
	s.line("%d pairs of answers compared, %.1f %% disagree", m.Shadow.Compared, 100*m.Shadow.Ratio)
	if got := s.player.Counts().Versions[version].Answers; got != 0 {
		return fmt.Errorf("%d clients got an answer of version %s, which was a shadow", got, version)
	}
	return nil
}

// walk starts the rollout of a version and follows it to its end.
func (s *story) walk(ctx context.Context, version, reason string) (rollout.Rollout, error) {
	r, err := s.api.StartRollout(ctx, modelName, api.RolloutRequest{
		Version: version, Reason: reason, Steps: s.scale.steps, Bake: (*api.Duration)(&s.scale.bake),
	})
	if err != nil {
		return r, err
	}
	s.line("weir rollout start %s %s", modelName, version)
	told := 0
	err = s.await(ctx, "the rollout of version "+version, func() (bool, string, error) {
		if r, err = s.api.Rollout(ctx, modelName); err != nil {
			return false, "", err
		}
		for ; told < len(r.Log); told++ {
			s.line("%s  %s", r.Log[told].At.Format("15:04:05.000"), r.Log[told].Words)
		}
		if r.Status == rollout.Held {
			return false, "", fmt.Errorf("it holds for a person: %s", r.Why)
		}
		return r.Status.Final(), fmt.Sprintf("%s, %d requests to version %s at this step", r.Why, r.CandidateRequests, version), nil
	})
	return r, err
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
