package rollout

import (
	"fmt"
	"strings"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
)

// Action is a change of the traffic that a decision asks for.
type Action struct {
	// To is the step to go to; Back: all traffic to the stable version. Stay
	// asks for nothing.
	To     int
	Cause  string // registry.CauseRollout, CauseGuardrail or CauseManual
	By     string
	Reason string
	End    Status // how the walk ends once this is routed; empty: it goes on
}

// Steps that are none.
const (
	Back = -2
	Stay = -3
)

var stay = Action{To: Stay}

// Actor is who signs the changes that a walk makes by itself.
const Actor = "rollout"

// Reading is what was measured at a moment.
type Reading struct {
	Verdicts []judge.Verdict
	Requests int64 // to the candidate, at this step
	// Previewed counts before the first step.
	Previewed Previewed
}

// Next looks at a reading, sets the status with its reason, and says which
// change of the traffic is due. It changes nothing else: an action that cannot
// be carried out is asked for again.
func (r *Rollout) Next(now time.Time, reading Reading) Action {
	if r.Status.Final() {
		return stay
	}
	r.Verdicts, r.CandidateRequests = reading.Verdicts, reading.Requests
	if r.Step == preview {
		r.Previewed = reading.Previewed
	}
	if failed := find(r.Verdicts, judge.Fail); failed != nil {
		return r.failed(now, failed)
	}
	if r.Step >= len(r.Plan.Steps) {
		return r.bake(now)
	}
	if r.HeldBy == heldFailed || r.HeldBy == heldHook || r.Status == Paused {
		return stay
	}
	if r.approvedStands(now) {
		return r.Approved.action()
	}
	if broken := find(r.Verdicts, judge.Error); broken != nil {
		r.hold(now, heldError, "cannot be measured: "+broken.Words,
			"find out why, or abort the rollout; approve goes on in spite of it")
		return stay
	}
	if r.HeldBy == heldError {
		r.release(now, "it can be measured again")
	}
	return r.step(now)
}

// What a walk can be held by.
const (
	heldDeadline = "deadline"
	heldError    = "error"
	heldFailed   = "failed"
	heldHook     = "hook"
)

// failed goes back, or in manual asks a person to.
func (r *Rollout) failed(now time.Time, v *judge.Verdict) Action {
	if r.Fault == nil {
		r.Fault = &Fault{DetectedAt: now, CandidateN: r.CandidateRequests}
		r.note(Entry{At: now, Kind: KindFailed, By: Actor, Words: v.Words, Verdicts: r.Verdicts})
	}
	if r.Plan.Automation == Manual {
		r.hold(now, heldFailed, "a guardrail failed: "+v.Words, "abort the rollout: all traffic goes back to "+r.Stable)
		return stay
	}
	if r.Fault.DecidedAt.IsZero() {
		r.Fault.DecidedAt = now
	}
	return Action{
		To: Back, Cause: registry.CauseGuardrail, By: Actor, End: RolledBack,
		Reason: fmt.Sprintf("rollout of %s went back at %s %%: %s", r.Candidate, r.Weight, v.Words),
	}
}

// step decides whether the step's conditions are met.
func (r *Rollout) step(now time.Time) Action {
	missing := r.missing(now)
	to := r.Plan.next(r.Step)
	switch {
	case len(missing) > 0:
		return r.undecided(now, missing)
	case r.HeldBy == heldDeadline:
		r.Advice = fmt.Sprintf("the conditions are met by now: approve the step to %s %%, or abort", to)
		return stay
	case r.needsApproval():
		if r.Status != WaitingApproval {
			r.Status = WaitingApproval
			r.note(Entry{At: now, Kind: KindWaiting, By: Actor, Words: fmt.Sprintf("ready for %s %%", to), Verdicts: r.Verdicts})
		}
		r.Why = fmt.Sprintf("every condition to go on to %s %% is met; a person must approve", to)
		r.Advice = fmt.Sprintf("approve the step to %s %%, or abort", to)
		return stay
	default:
		return Action{To: r.Step + 1, Cause: registry.CauseRollout, By: Actor, Reason: r.forwardReason()}
	}
}

func (r *Rollout) needsApproval() bool {
	last := r.Step+1 >= len(r.Plan.Steps)
	return r.Plan.Automation == Manual || (r.Plan.Automation == Supervised && last) ||
		(r.Step >= 0 && r.Plan.Steps[r.Step].Approve) || (r.Step == preview && r.Plan.Preview.Approve)
}

// undecided stays, and holds for a person after the deadline.
func (r *Rollout) undecided(now time.Time, missing []string) Action {
	why := "waiting for " + strings.Join(missing, "; ")
	if r.HeldBy == heldDeadline {
		r.Advice = "approve to go on without proof, resume to wait for another " + text(r.Plan.Deadline).String() + ", or abort"
		return stay
	}
	if r.Plan.Deadline > 0 && now.Sub(r.DeadlineFrom) >= r.Plan.Deadline {
		r.hold(now, heldDeadline, fmt.Sprintf("undecided after %s, still %s", text(r.Plan.Deadline), why), "")
		return r.undecided(now, missing)
	}
	if r.Status == WaitingApproval {
		r.note(Entry{At: now, Kind: KindNote, By: Actor, Words: "no longer ready, " + why})
	}
	r.Status, r.Why, r.Advice = Running, why, ""
	return stay
}

// missing lists the conditions of the step that are not met.
func (r *Rollout) missing(now time.Time) []string {
	if r.Step < 0 {
		return r.previewMissing(now)
	}
	var missing []string
	step := r.Plan.Steps[r.Step]
	if r.CandidateRequests < step.MinRequests {
		missing = append(missing, fmt.Sprintf("requests to the candidate: %d of %d", r.CandidateRequests, step.MinRequests))
	}
	if spent := now.Sub(r.StepStarted); spent < step.MinTime {
		missing = append(missing, fmt.Sprintf("time at this step: %s of %s", text(spent.Truncate(time.Second)), text(step.MinTime)))
	}
	measured := 0
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		if v.Metric == judge.MetricAssignment {
			continue // says that something is wrong, never that something is good
		}
		measured++
		if v.Outcome != judge.Pass {
			missing = append(missing, v.Words)
		}
	}
	if measured < len(r.Plan.Guardrails) {
		missing = append(missing, "the first verdicts")
	}
	return missing
}

func (r *Rollout) forwardReason() string {
	to := r.Plan.next(r.Step)
	if r.Step < 0 {
		return fmt.Sprintf("rollout of %s: from standby to %s %%%s", r.Candidate, to, r.pairWords())
	}
	return fmt.Sprintf("rollout of %s: from %s to %s %%, every guardrail passed after %d requests to it", r.Candidate, r.Weight, to, r.CandidateRequests)
}

func (r *Rollout) hold(now time.Time, by, why, advice string) {
	if r.HeldBy != by {
		r.note(Entry{At: now, Kind: KindHeld, By: Actor, Words: why, Verdicts: r.Verdicts})
	}
	r.Status, r.HeldBy, r.Why, r.Advice = Held, by, why, advice
}

func (r *Rollout) release(now time.Time, words string) {
	r.note(Entry{At: now, Kind: KindResumed, By: Actor, Words: words})
	r.Status, r.HeldBy, r.Advice, r.DeadlineFrom = Running, "", "", now
}

// end closes the walk.
func (r *Rollout) end(now time.Time, status Status, by, words string) {
	r.Status, r.Why, r.Advice, r.HeldBy, r.Ended = status, words, "", "", now
	r.Ledger = nil
	r.note(Entry{At: now, Kind: KindEnded, By: by, Words: words, Verdicts: r.Verdicts})
}

func find(verdicts []judge.Verdict, outcome judge.Outcome) *judge.Verdict {
	for i := range verdicts {
		if verdicts[i].Outcome == outcome {
			return &verdicts[i]
		}
	}
	return nil
}
