package rollout

import (
	"fmt"
	"strings"
	"time"
)

// Explain says in plain lines where the walk stands, why it waits or went
// back, and what a person can do.
func (r Rollout) Explain() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("%s: %s of %s against %s, %s, started by %s%s", r.Model, r.Plan.Strategy, r.Candidate, r.Stable, r.Plan.Automation, r.By, because(r.Reason))
	line("%s, %s", r.Status, r.where())
	line("why: %s", r.Why)
	if r.Advice != "" {
		line("to do: %s", r.Advice)
	}
	for i := range r.Verdicts {
		line("  %-5s %s", r.Verdicts[i].Outcome, r.Verdicts[i].Words)
	}
	if r.Fault != nil {
		line("detected %s%s%s", r.Fault.DetectedAt.Format(time.RFC3339Nano), after("decided", r.Fault.DetectedAt, r.Fault.DecidedAt), after("applied", r.Fault.DecidedAt, r.Fault.AppliedAt))
	}
	return b.String()
}

// where is the place on the walk.
func (r *Rollout) where() string {
	switch {
	case !r.begun():
		return "before the first step"
	case r.Step < 0:
		return fmt.Sprintf("on standby, %d of %d endpoints healthy, %d requests to %s", r.Previewed.Healthy, r.Previewed.Endpoints, r.Previewed.Requests, r.Stable)
	case r.Status == Promoted:
		return "at 100 %"
	case r.Step >= len(r.Plan.Steps):
		return fmt.Sprintf("at 100 %%, %d requests to %s", r.CandidateRequests, r.Candidate)
	case r.Status.Final():
		return fmt.Sprintf("from step %d of %d at %s %%, %d requests to %s", r.Step+1, len(r.Plan.Steps), r.Plan.Steps[r.Step].Weight, r.CandidateRequests, r.Candidate)
	default:
		return fmt.Sprintf("step %d of %d at %s %%, %d requests to %s", r.Step+1, len(r.Plan.Steps), r.Weight, r.CandidateRequests, r.Candidate)
	}
}

func after(what string, from, to time.Time) string {
	if to.IsZero() {
		return ", not " + what + " yet"
	}
	return fmt.Sprintf(", %s %s later", what, to.Sub(from).Round(time.Microsecond))
}
