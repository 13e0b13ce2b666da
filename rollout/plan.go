package rollout

import (
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
)

// Strategies.
const (
	Canary    = "canary"     // through the steps, judged at each
	BlueGreen = "blue-green" // all traffic at once, then bake
)

// Levels of automation.
const (
	Manual     = "manual"     // advises only: a person approves every step and goes back
	Supervised = "supervised" // steps forward and goes back by itself; a person approves the last step, to 100 %
	Automatic  = "automatic"  // both
)

// Plan says how a candidate is walked to 100 %.
type Plan struct {
	Strategy   string `json:"strategy"`
	Automation string `json:"automation"`
	// Steps have strictly increasing weights below 100 %; a last step of 100 %
	// may be written and is implied.
	Steps []Step `json:"steps"`
	// FalseAlarm is the chance that an equally good version is ever rolled
	// back, over the whole rollout, in (0, 0.5].
	FalseAlarm float64           `json:"false_alarm"`
	Guardrails []judge.Guardrail `json:"guardrails"`
	// Deadline: a step undecided for so long holds for a person; 0: never.
	Deadline time.Duration `json:"deadline"`
	// Bake: how long errors are still watched after 100 %; 0: not.
	Bake time.Duration `json:"bake"`
}

// Step is one phase of constant weight and what it takes to leave it.
type Step struct {
	Weight      registry.Weight `json:"weight"`
	MinRequests int64           `json:"min_requests,omitempty"` // to the candidate, at this step
	MinTime     time.Duration   `json:"min_time,omitempty"`
	Approve     bool            `json:"approve,omitempty"` // a person must say yes as well
}
