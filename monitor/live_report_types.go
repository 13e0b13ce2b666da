package monitor

import (
	"time"

	"github.com/weir-gateway/weir/monitor/report"
)

// LiveReport compares a version's window with its reference, in the form of the
// report of two tables: features, dataset, quality. Every number is finite.
type LiveReport struct {
	Model        string     `json:"model"`
	Version      string     `json:"version"`
	Slice        *string    `json:"slice"` // null: all
	Generated    time.Time  `json:"generated"`
	Observations uint64     `json:"observations"` // since the start
	Since        time.Time  `json:"since"`
	Window       Window     `json:"window"`    // what reference and current are compared over
	Reference    *Reference `json:"reference"` // null: there is none, and no scores

	Features []FeatureReport `json:"features"`
	Dataset  DatasetReport   `json:"dataset"`
	Quality  report.Quality  `json:"quality"`
	Alarms   []Alarm         `json:"alarms"` // the last ones of every feature, newest first
	Skew     *Skew           `json:"skew,omitempty"`
	Shadow   *Comparison     `json:"shadow,omitempty"`

	Dropped  map[string]uint64 `json:"dropped"` // what was not seen, by reason, of the whole model
	Software Software          `json:"software"`
	Slices   []string          `json:"slices,omitempty"`
}

// FeatureReport is one input or output.
type FeatureReport struct {
	report.Feature
	Role          string  `json:"role"`
	Totals        Totals  `json:"totals"`
	EvidenceLog10 float64 `json:"evidence_log10"`
	AlarmsTotal   uint64  `json:"alarms_total"`
}

// Totals count a feature's values since the start, not in the window.
type Totals struct {
	Count      uint64 `json:"count"`
	Missing    uint64 `json:"missing"`
	Invalid    uint64 `json:"invalid"`
	Unseen     uint64 `json:"unseen"`
	OutOfRange uint64 `json:"out_of_range"`
	Fractional uint64 `json:"fractional"`
}

// DatasetReport is the whole, and the predictions apart.
type DatasetReport struct {
	report.Dataset
	Predictions Predictions `json:"predictions"`
	Alarms      uint64      `json:"alarms"` // since the start, over all features
}

// Predictions are the outputs of the window.
type Predictions struct {
	Compared     int     `json:"compared"`
	DriftedCount int     `json:"drifted_count"`
	Alarms       uint64  `json:"alarms"`     // since the start
	Rows         uint64  `json:"rows"`       // of the window
	PerSecond    float64 `json:"per_second"` // of the window, or since the start where that is later
}
