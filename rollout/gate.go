package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weir-gateway/weir/registry"
)

// Gate is the question whether a step may be made, put to the before_step
// hooks. Going back asks nobody.
type Gate struct {
	Number  int          `json:"number"` // from 1, of the walk's questions
	To      int          `json:"to"`     // the step
	Open    bool         `json:"open"`   // every hook has said yes
	Answers []HookAnswer `json:"answers,omitempty"`
}

// Approval is a person's yes to a step that hooks are still asked about; the
// start of a walk is one to its first step.
type Approval struct {
	To     int    `json:"to"`
	By     string `json:"by"`
	Reason string `json:"reason"` // the whole sentence of the change
}

func (a *Approval) action() Action {
	return Action{To: a.To, Cause: registry.CauseRollout, By: a.By, Reason: a.Reason}
}

// begun tells whether the first step was made.
func (r *Rollout) begun() bool { return r.StepGeneration > 0 }

// approve notes a person's yes; what comes of it is up to the hooks.
func (r *Rollout) approve(now time.Time, a Action) {
	r.Approved = &Approval{To: a.To, By: a.By, Reason: a.Reason}
	r.Status, r.HeldBy, r.Advice = Running, "", ""
	r.Why = fmt.Sprintf("approved by %s; %s asked before the step to %s", a.By, hookCount(len(r.Plan.hooksOn(BeforeStep))), r.target(a.To))
	r.note(Entry{At: now, Kind: KindNote, By: a.By, Words: r.Why, Verdicts: r.Verdicts})
}

// waitsForHealth: nobody may send requests to a version that can't answer.
func (r *Rollout) waitsForHealth() bool {
	return r.Step == preview && r.begun() && r.Previewed.Healthy == 0
}

// approvedStands tells whether a person's yes is still to be acted on.
func (r *Rollout) approvedStands(now time.Time) bool {
	if r.Approved != nil && r.waitsForHealth() {
		r.note(Entry{At: now, Kind: KindNote, By: Actor, Words: "the approval lapses, waiting for " + r.unhealthy()})
		r.Approved = nil
	}
	return r.Approved != nil
}

// mayGo tells whether an action may be carried out now. If not, ask says
// whether the hooks are to be asked, or have been and are still thinking.
func (r *Rollout) mayGo(a Action, thinking bool) (may, ask bool) {
	if a.To == Back || len(r.Plan.hooksOn(BeforeStep)) == 0 {
		return true, false
	}
	if r.Gate != nil && r.Gate.To == a.To && r.Gate.Open {
		return true, false
	}
	return false, !thinking
}

// asking notes that the hooks are asked about an action. A question that a
// restart interrupted is put again under its old number.
func (r *Rollout) asking(a Action) {
	if r.Gate == nil || r.Gate.To != a.To || len(r.Gate.Answers) > 0 {
		r.Questions++
		r.Gate = &Gate{Number: r.Questions, To: a.To}
	}
	r.Status, r.Advice = Running, ""
	r.Why = fmt.Sprintf("%s asked before the step to %s", hookCount(len(r.Plan.hooksOn(BeforeStep))), r.target(a.To))
}

func hookCount(n int) string {
	if n == 1 {
		return "a hook is"
	}
	return fmt.Sprintf("%d hooks are", n)
}

// target is the place of a step, for people.
func (r *Rollout) target(to int) string {
	if to == preview {
		return "standby"
	}
	return r.Plan.next(to-1).String() + " %"
}

// lapse forgets a yes that was not used: whenever the step is due again, the
// hooks are asked again.
func (r *Rollout) lapse() {
	if r.Gate != nil && r.Gate.Open {
		r.Gate = nil
	}
}

// answered takes the hooks' answers: one no holds the walk.
func (r *Rollout) answered(now time.Time, number int, answers []HookAnswer) {
	g := r.Gate
	if r.Status.Final() || g == nil || g.Number != number {
		return
	}
	g.Answers = answers
	refused := slices.IndexFunc(answers, func(a HookAnswer) bool { return !a.OK })
	if g.Open = refused < 0; g.Open {
		return
	}
	if r.HeldBy == heldFailed {
		return // nothing goes forward anyhow
	}
	r.hold(now, heldHook, fmt.Sprintf("no step to %s: %s", r.target(g.To), answers[refused]),
		"resume to ask again, approve to go on in spite of it, or abort")
}

// hookAction is the step that a person lets a walk make although a hook said no.
func (r *Rollout) hookAction(by, reason string) Action {
	var words []string
	for _, a := range r.Gate.Answers {
		if !a.OK {
			words = append(words, a.String())
		}
	}
	return Action{ // the gate stays shut: if it can't be carried out, the walk is held as before
		To: r.Gate.To, Cause: registry.CauseRollout, By: by,
		Reason: fmt.Sprintf("rollout of %s: to %s, approved by %s%s, although %s", r.Candidate, r.target(r.Gate.To), by, because(reason), strings.Join(words, "; ")),
	}
}

// forward asks the hooks about an action, or lets it be carried out; w.mu is held.
func (w *walk) forward(ctx context.Context, action Action) bool {
	may, ask := w.r.mayGo(action, w.thinking)
	if !ask {
		return may
	}
	w.r.asking(action)
	w.report(w.save(ctx)) // so that after a restart the question has its number
	g, r := *w.r.Gate, w.r.public()
	entry := Entry{At: w.c.cfg.Now(), By: action.By, Words: action.Reason, Verdicts: r.Verdicts}
	to := &Target{Step: action.To}
	if action.To != preview {
		to.Weight = r.Plan.next(action.To - 1)
	}
	w.thinking = w.c.spawn(func() {
		var answers []HookAnswer
		for i, h := range r.Plan.hooksOn(BeforeStep) {
			id := r.messageID(BeforeStep, g.Number, i)
			answers = append(answers, w.c.cfg.Hooks.Call(w.c.ctx, h, id, r.message(id, BeforeStep, &entry, to)))
		}
		w.heard(g.Number, answers)
	})
	return false
}

// heard takes the answers; with the controller closed nothing was heard.
func (w *walk) heard(number int, answers []HookAnswer) {
	if w.c.ctx.Err() != nil {
		return
	}
	w.mu.Lock()
	w.thinking = false
	w.r.answered(w.c.cfg.Now(), number, answers)
	if !w.r.Status.Final() {
		w.report(w.save(w.c.ctx))
	}
	w.leave()
	w.poke()
}

// mostNotices wait for a walk's hooks; more are dropped, and logged.
const mostNotices = 64

// notice is one message on its way.
type notice struct {
	hook Hook
	id   string
	body []byte
	kind string
}

// inform tells the hooks of log entries, in order and one at a time; whoever
// tells holds w.telling.
func (w *walk) inform(e *Event) {
	event := e.Rollout.hookEvent(&e.Entry)
	if event == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, h := range e.Rollout.Plan.hooksOn(event) {
		if len(w.notices) >= mostNotices {
			w.c.cfg.Logger.Error("rollout: a hook is too slow; a message to it is dropped", "model", e.Model, "url", h.URL, "event", event)
			continue
		}
		id := e.Rollout.messageID(event, e.number, i)
		w.notices = append(w.notices, notice{h, id, e.Rollout.message(id, event, &e.Entry, nil), event})
	}
	if len(w.notices) > 0 && !w.informing {
		w.informing = w.c.spawn(func() { w.deliver(w.c.ctx) })
	}
}

// deliver empties the notices.
func (w *walk) deliver(ctx context.Context) {
	for {
		w.mu.Lock()
		if len(w.notices) == 0 || ctx.Err() != nil {
			w.informing = false
			w.mu.Unlock()
			return
		}
		n := w.notices[0]
		w.mu.Unlock()
		answer := w.c.cfg.Hooks.Call(ctx, n.hook, n.id, n.body)
		if !answer.OK {
			w.c.cfg.Logger.Error("rollout: a hook was not told", "model", w.r.Model, "event", n.kind, "answer", answer.String(), "tries", answer.Tries)
		}
		w.mu.Lock()
		w.notices = w.notices[1:]
		if !answer.OK && !w.r.Status.Final() {
			w.r.note(Entry{At: w.c.cfg.Now(), Kind: KindNote, By: Actor, Words: fmt.Sprintf("hook not told of %s: %s", n.kind, answer)})
		}
		w.leave()
	}
}

// spawn runs f until it ends or the controller is closed; false: it is closed.
func (c *Controller) spawn(f func()) bool {
	if c.cfg.spawn != nil {
		c.cfg.spawn(f)
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.group.Go(f)
	return true
}
