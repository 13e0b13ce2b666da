package rollout

import (
	"fmt"
	"time"

	"github.com/weir-gateway/weir/rollout/judge"
)

// bake waits for its time; failures have been looked at before. What could not
// be judged in that time holds for a person: no data is never a pass.
func (r *Rollout) bake(now time.Time) Action {
	if r.Status == Paused || r.HeldBy == heldFailed {
		return stay
	}
	unjudged := r.unjudged()
	if r.HeldBy == heldError && unjudged == "" {
		r.release(now, "it can be judged now")
	}
	left := r.Plan.Bake - now.Sub(r.StepStarted)
	switch {
	case left > 0:
		r.Status, r.HeldBy, r.Advice = Baking, "", ""
		r.Why = fmt.Sprintf("at 100 %%, %s on standby, watched for another %s", r.Stable, text(left.Round(time.Second)))
	case unjudged != "":
		r.hold(now, heldError, fmt.Sprintf("%s at 100 %% are over, but %s", text(r.Plan.Bake), unjudged),
			"approve to promote it all the same, or abort: all traffic goes back to "+r.Stable)
	default:
		r.end(now, Promoted, Actor, fmt.Sprintf("%s is promoted: %s", r.Candidate, r.baked()))
	}
	return stay
}

// unjudged says why the failures at 100 % can't be told to be no more than
// before; empty: they can, or the plan does not ask.
func (r *Rollout) unjudged() string {
	if v := find(r.Verdicts, judge.Error); v != nil {
		return v.Words
	}
	if r.Plan.Strategy == BlueGreen && r.CandidateRequests == 0 {
		return "nobody has asked " + r.Candidate + " anything yet"
	}
	return ""
}

func (r *Rollout) baked() string {
	if _, ok := r.Plan.errorMargin(); !ok {
		return text(r.Plan.Bake).String() + " at 100 %, without an errors guardrail to watch by"
	}
	return fmt.Sprintf("no failure for %s at 100 %%", text(r.Plan.Bake))
}

func (r *Rollout) bakeWords() string {
	if _, ok := r.Plan.errorMargin(); !ok {
		return fmt.Sprintf("for %s %s is on standby; nothing is watched, the plan has no errors guardrail", text(r.Plan.Bake), r.Stable)
	}
	return fmt.Sprintf("errors are watched for %s more; %s is on standby", text(r.Plan.Bake), r.Stable)
}
