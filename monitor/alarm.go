package monitor

import "time"

// Alarm is one detection.
type Alarm struct {
	Model    string `json:"model"`
	Version  string `json:"version"`
	Slice    string `json:"slice,omitempty"`
	Feature  string `json:"feature"`
	Role     string `json:"role"`               // input or output
	Kind     string `json:"kind"`               // distribution, missing, unseen, range, type or volume
	Category string `json:"category,omitempty"` // the category or class that moved most

	At            time.Time `json:"at"`
	Observation   uint64    `json:"observation"` // of this version, or of its slice, from 1
	BeganAbout    uint64    `json:"began_about"` // the observation at which the change probably began
	Direction     string    `json:"direction"`   // up, down; for a distribution also wider, narrower, shape
	Size          Size      `json:"size"`
	EvidenceLog10 float64   `json:"evidence_log10"`
	Guarantee     Guarantee `json:"guarantee"`
}

// Size is the change with an approximate 95 % interval, measured since the change
// probably began. For a distribution it is the net chance that a live value lies
// above a reference value (−1…1; for wider, narrower and shape the mean of the
// Legendre polynomial that moved); for every other kind the difference of shares.
type Size struct {
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
}

// Guarantee is the promise under which an alarm was raised: without a change there
// are on average at least MeanObservations observations of the model between two
// alarms, over all versions and all Detectors of each.
type Guarantee struct {
	MeanObservations float64 `json:"mean_observations"`
	Detectors        int     `json:"detectors"`
	ThresholdLog10   float64 `json:"threshold_log10"`
	ReferenceRows    uint64  `json:"reference_rows"`
}
