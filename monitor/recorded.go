package monitor

import (
	"errors"
	"io"
	"math"
	"slices"

	"github.com/weir-gateway/weir/monitor/tabular"
	"github.com/weir-gateway/weir/protocol"
)

// recordedColumn is where a column of the table goes.
type recordedColumn struct {
	to      []*protocol.Column // one, or those of a derivation; nil: nowhere
	numeric bool
	derived *cellReader // nil: the column is a feature
}

// backtestBatch is how many rows are observed at once.
const backtestBatch = 256

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

// recordedPlace is the features that a column of the table becomes.
type recordedPlace struct {
	name, role string
	features   []string
	numeric    bool
	derived    *cellReader
}

// recordedPlaces lists what a table should have for a reference: derivations where
// their first feature would be.
func recordedPlaces(reference *Profile) (places []recordedPlace) {
	made := map[string]*derivedColumn{}
	for _, role := range []string{roleInput, roleOutput} {
		for _, c := range reference.derivations(role) {
			for _, name := range c.names {
				made[role+"\x00"+name] = c
			}
		}
	}
	done := map[*derivedColumn]bool{}
	for _, f := range reference.Features {
		c := made[f.Role+"\x00"+f.Name]
		switch {
		case c == nil:
			places = append(places, recordedPlace{f.Name, f.Role, []string{f.Name}, f.Numeric != nil, nil})
		case !done[c]:
			done[c] = true
			places = append(places, recordedPlace{c.Column, f.Role, c.names, false, newCellReader(c)})
		}
	}
	return places
}

// lists are the columns of a stream that may be lists: embeddings.
func (o *BacktestOptions) lists(reference *Profile) (names []string) {
	for _, d := range reference.Derived {
		if d.Kind == derivedEmbedding {
			names = append(names, d.Column)
		}
	}
	for column, feature := range o.Columns {
		if slices.Contains(names, feature) {
			names = append(names, column)
		}
	}
	return names
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
	r.columns = make([]recordedColumn, len(rows.Names()))
	for _, p := range recordedPlaces(reference) {
		i, ok := column[p.name]
		delete(column, p.name)
		if !ok { // answers that were not recorded are no missing ones
			if p.role == roleInput {
				r.absent = append(r.absent, p.name)
			}
			continue
		}
		b := &r.in
		if p.role == roleOutput {
			b = &r.out
		}
		r.columns[i] = recordedColumn{to: make([]*protocol.Column, len(p.features)), numeric: p.numeric, derived: p.derived}
		for k, name := range p.features {
			r.columns[i].to[k] = &protocol.Column{Name: name, Cells: make([]protocol.Cell, backtestBatch)}
			b.Columns = append(b.Columns, *r.columns[i].to[k]) // the cells are the same
		}
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
			switch c := &r.columns[i]; {
			case c.derived != nil:
				r.describe(c, text)
			case c.to != nil:
				c.to[0].Cells[r.rows] = r.cell(text, c.numeric)
			}
		}
		r.rows++
	}
	return true, nil
}

// describe makes the cells of a text or an embedding.
func (r *recorded) describe(c *recordedColumn, text string) {
	cell := protocol.Cell{Kind: protocol.Missing}
	if !r.missing[text] {
		from := len(r.texts)
		r.texts = append(r.texts, text...)
		cell.Kind = c.derived.read(r.texts[from:])
		r.texts = r.texts[:from]
	}
	for k, to := range c.to {
		if cell.Kind == protocol.Number {
			cell.Number = c.derived.numbers[k]
		}
		to.Cells[r.rows] = cell
	}
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
	d := decoded{in: &r.in, described: true}
	if len(r.out.Columns) > 0 {
		d.out = &r.out
	}
	return d
}
