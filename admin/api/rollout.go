package api

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout"
	"github.com/weir-gateway/weir/rollout/judge"
)

// RolloutSummary is a rollout in a list of models.
type RolloutSummary struct {
	ID        string         `json:"id"`
	Candidate string         `json:"candidate"`
	Status    rollout.Status `json:"status"`
	Why       string         `json:"why"`
	Advice    string         `json:"advice,omitempty"`
	Started   time.Time      `json:"started"`
	Ended     time.Time      `json:"ended,omitzero"`
}

// RolloutRequest is the body of POST …/rollout. What it leaves out is as the model's configuration says. The answer to
// it, and to every other call on a rollout, is a rollout.Rollout without its ledger.
type RolloutRequest struct {
	Version    string             `json:"version"` // the candidate
	Reason     string             `json:"reason,omitempty"`
	Strategy   string             `json:"strategy,omitempty"`
	Automation string             `json:"automation,omitempty"`
	Preview    *RolloutPreview    `json:"preview,omitempty"`
	Shadow     *RolloutShadow     `json:"shadow,omitempty"`
	Steps      []RolloutStep      `json:"steps,omitempty"`
	FalseAlarm *float64           `json:"false_alarm,omitempty"`
	Guardrails *[]judge.Guardrail `json:"guardrails,omitempty"`
	Deadline   *Duration          `json:"deadline,omitempty"`
	Bake       *Duration          `json:"bake,omitempty"`
}

// RolloutPreview is the stage before the first step, on standby.
type RolloutPreview struct {
	MinTime     Duration `json:"min_time,omitempty"`     // before the stage can end
	MinRequests int64    `json:"min_requests,omitempty"` // to the stable version
	Approve     bool     `json:"approve,omitempty"`      // a person must also say yes
}

// RolloutShadow asks for copies in that stage.
type RolloutShadow struct {
	Sample          float64 `json:"sample"`                     // 0: none
	MinPairs        *int64  `json:"min_pairs,omitempty"`        // compared before the stage can end
	MaxDisagreement float64 `json:"max_disagreement,omitempty"` // share that may differ
}

// RolloutStep is one phase of constant weight.
type RolloutStep struct {
	Weight      registry.Weight `json:"weight"`                 // per cent
	MinRequests int64           `json:"min_requests,omitempty"` // to the candidate, before the step can pass
	MinTime     Duration        `json:"min_time,omitempty"`     // before the step can pass
	Approve     bool            `json:"approve,omitempty"`      // a person must also say yes
}

// RolloutCommand is the body of POST …/rollout/{pause,resume,approve,abort}.
type RolloutCommand struct {
	Reason string `json:"reason,omitempty"`
}

// Duration is a time.Duration that is written as in the configuration, "1m30s".
type Duration time.Duration

// MarshalJSON writes the text form.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads the text form; negative durations are refused.
func (d *Duration) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) != nil {
		return fmt.Errorf("duration %s must be text such as \"90s\" or \"1h30m\"", data)
	}
	parsed, err := time.ParseDuration(text)
	if err != nil || parsed < 0 {
		return fmt.Errorf("duration %q is not one such as \"90s\" or \"1h30m\"", text)
	}
	*d = Duration(parsed)
	return nil
}
