package monitor

import "time"

// Summary is the monitor of one (version, slice), as the admin API shows it. Every
// number is finite; what cannot be computed is null or left out.
type Summary struct {
	Model        string             `json:"model"`
	Version      string             `json:"version"`
	Slice        *string            `json:"slice"`        // null: all
	Observations uint64             `json:"observations"` // rows
	Since        time.Time          `json:"since"`
	Dropped      map[string]uint64  `json:"dropped"`            // by reason, of the whole model
	Memory       Memory             `json:"memory"`             // of the whole model
	Sampling     *Sampling          `json:"sampling,omitempty"` // of the whole model; nothing where every request is observed
	Window       Window             `json:"window"`
	Reference    *Reference         `json:"reference,omitempty"`
	Features     []FeatureSummary   `json:"features"`
	Software     Software           `json:"software"`
	Shadow       *Comparison        `json:"shadow,omitempty"`
	Skew         *Skew              `json:"skew,omitempty"`
	Slices       []string           `json:"slices,omitempty"` // the names of this version's slices
	Fairness     []FairnessGap      `json:"fairness,omitempty"`
	Quality      map[string]Quality `json:"quality,omitempty"` // by source of the labels: truth, human, other

	QualityEstimate *QualityEstimate `json:"quality_estimate,omitempty"` // without labels
}

// Window says which observations mean, categories and scores are of.
type Window struct {
	Seconds      float64 `json:"seconds"`
	Observations uint64  `json:"observations"`
}

// Reference says what a version is measured against and what its alarms promise.
type Reference struct {
	Kind      string     `json:"kind"` // profile or stable
	Source    string     `json:"source,omitempty"`
	Rows      uint64     `json:"rows"`
	Guarantee *Guarantee `json:"guarantee,omitempty"`
}

// FeatureSummary is one input or output.
type FeatureSummary struct {
	Name       string   `json:"name"`
	Role       string   `json:"role"`                 // input or output
	Kind       string   `json:"kind"`                 // numeric, categorical or unknown (nothing but missing so far)
	Count      uint64   `json:"count"`                // observations with a value of the feature's kind
	Missing    uint64   `json:"missing"`              // null, NaN or absent
	Invalid    uint64   `json:"invalid"`              // of another type
	Unseen     uint64   `json:"unseen"`               // categories that the reference does not have
	OutOfRange uint64   `json:"out_of_range"`         // numbers outside the reference's minimum and maximum
	Fractional uint64   `json:"fractional,omitempty"` // fractions where the reference has whole numbers only
	Unexpected bool     `json:"unexpected,omitempty"` // not in the reference
	Mean       *float64 `json:"mean"`
	StdDev     *float64 `json:"stddev,omitempty"`

	Quantiles      map[string]float64 `json:"quantiles"`
	Categories     map[string]uint64  `json:"categories"`                // the 20 most frequent; null for a numeric feature
	CategoriesRest uint64             `json:"categories_rest,omitempty"` // of the window, in none of Categories
	Classes        map[string]uint64  `json:"classes,omitempty"`         // outputs: predictions by class, since the start

	Scores        []Score `json:"scores"`
	EvidenceLog10 float64 `json:"evidence_log10"` // of the strongest detector, capped at the threshold's scale
	Alarms        []Alarm `json:"alarms"`         // the last 16
	AlarmsTotal   uint64  `json:"alarms_total"`
}

// Score is a distance between the window and the reference, beside the value it
// is expected to have when nothing changed.
type Score struct {
	Method       string  `json:"method"` // psi, js
	Value        float64 `json:"value"`
	NullExpected float64 `json:"null_expected"`
	Reference    string  `json:"reference"` // profile or stable
	Rows         uint64  `json:"rows"`      // of the window, with a value
}

// Software is how the version behaved as a program.
type Software struct {
	Requests uint64             `json:"requests"`
	Errors   uint64             `json:"errors"`
	Latency  map[string]float64 `json:"latency_seconds"` // quantiles
}

// Comparison counts a shadow's predictions against the primary's for the same row.
type Comparison struct {
	Compared  uint64  `json:"compared"`
	Disagreed uint64  `json:"disagreed"`
	Ratio     float64 `json:"disagreement_ratio"` // 0 when nothing was compared
	Unmatched uint64  `json:"unmatched"`          // exchanges whose answers have different shapes, or of which one failed

	Outputs []OutputComparison `json:"outputs,omitempty"` // those that both answers have

	Noise  *Noise  `json:"noise,omitempty"`  // absent before the first request that was answered twice
	Excess *Excess `json:"excess,omitempty"` // likewise

	// Concentrated are the inputs in which it certainly disagrees more than
	// elsewhere, at most five. Not in Metrics.
	Concentrated []Concentration `json:"concentrated,omitempty"`
}

// Noise counts the answers of one version to the same request, asked twice: how much
// of a disagreement is the service's own.
type Noise struct {
	Compared  uint64  `json:"compared"`
	Disagreed uint64  `json:"disagreed"`
	Ratio     float64 `json:"disagreement_ratio"`
	Unmatched uint64  `json:"unmatched"`
}

// Excess is a shadow's disagreement less the noise. Both are means over requests, of
// the share of a request's rows that differ: rows of one request do not fail alone.
type Excess struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Level float64 `json:"level"` // chance that low and high are ever wrong
}

// OutputComparison is one output of a Comparison. It may disagree in a row that does
// not: a score in which two versions differ while their classes agree.
type OutputComparison struct {
	Name      string  `json:"name"`
	Tolerance float64 `json:"tolerance"` // of its numbers
	Compared  uint64  `json:"compared"`
	Disagreed uint64  `json:"disagreed"`
	Ratio     float64 `json:"disagreement_ratio"`
}

// Skew lists what the reference and the requests do not have in common.
type Skew struct {
	Absent     []string `json:"absent,omitempty"`     // in the reference, in no observation so far
	Unexpected []string `json:"unexpected,omitempty"` // in observations, not in the reference

	Findings []SkewFinding `json:"findings"` // these and more, in words
}
