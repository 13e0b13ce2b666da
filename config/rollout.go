package config

import "github.com/weir-gateway/weir/registry"

// Rollout is the plan by which a candidate replaces the stable version. It is
// the default of a model; who starts a rollout may override parts of it.
type Rollout struct {
	Strategy   string      `json:"strategy"`   // canary | blue-green
	Automation string      `json:"automation"` // manual: advise only | supervised: goes back by itself, a person promotes | automatic: both
	Preview    Preview     `json:"preview"`
	Shadow     ShadowStage `json:"shadow"`
	Steps      []Step      `json:"steps"`       // canary: strictly increasing weights; a final 100 % is implied
	FalseAlarm float64     `json:"false_alarm"` // chance that an equally good version is ever rolled back, over the whole rollout
	Guardrails []Guardrail `json:"guardrails"`
	Hooks      []Hook      `json:"hooks,omitempty"`
	Deadline   Duration    `json:"deadline"` // an undecided step then holds for a person
	Bake       Duration    `json:"bake"`     // after 100 %: the previous stable stays standby and takes over on a failure
}

// Preview is the stage before the first step, in which the candidate is on
// standby: connected, checked, and reached by a pin only.
type Preview struct {
	MinTime     Duration `json:"min_time"`     // before the stage can end
	MinRequests int      `json:"min_requests"` // to the stable version; its errors in them are the past that a switch is judged by
	Approve     bool     `json:"approve"`      // a person must also say yes
}

// ShadowStage asks for copies to the candidate in the preview; a canary with it
// has a preview, too.
type ShadowStage struct {
	Sample          float64 `json:"sample"`           // share of the requests copied; 0: none
	MinPairs        int     `json:"min_pairs"`        // answers compared before the stage can end
	MaxDisagreement float64 `json:"max_disagreement"` // share of them that may differ
}

// Step is one phase of constant weight.
type Step struct {
	Weight      registry.Weight `json:"weight"`       // the candidate's share, in (0, 100]
	MinRequests int             `json:"min_requests"` // to the candidate, before the step can pass
	MinTime     Duration        `json:"min_time"`     // before the step can pass
	Approve     bool            `json:"approve"`      // a person must also say yes
}

// Hook is an HTTP service that is asked before a step, or told what happened.
type Hook struct {
	URL       string   `json:"url"`
	On        []string `json:"on"`         // before_step | after_step | rolled_back | promoted | held
	SecretEnv string   `json:"secret_env"` // the environment variable with the secret that messages are signed with
	Timeout   Duration `json:"timeout"`    // of one try
	Retries   int      `json:"retries"`    // after the first try
}

// Guardrail is a limit on how much worse the candidate may be.
type Guardrail struct {
	Metric   string   `json:"metric"`             // errors | latency | prediction | quality
	Quantile float64  `json:"quantile,omitempty"` // latency: which, in (0, 1)
	Margin   float64  `json:"margin"`             // errors, quality: percentage points; latency: per cent of the stable's; prediction: distance in [0, 1]
	Slices   []string `json:"slices,omitempty"`   // errors, prediction: of monitor.slices; each value is judged by itself
}
