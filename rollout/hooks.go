package rollout

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
)

// What a hook can be called on.
const (
	BeforeStep   = "before_step" // asked: without a yes the walk is held
	AfterStep    = "after_step"
	OnRolledBack = "rolled_back" // by a guardrail or a person
	OnPromoted   = "promoted"
	OnHeld       = "held"
)

// HookEvents are all of them.
func HookEvents() []string {
	return []string{BeforeStep, AfterStep, OnRolledBack, OnPromoted, OnHeld}
}

// Hook is an HTTP service of somebody else's that is asked or told.
type Hook struct {
	URL       string        `json:"url"`
	On        []string      `json:"on"`
	SecretEnv string        `json:"secret_env"` // the variable with the secret that messages are signed with
	Timeout   time.Duration `json:"timeout"`    // of one try
	Retries   int           `json:"retries"`    // after the first try
}

// HookAnswer is what became of one call.
type HookAnswer struct {
	URL    string `json:"url"`
	OK     bool   `json:"ok"`
	Status int    `json:"status,omitempty"` // 0: there was no answer
	// Line is the answer's first line, or why there was none.
	Line  string `json:"line,omitempty"`
	Tries int    `json:"tries"`
}

// Hooks calls hooks.
type Hooks interface {
	// Call delivers a message and tries again within the hook's budget. The id
	// is the same at every try and after a restart.
	Call(ctx context.Context, h Hook, id string, body []byte) HookAnswer
}

// noHooks is what a controller has that was given none.
type noHooks struct{}

func (noHooks) Call(_ context.Context, h Hook, _ string, _ []byte) HookAnswer {
	return HookAnswer{URL: h.URL, Line: "this gateway calls no hooks"}
}

// Message is the body of a call.
type Message struct {
	ID        string          `json:"id"`
	Type      string          `json:"type"` // one of HookEvents
	Time      time.Time       `json:"time"`
	Model     string          `json:"model"`
	Rollout   string          `json:"rollout"`
	Stable    string          `json:"stable"`
	Candidate string          `json:"candidate"`
	Status    Status          `json:"status"`
	Weight    registry.Weight `json:"weight"`       // the candidate's, now
	To        *Target         `json:"to,omitempty"` // before_step: where the walk wants to go
	By        string          `json:"by"`
	Words     string          `json:"words"`
	Verdicts  []judge.Verdict `json:"verdicts,omitempty"`
}

// Target is a step.
type Target struct {
	Step   int             `json:"step"` // its index in the plan's steps; their number: 100 %; −1: on standby
	Weight registry.Weight `json:"weight"`
}

const mostHooks = 8

func (p *Plan) validateHooks() error {
	if len(p.Hooks) > mostHooks {
		return invalid("hooks", "%d are more than %d", len(p.Hooks), mostHooks)
	}
	for i, h := range p.Hooks {
		field := fmt.Sprintf("hooks[%d]", i)
		u, err := url.Parse(h.URL)
		switch {
		case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
			return invalid(field+".url", "is no URL such as https://ci.internal/weir")
		case len(h.On) == 0 || slices.ContainsFunc(h.On, func(on string) bool { return !slices.Contains(HookEvents(), on) }):
			return invalid(field+".on", "must name some of %s", strings.Join(HookEvents(), ", "))
		case h.SecretEnv == "":
			return invalid(field+".secret_env", "must name the environment variable with the secret")
		case h.Timeout <= 0 || h.Retries < 0:
			return invalid(field, "timeout must be above 0, and retries not below")
		}
	}
	return nil
}

// hooksOn are the hooks that are called on an event.
func (p *Plan) hooksOn(event string) (hooks []Hook) {
	for _, h := range p.Hooks {
		if slices.Contains(h.On, event) {
			hooks = append(hooks, h)
		}
	}
	return hooks
}

// hookEvent is what hooks are told of a log entry; empty: nothing.
func (r *Rollout) hookEvent(e *Entry) string {
	switch e.Kind {
	case KindStarted, KindStep, KindApproved:
		return AfterStep
	case KindHeld:
		return OnHeld
	case KindEnded:
		switch {
		case r.Status == Promoted:
			return OnPromoted
		case e.Generation > 0: // the traffic went back
			return OnRolledBack
		}
	}
	return ""
}

// messageID is made of what a restart does not change, and has no dot, which
// separates it in what is signed.
func (r *Rollout) messageID(event string, number, hook int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s\n%d\n%d", r.Model, r.ID, event, number, hook))
	return "msg_" + hex.EncodeToString(sum[:16])
}

// message is the body of a call.
func (r *Rollout) message(id, event string, e *Entry, to *Target) []byte {
	body, err := json.Marshal(Message{
		ID: id, Type: event, Time: e.At.UTC(), Model: r.Model, Rollout: r.ID, Stable: r.Stable, Candidate: r.Candidate,
		Status: r.Status, Weight: r.Weight, To: to, By: e.By, Words: e.Words, Verdicts: e.Verdicts,
	})
	if err != nil {
		return fmt.Appendf(nil, `{"id":%q,"type":%q}`, id, event) // a verdict that is no JSON: there is none
	}
	return body
}

// String is the answer for people.
func (a HookAnswer) String() string {
	switch {
	case a.Status == 0:
		return fmt.Sprintf("%s gave no answer: %s", a.URL, a.Line)
	case a.Line == "":
		return fmt.Sprintf("%s answered %d", a.URL, a.Status)
	}
	return fmt.Sprintf("%s answered %d: %s", a.URL, a.Status, a.Line)
}

type (
	hookFields Hook
	hookJSON   struct {
		hookFields
		Timeout text `json:"timeout"`
	}
)

// MarshalJSON writes the duration as text.
func (h Hook) MarshalJSON() ([]byte, error) {
	return json.Marshal(hookJSON{hookFields(h), text(h.Timeout)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (h *Hook) UnmarshalJSON(data []byte) error {
	var doc hookJSON
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	*h = Hook(doc.hookFields)
	h.Timeout = time.Duration(doc.Timeout)
	return nil
}
