package judge

// Outcome is what a guardrail says.
type Outcome string

// The outcomes. No data is Hold, never Pass.
const (
	Pass  Outcome = "pass"  // proven good enough for the next weight
	Fail  Outcome = "fail"  // proven worse than the margin allows
	Hold  Outcome = "hold"  // not decided yet
	Error Outcome = "error" // cannot be measured
)

// The metrics of guardrails, and the one that is always watched.
const (
	MetricErrors     = "errors"
	MetricLatency    = "latency"
	MetricPrediction = "prediction"
	MetricQuality    = "quality"    // wrong predictions, as labels say that come later
	MetricAssignment = "assignment" // is the traffic drawn as it should be?
)

// Guardrail is a limit on how much worse the candidate may be.
type Guardrail struct {
	Metric string `json:"metric"` // errors, latency, prediction or quality
	// Quantile, for latency, in (0, 1).
	Quantile float64 `json:"quantile,omitempty"`
	// Margin: errors and quality in percentage points, (0, 100); latency in per cent of
	// the stable's quantile, ≥ 0; prediction as a difference of shares, (0, 1).
	Margin float64 `json:"margin"`
	// Slices, for errors and prediction: the fields whose values are judged
	// each by itself, instead of all requests together.
	Slices []string `json:"slices,omitempty"`
}

// Verdict is the outcome of one guardrail with the numbers behind it. Shares,
// differences and margins are in [−1, 1]; latencies in seconds.
type Verdict struct {
	Metric   string  `json:"metric"`
	Quantile float64 `json:"quantile,omitempty"`
	Outcome  Outcome `json:"outcome"`
	// Words is the whole verdict as a sentence.
	Words string `json:"words"`

	// Candidate and Stable are the shares compared: of failures, of requests
	// slower than the limit, of predictions in the worst bin.
	Candidate float64 `json:"candidate"`
	Stable    float64 `json:"stable"`
	// Difference is the estimate of candidate − stable with daily swings and
	// ramps taken out; Low and High bound it at the levels of the guardrail,
	// valid at all times together.
	Difference float64 `json:"difference"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
	// Margin is the difference whose excess is a failure; Allowed the one that
	// must be excluded for the next weight.
	Margin  float64 `json:"margin"`
	Allowed float64 `json:"allowed"`

	// Evidence, log10: for a failure and for a pass, and what each must reach.
	FailEvidence  float64 `json:"fail_evidence_log10"`
	FailThreshold float64 `json:"fail_threshold_log10"`
	PassEvidence  float64 `json:"pass_evidence_log10"`
	PassThreshold float64 `json:"pass_threshold_log10"`

	CandidateUnits int64 `json:"candidate_units"`
	StableUnits    int64 `json:"stable_units"`

	// CandidateSeconds and StableSeconds are the latency quantiles;
	// LimitSeconds the latency that a candidate's request is slow above.
	CandidateSeconds float64 `json:"candidate_seconds,omitempty"`
	StableSeconds    float64 `json:"stable_seconds,omitempty"`
	LimitSeconds     float64 `json:"limit_seconds,omitempty"`
	// Bin is the class or interval of predictions that the numbers are of.
	Bin string `json:"bin,omitempty"`
	// Slice is the slice that the numbers are of (field=value), and Slices all
	// slices of the guardrail, those that decide first.
	Slice  string         `json:"slice,omitempty"`
	Slices []SliceVerdict `json:"slices,omitempty"`
	// More estimates how many further units of the candidate a pass needs at
	// the rates seen so far; 0: it has passed, or cannot be told.
	More int64 `json:"more,omitempty"`
}
