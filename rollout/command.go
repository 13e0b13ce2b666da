package rollout

import (
	"fmt"
	"time"

	"github.com/weir-gateway/weir/registry"
)

// Pause stops steps forward.
func (r *Rollout) Pause(now time.Time, by, reason string) error {
	switch {
	case r.Status.Final():
		return r.refuse("pause", "it has ended: "+string(r.Status))
	case r.Status == Paused:
		return r.refuse("pause", "it is paused already")
	}
	words := "paused by " + by + because(reason)
	r.Status, r.Why = Paused, words
	r.Advice = "resume or abort"
	r.note(Entry{At: now, Kind: KindPaused, By: by, Words: words})
	return nil
}

// Resume goes on after a pause or a hold, with a new deadline. A guardrail that
// has failed stays failed: its evidence does not go away by waiting.
func (r *Rollout) Resume(now time.Time, by, reason string) error {
	switch {
	case r.Status != Paused && r.Status != Held:
		return r.refuse("resume", "it is not paused or held but "+string(r.Status))
	case r.HeldBy == heldFailed:
		return r.refuse("resume", "a guardrail failed; abort it, or change the traffic by hand")
	}
	if r.HeldBy == heldHook {
		r.Gate = nil // asked again
	}
	r.Status, r.HeldBy, r.Advice, r.DeadlineFrom = Running, "", "", now
	r.Why = "resumed by " + by + because(reason)
	r.note(Entry{At: now, Kind: KindResumed, By: by, Words: r.Why})
	return nil
}

// Approve says yes to the next step of a walk that waits for it, or that is
// held for lack of proof or by a hook. The step is taken once the action is
// carried out. There is none at 100 %, where the walk has ended, and where hooks
// are asked first.
func (r *Rollout) Approve(now time.Time, by, reason string) (Action, error) {
	switch {
	case r.HeldBy == heldFailed:
		return stay, r.refuse("approve", "a guardrail failed; abort it, or change the traffic by hand")
	case r.Status != WaitingApproval && r.Status != Held:
		return stay, r.refuse("approve", fmt.Sprintf("nothing waits for an approval, it is %s: %s", r.Status, r.Why))
	case r.Step >= len(r.Plan.Steps):
		r.end(now, Promoted, by, fmt.Sprintf("%s is promoted, approved by %s%s, although it was held (%s)", r.Candidate, by, because(reason), r.HeldBy))
		return stay, nil
	case r.waitsForHealth():
		return stay, r.refuse("approve", "it would send requests to a version that can't answer; it lacks "+r.unhealthy())
	}
	if r.HeldBy == heldHook {
		return r.hookAction(by, reason), nil
	}
	words := fmt.Sprintf("rollout of %s: to %s %%, approved by %s%s", r.Candidate, r.Plan.next(r.Step), by, because(reason))
	if r.Status == Held {
		words += ", although it was held (" + r.HeldBy + ")"
	}
	action := Action{To: r.Step + 1, Cause: registry.CauseRollout, By: by, Reason: words}
	if len(r.Plan.hooksOn(BeforeStep)) > 0 {
		r.approve(now, action)
		return stay, nil
	}
	return action, nil
}

// Abort gives all traffic back to the stable version.
func (r *Rollout) Abort(now time.Time, by, reason string) (Action, error) {
	if r.Status.Final() {
		return stay, r.refuse("abort", "it has ended: "+string(r.Status)+"; weir rollback goes back from a promoted version")
	}
	if r.Fault != nil && r.Fault.DecidedAt.IsZero() {
		r.Fault.DecidedAt = now
	}
	return Action{
		To: Back, Cause: registry.CauseManual, By: by, End: Aborted,
		Reason: fmt.Sprintf("rollout of %s aborted by %s at %s %%%s", r.Candidate, by, r.Weight, because(reason)),
	}, nil
}

// Arrived notes that an action is routed.
func (r *Rollout) Arrived(now time.Time, a Action, traffic registry.Traffic) {
	r.Generation = traffic.Generation
	if a.To == Back {
		r.Weight = 0
		if r.Fault != nil {
			r.Fault.AppliedAt = now
		}
		r.end(now, a.End, a.By, a.Reason)
		r.Log[len(r.Log)-1].Generation = traffic.Generation
		return
	}
	kind := KindStep
	switch {
	case !r.begun():
		kind = KindStarted
	case a.By != Actor:
		kind = KindApproved
	}
	r.note(Entry{At: now, Kind: kind, By: a.By, Words: a.Reason, Generation: traffic.Generation, Verdicts: r.Verdicts})
	r.Step, r.StepStarted, r.DeadlineFrom = a.To, now, now
	r.StepGeneration = traffic.Generation
	r.Status, r.HeldBy, r.Advice = Running, "", ""
	r.Approved, r.Gate = nil, nil
	r.Verdicts, r.CandidateRequests = nil, 0
	switch {
	case a.To < len(r.Plan.Steps):
		r.Weight = 0
		if a.To >= 0 {
			r.Weight = r.Plan.Steps[a.To].Weight
		}
		if r.Why = fmt.Sprintf("at %s %% since now", r.Weight); a.To == preview {
			r.Why = "on standby since now"
		}
	case r.Plan.Bake > 0:
		r.Weight, r.Status = registry.Full, Baking
		r.Why = fmt.Sprintf("at 100 %%, %s on standby", r.Stable)
		r.note(Entry{At: now, Kind: KindBaking, By: Actor, Words: r.bakeWords()})
	default:
		r.Weight = registry.Full
		r.end(now, Promoted, a.By, r.Candidate+" is promoted")
	}
}

// Overtaken ends the walk because somebody else changed the traffic.
func (r *Rollout) Overtaken(now time.Time, traffic registry.Traffic) {
	who := traffic.Actor
	if who == "" {
		who = "somebody"
	}
	r.end(now, Aborted, who, fmt.Sprintf("traffic was changed by %s (generation %d%s); the rollout has stopped and leaves it as it is",
		who, traffic.Generation, because(traffic.Reason)))
}

// Traffic is what an action makes of the present traffic.
func (r *Rollout) Traffic(a Action, now registry.Traffic) registry.Traffic {
	next := registry.Traffic{Model: r.Model, Stable: r.Stable, Actor: a.By, Reason: a.Reason, Cause: a.Cause}
	switch {
	case a.To == Back:
		next.Arms = []registry.Arm{{Version: r.Stable, Weight: registry.Full}}
		next.Restores = r.StartGeneration
	case a.To >= len(r.Plan.Steps):
		next.Stable = r.Candidate
		next.Arms = []registry.Arm{{Version: r.Candidate, Weight: registry.Full}}
	case a.To == preview:
		next.Arms = []registry.Arm{{Version: r.Stable, Weight: registry.Full}}
		r.standby(now, &next)
	default:
		weight := r.Plan.Steps[a.To].Weight
		next.Arms = []registry.Arm{{Version: r.Stable, Weight: registry.Full - weight}, {Version: r.Candidate, Weight: weight}}
	}
	for _, shadow := range now.Shadows {
		// Neither an arm nor what one goes back from gets copies.
		if shadow.Version != r.Candidate && !next.HasArm(shadow.Version) {
			next.Shadows = append(next.Shadows, shadow)
		}
	}
	return next
}

func (r *Rollout) refuse(verb, why string) error {
	return fmt.Errorf("rollout: %s %s: %s: %w", verb, r.Model, why, registry.ErrConflict)
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}
