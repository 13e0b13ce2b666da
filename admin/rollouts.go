package admin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout"
	"github.com/weir-gateway/weir/rollout/judge"
)

func (s *server) getRollout(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("model")
	if _, err := s.model(r.Context(), name); err != nil {
		return err
	}
	walk, err := s.Rollouts.Status(r.Context(), name)
	if errors.Is(err, registry.ErrNotFound) {
		return notFound("%s has had no rollout; start one with POST /api/v1/models/%s/rollout", name, name)
	}
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, public(walk))
}

// postRollout starts a walk. What the body leaves out is as the model's configuration says.
func (s *server) postRollout(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("model")
	var body api.RolloutRequest
	if err := decodeBody(w, r, &body); err != nil {
		return err
	}
	if body.Version == "" {
		return invalid("version", "must name the candidate, a registered version")
	}
	if !s.configured(name) {
		return notFound("there is no model %q in this gateway's configuration", name)
	}
	if _, err := s.version(r.Context(), name, body.Version); err != nil {
		return err
	}
	plan, err := s.Config.RolloutPlan(name)
	if err != nil {
		return err
	}
	plan = override(plan, body)
	if err := unheard(plan, body); err != nil {
		return err
	}
	walk, err := s.Rollouts.Start(r.Context(), rollout.Start{
		Model:     name,
		Candidate: body.Version,
		Plan:      plan,
		By:        actor(r),
		Reason:    reasonOr(body.Reason),
	})
	if err != nil {
		return s.elsewhere(err)
	}
	return writeJSON(w, http.StatusCreated, public(walk))
}

// override puts what the request says over the configured plan.
func override(p rollout.Plan, body api.RolloutRequest) rollout.Plan {
	if body.Strategy != "" {
		p.Strategy = body.Strategy
	}
	if body.Automation != "" {
		p.Automation = body.Automation
	}
	if stage := body.Preview; stage != nil {
		p.Preview = rollout.Preview{MinTime: time.Duration(stage.MinTime), MinRequests: stage.MinRequests, Approve: stage.Approve}
	}
	if stage := body.Shadow; stage != nil {
		p.Shadow.Sample = stage.Sample
		if stage.MinPairs != nil {
			p.Shadow.MinPairs = *stage.MinPairs
		}
		if stage.MaxDisagreement != 0 {
			p.Shadow.MaxDisagreement = stage.MaxDisagreement
		}
	}
	if body.Steps != nil {
		p.Steps = make([]rollout.Step, len(body.Steps))
		for i, step := range body.Steps {
			p.Steps[i] = rollout.Step{
				Weight: step.Weight, MinRequests: step.MinRequests, MinTime: time.Duration(step.MinTime), Approve: step.Approve,
			}
		}
	}
	if body.FalseAlarm != nil {
		p.FalseAlarm = *body.FalseAlarm
	}
	if body.Guardrails != nil {
		p.Guardrails = *body.Guardrails
	}
	if body.Deadline != nil {
		p.Deadline = time.Duration(*body.Deadline)
	}
	if body.Bake != nil {
		p.Bake = time.Duration(*body.Bake)
	}
	return p
}

// unheard refuses what the request asks for and the plan's strategy has no place for, as the configuration does: whoever
// asks for a guardrail or an approval must not believe that there is one.
func unheard(p rollout.Plan, body api.RolloutRequest) error {
	if p.Strategy == rollout.Canary && p.Shadow.Sample == 0 && body.Preview != nil {
		return invalid("preview", "is for blue-green; a canary without shadow begins with its first step: leave it away, or ask for strategy blue-green")
	}
	if p.Strategy != rollout.BlueGreen {
		return nil
	}
	if body.Steps != nil {
		return invalid("steps", "are for canary; blue-green goes from standby to 100 %%: leave them away, or ask for strategy canary")
	}
	if body.Guardrails == nil {
		return nil
	}
	for i, g := range *body.Guardrails {
		if g.Metric != judge.MetricErrors || len(g.Slices) > 0 {
			return invalid(fmt.Sprintf("guardrails[%d]", i),
				"is for canary; after a switch there is nothing to compare with but the errors of all requests before: leave it away, or ask for strategy canary")
		}
	}
	return nil
}

func (s *server) pauseRollout(w http.ResponseWriter, r *http.Request) error {
	return s.command(w, r, s.RolloutControl.Pause)
}

func (s *server) resumeRollout(w http.ResponseWriter, r *http.Request) error {
	return s.command(w, r, s.RolloutControl.Resume)
}

func (s *server) approveRollout(w http.ResponseWriter, r *http.Request) error {
	return s.command(w, r, s.RolloutControl.Approve)
}

func (s *server) abortRollout(w http.ResponseWriter, r *http.Request) error {
	return s.command(w, r, s.RolloutControl.Abort)
}

func (s *server) command(w http.ResponseWriter, r *http.Request, do func(ctx context.Context, model, by, reason string) (rollout.Rollout, error)) error {
	name := r.PathValue("model")
	var body api.RolloutCommand
	if err := decodeBody(w, r, &body); err != nil {
		return err
	}
	if _, err := s.model(r.Context(), name); err != nil {
		return err
	}
	walk, err := do(r.Context(), name, actor(r), reasonOr(body.Reason))
	if errors.Is(err, registry.ErrNotFound) {
		return notFound("%s has no rollout", name)
	}
	if err != nil {
		return s.elsewhere(err)
	}
	return writeJSON(w, http.StatusOK, public(walk))
}

// elsewhere adds to the error of a command whose it is.
func (s *server) elsewhere(err error) error {
	if !errors.Is(err, registry.ErrNotLeader) {
		return err
	}
	p := problemOf(err)
	if leader, ok := s.Rollouts.Leader(); ok {
		p.Leader = &leader
	}
	return p
}

// public leaves out the counts behind the verdicts: they are the controller's own, and large.
func public(walk rollout.Rollout) rollout.Rollout {
	walk.Ledger = nil
	return walk
}

func summarize(walk rollout.Rollout) *api.RolloutSummary {
	return &api.RolloutSummary{
		ID: walk.ID, Candidate: walk.Candidate, Status: walk.Status, Why: walk.Why, Advice: walk.Advice,
		Started: walk.Started, Ended: walk.Ended,
	}
}
