package monitor

import (
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/weir-gateway/weir/monitor/tabular"
)

// BacktestOptions say how Backtest reads the recorded rows and what it promises.
type BacktestOptions struct {
	FalseAlarmEvery float64           // mean rows between false alarms, all detectors together; 1,000,000
	Columns         map[string]string // column → feature name, where they differ
	Missing         []string          // texts that mean missing; default those of tabular.Missing
	Delimiter       rune              // default ','
	Seed            uint64            // of the randomisation at ties
}

// Backtest is what the detectors would have said.
type Backtest struct {
	Observations uint64          `json:"observations"` // rows
	Alarms       []BacktestAlarm `json:"alarms"`       // by row
	Guarantee    Guarantee       `json:"guarantee"`
	Watched      []string        `json:"watched"`    // features with detectors
	Unwatched    []string        `json:"unwatched"`  // features of too small a reference for one
	Absent       []string        `json:"absent"`     // inputs of the reference that no column has: missing in every row
	Unexpected   []string        `json:"unexpected"` // columns that the reference does not have: not looked at
}

// BacktestAlarm is an alarm by row, from 1.
type BacktestAlarm struct {
	Feature       string  `json:"feature"`
	Role          string  `json:"role"`
	Kind          string  `json:"kind"`
	Category      string  `json:"category,omitempty"`
	At            uint64  `json:"at"`
	BeganAbout    uint64  `json:"began_about"`
	Direction     string  `json:"direction"`
	Size          Size    `json:"size"`
	EvidenceLog10 float64 `json:"evidence_log10"`
}

// RunBacktest observes a recorded table, CSV or Parquet, in order with the detectors of a live
// Monitor, through the same code: which alarm would have rung at which row.
func RunBacktest(reference *Profile, stream io.Reader, o BacktestOptions) (*Backtest, error) {
	start := time.Unix(0, 0).UTC() // the window never moves: no clock is in a file
	m := newIdle(Options{FalseAlarmEvery: o.FalseAlarmEvery, Seed: o.Seed, MaxMemory: math.MaxInt64, Now: func() time.Time { return start }})
	const version = "stream"
	whole := *reference
	whole.Slices = nil // no slice is watched here, and none may cost a part of the budget
	if err := m.SetProfile(version, &whole); err != nil {
		return nil, fmt.Errorf("backtest: %w", err)
	}
	rows, err := tabular.Open(stream, tabular.Options{Delimiter: o.Delimiter, Lists: o.lists(reference)})
	if err != nil {
		return nil, fmt.Errorf("backtest: %w", err)
	}
	for column := range o.Columns {
		if err := rows.Check(column); err != nil {
			return nil, fmt.Errorf("backtest: %w", err)
		}
	}
	r := newRecorded(rows, reference, &o)
	if err := rows.Only(func(i int) bool { return r.columns[i].to != nil }); err != nil {
		return nil, fmt.Errorf("backtest: %w", err)
	}
	for more := true; more; {
		if more, err = r.fill(rows); err != nil {
			return nil, fmt.Errorf("backtest: %w", err)
		}
		if r.rows > 0 {
			r.alarms = append(r.alarms, m.observe(&Exchange{Version: version}, r.decoded())...)
		}
	}
	ref := m.references[version]
	out := &Backtest{
		Observations: rows.Row(), Alarms: []BacktestAlarm{}, Guarantee: ref.guarantee(m.o.FalseAlarmEvery),
		Watched: []string{}, Unwatched: []string{}, Absent: r.absent, Unexpected: r.unexpected,
	}
	for _, f := range ref.features {
		if f.detectors() > 0 {
			out.Watched = append(out.Watched, f.Name)
		} else {
			out.Unwatched = append(out.Unwatched, f.Name)
		}
	}
	for _, a := range r.alarms {
		out.Alarms = append(out.Alarms, BacktestAlarm{
			Feature: a.Feature, Role: a.Role, Kind: a.Kind, Category: a.Category, At: a.Observation, BeganAbout: a.BeganAbout,
			Direction: a.Direction, Size: a.Size, EvidenceLog10: a.EvidenceLog10,
		})
	}
	slices.SortStableFunc(out.Alarms, func(a, b BacktestAlarm) int { return int(a.At) - int(b.At) })
	return out, nil
}
