package rollout

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
)

// Strategies.
const (
	Canary    = "canary"     // through the steps, judged at each
	BlueGreen = "blue-green" // on standby, then all traffic at once, then bake
)

// Levels of automation. Starting a walk is a person's act at every level, and
// brings it to its first step.
const (
	// Manual advises only: a person approves every step, and goes back.
	Manual = "manual"
	// Supervised goes back by itself, and forward up to the last step; a
	// person approves the step to 100 %.
	Supervised = "supervised"
	// Automatic does both by itself.
	Automatic = "automatic"
)

// PassLevel is the chance that a candidate as bad as a guardrail's margin
// allows passes that guardrail at a step. It is larger than a usual false-alarm
// level because all guardrails must pass, and going on is judged further.
const PassLevel = 0.05

// Plan says how a candidate is walked to 100 %.
type Plan struct {
	Strategy   string `json:"strategy"`
	Automation string `json:"automation"`
	// Preview is the stage before the first step, of a blue-green plan and of
	// one with Shadow.
	Preview Preview     `json:"preview,omitzero"`
	Shadow  ShadowStage `json:"shadow,omitzero"`
	// Steps have strictly increasing weights above 0; a last one of 100 %
	// may be written and is implied.
	Steps []Step `json:"steps"`
	// FalseAlarm is the chance that an equally good version is ever rolled
	// back, over the whole rollout, in (0, 0.5].
	FalseAlarm float64           `json:"false_alarm"`
	Guardrails []judge.Guardrail `json:"guardrails"`
	// Hooks are asked before steps, and told of them.
	Hooks []Hook `json:"hooks,omitempty"`
	// Deadline: a step undecided for so long holds for a person; 0: never.
	Deadline time.Duration `json:"deadline"`
	// Bake: how long errors are still watched after 100 %; 0: not.
	Bake time.Duration `json:"bake"`
}

// Step is one phase of constant weight, and what it takes to leave it.
type Step struct {
	Weight      registry.Weight `json:"weight"`
	MinRequests int64           `json:"min_requests,omitempty"` // to the candidate, at this step
	MinTime     time.Duration   `json:"min_time,omitempty"`
	Approve     bool            `json:"approve,omitempty"` // a person must say yes before the step is left
}

// normal returns the plan without a written last step of 100 %.
func (p Plan) normal() Plan {
	if n := len(p.Steps); n > 0 && p.Steps[n-1].Weight == registry.Full {
		p.Bake = max(p.Bake, p.Steps[n-1].MinTime)
		p.Steps = p.Steps[:n-1]
	}
	if p.Strategy == BlueGreen {
		p.Steps = nil
	}
	return p
}

// Validate says what is wrong with a plan and how to mend it; the error wraps
// [registry.ErrInvalid].
func (p Plan) Validate() error {
	switch p.Automation {
	case Manual, Supervised, Automatic:
	default:
		return invalid("automation", "%q is none of manual, supervised and automatic", p.Automation)
	}
	if p.Deadline < 0 || p.Bake < 0 {
		return invalid("deadline", "deadline and bake cannot be negative")
	}
	if !(p.FalseAlarm > 0 && p.FalseAlarm <= 0.5) {
		return invalid("false_alarm", "%v is outside the range above 0 up to 0.5", p.FalseAlarm)
	}
	for i, g := range p.Guardrails {
		if err := validateGuardrail(i, g); err != nil {
			return err
		}
	}
	if err := p.validateSlices(); err != nil {
		return err
	}
	if err := errors.Join(p.validatePreview(), p.validateHooks()); err != nil {
		return err
	}
	switch p.Strategy {
	case BlueGreen:
		return nil
	case Canary:
		return p.validateSteps()
	default:
		return invalid("strategy", "%q is none of canary and blue-green", p.Strategy)
	}
}

func (p Plan) validateSteps() error {
	if len(p.Guardrails) == 0 {
		return invalid("guardrails", "a canary without guardrails judges nothing; add one, or split the traffic by hand")
	}
	if len(p.Steps) == 0 || p.Steps[0].Weight == registry.Full {
		return invalid("steps", "a canary needs a step below 100 %%; the strategy for none is blue-green")
	}
	last := registry.Weight(0)
	for i, s := range p.Steps {
		field := fmt.Sprintf("steps[%d]", i)
		switch {
		case s.Weight <= last || s.Weight > registry.Full:
			return invalid(field+".weight", "%s %% must be above the step before (%s %%) and at most 100 %%", s.Weight, last)
		case s.MinRequests < 0 || s.MinTime < 0:
			return invalid(field, "min_requests and min_time cannot be negative")
		case s.Weight == registry.Full && (s.MinRequests > 0 || s.Approve):
			return invalid(field, "at 100 %% nothing is left to decide; put approve on the step before, and use bake to watch")
		}
		last = s.Weight
	}
	return nil
}

func validateGuardrail(i int, g judge.Guardrail) error {
	field := fmt.Sprintf("guardrails[%d]", i)
	switch g.Metric {
	case judge.MetricErrors, judge.MetricQuality:
		if !(g.Margin > 0 && g.Margin < 100) {
			return invalid(field+".margin", "%v percentage points are outside the range 0 to 100; without a margin nothing could ever be proven good", g.Margin)
		}
	case judge.MetricLatency:
		if !(g.Quantile > 0 && g.Quantile < 1) {
			return invalid(field+".quantile", "%v is outside the range 0 to 1, such as 0.99", g.Quantile)
		}
		if !(g.Margin > 0 && g.Margin <= 10_000) {
			return invalid(field+".margin", "%v %% is outside the range 0 to 10000", g.Margin)
		}
	case judge.MetricPrediction:
		if !(g.Margin > 0 && g.Margin < 1) {
			return invalid(field+".margin", "%v is outside the range 0 to 1", g.Margin)
		}
	default:
		return invalid(field+".metric", "%q is none of errors, latency, prediction and quality", g.Metric)
	}
	return nil
}

func invalid(field, format string, args ...any) error {
	return fmt.Errorf("rollout: plan: %w", &registry.FieldError{Field: field, Reason: fmt.Sprintf(format, args...)})
}

// errorMargin is the margin of the first errors guardrail over all requests, in points.
func (p *Plan) errorMargin() (margin float64, ok bool) {
	for _, g := range p.Guardrails {
		if g.Metric == judge.MetricErrors && len(g.Slices) == 0 {
			return g.Margin, true
		}
	}
	return 0, false
}

// shares is how many tests share the false-alarm budget: the guardrails, the
// watch on errors after 100 %, and the copies.
func (p *Plan) shares() int {
	shares := len(p.Guardrails)
	if p.Strategy == BlueGreen {
		shares = 0 // nothing is compared
	}
	if _, ok := p.errorMargin(); ok && p.Bake > 0 {
		shares++
	}
	if p.Shadow.Sample > 0 {
		shares++
	}
	return max(shares, 1)
}

// next is the weight after step, at most Full.
func (p *Plan) next(step int) registry.Weight {
	if step+1 < len(p.Steps) {
		return p.Steps[step+1].Weight
	}
	return registry.Full
}

// planJSON and stepJSON write durations as in the configuration: "1m30s".
type (
	planFields Plan
	planJSON   struct {
		planFields
		Deadline text `json:"deadline"`
		Bake     text `json:"bake"`
	}
	stepFields Step
	stepJSON   struct {
		stepFields
		MinTime text `json:"min_time,omitzero"`
	}
	text time.Duration
)

// MarshalJSON writes durations as text.
func (p Plan) MarshalJSON() ([]byte, error) {
	return json.Marshal(planJSON{planFields(p), text(p.Deadline), text(p.Bake)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (p *Plan) UnmarshalJSON(data []byte) error {
	var doc planJSON
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	*p = Plan(doc.planFields)
	p.Deadline, p.Bake = time.Duration(doc.Deadline), time.Duration(doc.Bake)
	return nil
}

// MarshalJSON writes the duration as text.
func (s Step) MarshalJSON() ([]byte, error) {
	return json.Marshal(stepJSON{stepFields(s), text(s.MinTime)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Step) UnmarshalJSON(data []byte) error {
	var doc stepJSON
	if err := json.Unmarshal(data, &doc); err != nil {
		return err
	}
	*s = Step(doc.stepFields)
	s.MinTime = time.Duration(doc.MinTime)
	return nil
}

// String is the duration without trailing zero units: 10m, not 10m0s.
func (t text) String() string {
	s := time.Duration(t).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText writes "10m".
func (t text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads "10m".
func (t *text) UnmarshalText(data []byte) error {
	d, err := time.ParseDuration(string(data))
	*t = text(d)
	return err
}
