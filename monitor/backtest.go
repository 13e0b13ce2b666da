package monitor

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/weir-gateway/weir/monitor/tabular"
	"github.com/weir-gateway/weir/protocol"
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

// recordedColumn is where a column of the table goes; to is nil where nowhere.
type recordedColumn struct {
	to      *protocol.Column
	numeric bool
}

// backtestBatch is how many rows are observed at once.
const backtestBatch = 256

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
	rows, err := tabular.Open(stream, tabular.Options{Delimiter: o.Delimiter})
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

// recorded turns rows of a table into the batches that decoders make of bodies.
type recorded struct {
	in, out            protocol.Batch
	columns            []recordedColumn // of the table
	missing            map[string]bool
	texts              []byte // of the batch at hand
	rows               int
	absent, unexpected []string
	alarms             []Alarm
}

func newRecorded(rows *tabular.Rows, reference *Profile, o *BacktestOptions) *recorded {
	r := &recorded{missing: tabular.Missing(o.Missing), absent: []string{}, unexpected: []string{}}
	column := map[string]int{}
	for i, name := range rows.Names() {
		if renamed, ok := o.Columns[name]; ok {
			name = renamed
		}
		column[name] = i
	}
	type place struct {
		table, batch int
		numeric      bool
	}
	inputs, outputs := []place{}, []place{}
	for _, f := range reference.Features {
		i, ok := column[f.Name]
		delete(column, f.Name)
		c := protocol.Column{Name: f.Name, Cells: make([]protocol.Cell, backtestBatch)}
		switch {
		case !ok && f.Role == roleInput:
			r.absent = append(r.absent, f.Name)
		case !ok: // answers that were not recorded are no missing ones
		case f.Role == roleOutput:
			outputs = append(outputs, place{i, len(r.out.Columns), f.Numeric != nil})
			r.out.Columns = append(r.out.Columns, c)
		default:
			inputs = append(inputs, place{i, len(r.in.Columns), f.Numeric != nil})
			r.in.Columns = append(r.in.Columns, c)
		}
	}
	r.columns = make([]recordedColumn, len(rows.Names()))
	for _, p := range inputs {
		r.columns[p.table] = recordedColumn{&r.in.Columns[p.batch], p.numeric}
	}
	for _, p := range outputs {
		r.columns[p.table] = recordedColumn{&r.out.Columns[p.batch], p.numeric}
	}
	for i, name := range rows.Names() {
		if r.columns[i].to == nil {
			r.unexpected = append(r.unexpected, name)
		}
	}
	return r
}

// fill reads the next batch; false after the last row.
func (r *recorded) fill(rows *tabular.Rows) (more bool, err error) {
	r.rows, r.texts = 0, r.texts[:0]
	for r.rows < backtestBatch {
		record, err := rows.Next()
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		for i, text := range record {
			if c := r.columns[i]; c.to != nil {
				c.to.Cells[r.rows] = r.cell(text, c.numeric)
			}
		}
		r.rows++
	}
	return true, nil
}

// cell is what a decoder would have made of a text's value. A text like 007 is a
// number where the reference has numbers, as it was when that was read.
func (r *recorded) cell(text string, numeric bool) protocol.Cell {
	if r.missing[text] {
		return protocol.Cell{}
	}
	if x, number := tabular.Number(text); number && (numeric || !tabular.Code(text)) {
		switch {
		case math.IsNaN(x):
			return protocol.Cell{}
		case math.IsInf(x, 0):
			return protocol.Cell{Kind: protocol.Invalid}
		}
		return protocol.Cell{Kind: protocol.Number, Number: x}
	}
	from := len(r.texts)
	r.texts = append(r.texts, text...)
	return protocol.Cell{Kind: protocol.Text, Text: r.texts[from:]}
}

func (r *recorded) decoded() decoded {
	r.in.Rows, r.out.Rows = r.rows, r.rows
	d := decoded{in: &r.in}
	if len(r.out.Columns) > 0 {
		d.out = &r.out
	}
	return d
}
