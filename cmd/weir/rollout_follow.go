package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/weir-gateway/weir/admin/client"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout"
	"github.com/weir-gateway/weir/rollout/judge"
)

// followPatience is how long a gateway that does not answer is asked again: it may be restarting, and the walk
// survives that.
const followPatience = 30 * time.Second

// follow shows a walk until it ends or waits for a person, and ends with the exit code for that. On a terminal it
// redraws the whole state; in a pipe it prints each new line of the walk's log.
func (a *app) follow(ctx context.Context, c *client.Client, walk rollout.Rollout) error {
	f := follower{app: a, screen: screen{out: a.out, width: a.width()}, id: walk.ID}
	ticker := time.NewTicker(a.pace)
	defer ticker.Stop()
	lastAnswer := time.Now()
	for {
		f.show(walk)
		if done, err := f.ended(walk); done {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.New("stopped following; the rollout itself goes on: weir rollout status " + walk.Model + " --wait")
		case <-ticker.C:
		}
		next, err := c.Rollout(ctx, walk.Model)
		var unreachable *client.UnreachableError
		switch {
		case err == nil:
			walk, lastAnswer = next, time.Now()
		case errors.Is(err, context.Canceled):
		case !errors.As(err, &unreachable) || time.Since(lastAnswer) > followPatience:
			return err
		}
	}
}

type follower struct {
	app    *app
	screen screen
	id     string    // of the walk that is followed
	shown  time.Time // of the newest log entry that was printed
}

func (f *follower) show(walk rollout.Rollout) {
	switch {
	case f.app.asJSON: // printed once, at the end
	case f.app.terminal:
		f.screen.draw(f.app.rolloutLines(walk))
	default:
		for _, e := range walk.Log {
			if e.At.After(f.shown) {
				f.app.printf("%s %s %s: %s\n", moment(e.At), e.Kind, orDash(e.By), oneLine(e.Words))
				f.shown = e.At
			}
		}
	}
}

// ended tells whether there is nothing left to wait for, and with which exit code.
func (f *follower) ended(walk rollout.Rollout) (bool, error) {
	a := f.app
	if walk.ID != f.id {
		return true, fmt.Errorf("another rollout of %s was started in the meantime; it is followed with: weir rollout status %s --wait", walk.Model, walk.Model)
	}
	code := exitDone
	switch walk.Status {
	case rollout.Running, rollout.Baking:
		return false, nil
	case rollout.Promoted:
	case rollout.RolledBack, rollout.Aborted:
		code = exitRolledBack
	case rollout.Held, rollout.WaitingApproval, rollout.Paused:
		code = exitHeld
	default:
		return true, fmt.Errorf("the gateway reports the status %q, which this version of weir does not know", walk.Status)
	}
	if a.asJSON {
		if err := a.printJSON(walk); err != nil {
			return true, err
		}
	} else if !a.terminal {
		a.printf("%s: %s\n", walk.Status, oneLine(walk.Why))
		if walk.Advice != "" {
			a.printf("%s\n", oneLine(walk.Advice))
		}
	}
	if code == exitDone {
		return true, nil
	}
	return true, &exitError{code: code}
}

// rolloutLines is a walk for reading: where it stands, what the guardrails say, and what is asked of a person.
func (a *app) rolloutLines(walk rollout.Rollout) []string {
	lines := []string{
		fmt.Sprintf("%s %s → %s: %s", a.bold(walk.Model), walk.Stable, walk.Candidate, a.paintStatus(walk.Status)),
		"  " + a.stepLine(walk),
		"  " + oneLine(walk.Why),
	}
	for _, v := range walk.Verdicts {
		lines = append(lines, fmt.Sprintf("  %s %s", a.paintOutcome(v.Outcome), oneLine(v.Words)))
	}
	if line := replicasLine(walk.Replicas); line != "" {
		lines = append(lines, "  "+line)
	}
	if f := walk.Fault; f != nil {
		lines = append(lines, "  detected "+moment(f.DetectedAt)+later("decided", f.DetectedAt, f.DecidedAt)+later("applied", f.DecidedAt, f.AppliedAt))
	}
	if walk.Advice != "" {
		lines = append(lines, "  "+a.yellow(oneLine(walk.Advice)))
	}
	return lines
}

// replicasLine says over how many gateways a walk is judged; empty: there is one only.
func replicasLine(r *rollout.Replicas) string {
	if r == nil {
		return ""
	}
	line := fmt.Sprintf("judged over %d gateways", r.Judged)
	if r.Judged == 1 {
		line = "judged over 1 gateway"
	}
	if r.Gone > 0 {
		line += fmt.Sprintf(", %d of them gone", r.Gone)
	}
	if r.LeftOut > 0 {
		line += fmt.Sprintf("; %d left out: %s", r.LeftOut, r.Why)
	}
	return line
}

func later(what string, from, to time.Time) string {
	if to.IsZero() {
		return ", not " + what + " yet"
	}
	return fmt.Sprintf(", %s %s later", what, seconds(to.Sub(from).Seconds()))
}

// stepLine shows the weights of the plan with the present one marked, and how many requests it has seen.
func (a *app) stepLine(walk rollout.Rollout) string {
	var steps []string
	if walk.Plan.Strategy == rollout.BlueGreen || walk.Plan.Shadow.Sample > 0 {
		steps = append(steps, a.markStep("standby", -1, walk.Step))
	}
	for i, step := range walk.Plan.Steps {
		steps = append(steps, a.markStep(step.Weight.String()+" %", i, walk.Step))
	}
	if n := len(walk.Plan.Steps); n == 0 || walk.Plan.Steps[n-1].Weight != registry.Full {
		steps = append(steps, a.markStep(registry.Full.String()+" %", n, walk.Step))
	}
	line := strings.Join(steps, " ")
	if i := walk.Step; i >= 0 && i < len(walk.Plan.Steps) && walk.Plan.Steps[i].MinRequests > 0 {
		return fmt.Sprintf("%s  %d of at least %d requests", line, walk.CandidateRequests, walk.Plan.Steps[i].MinRequests)
	}
	if walk.Step < 0 {
		p := walk.Previewed
		return fmt.Sprintf("%s  %d of %d endpoints healthy, %d requests to %s", line, p.Healthy, p.Endpoints, p.Requests, walk.Stable)
	}
	return fmt.Sprintf("%s  %d requests", line, walk.CandidateRequests)
}

func (a *app) markStep(text string, index, present int) string {
	switch {
	case index < present:
		return a.green("✓" + text)
	case index == present:
		return a.bold("▸" + text)
	}
	return "·" + text
}

func (a *app) paintOutcome(o judge.Outcome) string {
	text := fmt.Sprintf("%-5s", o)
	switch o {
	case judge.Pass:
		return a.green(text)
	case judge.Fail, judge.Error:
		return a.red(text)
	case judge.Hold:
	}
	return a.yellow(text)
}
