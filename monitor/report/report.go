package report

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/weir-gateway/weir/monitor/drift"
	"github.com/weir-gateway/weir/monitor/tabular"
)

// Options say how Compare reads the tables.
type Options struct {
	Rules       drift.Rules // default Evidently
	Reference   string      // where the rows are from, for people
	Current     string
	Ignore      []string // columns to leave out
	Categorical []string // columns of numbers that are names
	Missing     []string // texts that mean missing; default those of tabular.Missing
	Delimiter   rune     // default ','
}

// Report compares two tables.
type Report struct {
	Rules    drift.Rules `json:"rules"`
	Features []Feature   `json:"features"`
	Dataset  Dataset     `json:"dataset"`
	Quality  Quality     `json:"quality"`
}

// Feature is one column. Scores are empty where there is nothing to compare, and
// Note says why.
type Feature struct {
	Name      string        `json:"name"`
	Kind      string        `json:"kind"` // numeric, categorical or unknown: without a value
	Reference *Side         `json:"reference"`
	Current   *Side         `json:"current"` // nil: the table has no such column
	Scores    []drift.Score `json:"scores"`
	Drifted   *bool         `json:"drifted,omitempty"` // by the score that the tool takes by default
	Note      string        `json:"note,omitempty"`
}

// Dataset is the whole.
type Dataset struct {
	Reference    Source  `json:"reference"`
	Current      Source  `json:"current"`
	Compared     int     `json:"compared"` // columns that have a verdict
	DriftedCount int     `json:"drifted_count"`
	DriftedShare float64 `json:"drifted_share"` // of the compared columns
	Drifted      bool    `json:"drifted"`       // half of them or more, as Evidently has it
}

// Source is one of the tables.
type Source struct {
	Name    string `json:"name,omitempty"`
	Rows    uint64 `json:"rows"`
	Columns int    `json:"columns"`
}

// Compare reads both tables and compares them.
func Compare(reference, current io.Reader, o Options) (*Report, error) {
	if o.Rules == "" {
		o.Rules = drift.Evidently
	}
	old, err := read(reference, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmp.Or(o.Reference, "reference"), err)
	}
	fresh, err := read(current, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmp.Or(o.Current, "current"), err)
	}
	for _, name := range slices.Concat(o.Ignore, o.Categorical) {
		if !slices.Contains(old.names, name) && !slices.Contains(fresh.names, name) {
			return nil, fmt.Errorf("%w: there is no column %q in either", tabular.ErrTable, name)
		}
	}
	r := New(Source{Name: o.Reference, Rows: old.rows, Columns: len(old.names)}, Source{Name: o.Current, Rows: fresh.rows, Columns: len(fresh.names)})
	r.Rules = o.Rules
	for _, name := range old.names {
		if !slices.Contains(o.Ignore, name) {
			r.add(name, old.columns[name], fresh.columns[name])
		}
	}
	for _, name := range fresh.names {
		if old.columns[name] == nil && !slices.Contains(o.Ignore, name) {
			r.add(name, nil, fresh.columns[name])
		}
	}
	return r, nil
}

// add compares one column; nil where a table lacks it.
func (r *Report) add(name string, old, fresh *column) {
	f := Feature{Name: name, Kind: kindOf(old, fresh), Scores: []drift.Score{}}
	var a, b *drift.Sample
	f.Reference, a = old.side(f.Kind)
	f.Current, b = fresh.side(f.Kind)
	if old != nil && fresh != nil {
		against(&f, old, fresh)
		if scores := drift.Compare(r.Rules, a, b); len(scores) > 0 {
			f.Scores = scores
		}
		if s, ok := drift.Share("missing", old.missing, old.rows(), fresh.missing, fresh.rows()); ok {
			f.Scores = append(f.Scores, s)
		}
	}
	r.Judge(f)
}

// loaded is a table in memory.
type loaded struct {
	names   []string
	columns map[string]*column
	rows    uint64
}

func read(from io.Reader, o Options) (*loaded, error) {
	rows, err := tabular.Open(from, tabular.Options{Delimiter: o.Delimiter})
	if err != nil {
		return nil, err
	}
	missing := tabular.Missing(o.Missing)
	t := &loaded{names: rows.Names(), columns: map[string]*column{}}
	columns := make([]*column, len(t.names))
	for i, name := range t.names {
		columns[i] = &column{categorical: slices.Contains(o.Categorical, name), whole: true, texts: map[string]uint64{}, codes: map[string]uint64{}}
		t.columns[name] = columns[i]
	}
	if err := rows.Only(func(i int) bool { return !slices.Contains(o.Ignore, t.names[i]) }); err != nil {
		return nil, err
	}
	for {
		record, err := rows.Next()
		if errors.Is(err, io.EOF) {
			t.rows = rows.Row()
			return t, nil
		}
		if err != nil {
			return nil, err
		}
		for i, text := range record {
			columns[i].add(text, missing)
		}
	}
}
