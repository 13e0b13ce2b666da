package protocol

import "strings"

// Kind says what a Cell holds.
type Kind uint8

// The kinds of cell.
const (
	Missing Kind = iota // null, NaN, or absent from this row
	Number              // a finite number; booleans are 0 and 1
	Text                // valid UTF-8
	Invalid             // anything else: the wrong type for its column, an infinity, broken UTF-8
)

// Cell is one value of one observation.
type Cell struct {
	Kind   Kind
	Number float64 // finite; 0 unless Kind is Number
	Text   []byte  // aliases the body or the Batch; nil unless Kind is Text
}

// Column is one feature of a batch. Names are unique within a batch.
type Column struct {
	Name  string
	Cells []Cell // len(Cells) == Batch.Rows
}

// Skip names an input or output that is not a table and was therefore left out.
type Skip struct {
	Name   string
	Reason SkipReason
}

// SkipReason is a stable word for a counter's label.
type SkipReason string

// The reasons for leaving a tensor or field out.
const (
	SkipRank SkipReason = "rank" // more than a list a row: an image, a list of objects
	SkipWide SkipReason = "wide" // a row has more elements than Limits.Columns
)

// Batch is the table that a body was read into. The zero value is ready; a Batch
// that is used again for bodies of the same layout allocates nothing, so keep one
// a model for requests and one for responses. Read it, do not change it. It holds
// on to the last body until it is reset or used again.
type Batch struct {
	Rows    int
	Columns []Column
	Skipped []Skip // one a name, at most 16

	names  names
	limits Limits
	cursor int    // column where the next cell of a row most likely belongs
	twice  bool   // some cell was set twice
	texts  bool   // some cell has text, so that Reset must let go of it
	arena  []byte // unescaped text
	path   []byte // dotted name of a nested field
	heads  [][]byte
	seen   []seenHead
}

// Reset empties b and keeps its memory, except for the body.
func (b *Batch) Reset() {
	if b.texts {
		for i := range b.Columns {
			clear(b.Columns[i].Cells)
		}
		b.texts = false
	}
	b.Rows, b.cursor, b.twice = 0, 0, false
	b.Columns = b.Columns[:0]
	b.Skipped = b.Skipped[:0]
	b.arena = b.arena[:0]
	clear(b.heads)
	b.heads = b.heads[:0]
}

// start resets b for a body under these limits.
func (b *Batch) start(l Limits) {
	b.Reset()
	b.limits = l
	if b.names.known > cap(b.Columns) { // the caller replaced Columns
		b.names = names{}
	}
}

// close keeps the promise that a failed decode leaves nothing behind.
func (b *Batch) close(err error) error {
	if err != nil {
		b.Reset()
	}
	return err
}

// grow makes room for row (counted from 0) within the limits.
func (b *Batch) grow(row int) error {
	if row >= b.limits.Rows {
		return &Error{TooLarge, "more than " + itoa(b.limits.Rows) + " rows"}
	}
	b.Rows = row + 1
	return b.fits(len(b.Columns))
}

// fits bounds the cells that the batch will have, padding included.
func (b *Batch) fits(columns int) error {
	if b.Rows*columns > b.limits.Cells {
		return &Error{TooLarge, "more than " + itoa(b.limits.Cells) + " cells"}
	}
	return nil
}

// add appends the column l and returns its index. A second column of the same
// name is an error.
func (b *Batch) add(l label) (int, error) {
	i := len(b.Columns)
	if i >= b.limits.Columns {
		return 0, &Error{TooLarge, "more than " + itoa(b.limits.Columns) + " columns"}
	}
	if err := b.fits(i + 1); err != nil {
		return 0, err
	}
	// Fast path: the slot had this name last time, so the name is unique.
	if i < b.names.known && l.is(b.Columns[:i+1][i].Name) {
		b.Columns = b.Columns[:i+1]
		b.Columns[i].Cells = b.Columns[i].Cells[:0]
		return i, nil
	}
	return b.addSlow(l)
}

func (b *Batch) addSlow(l label) (int, error) {
	i := len(b.Columns)
	b.names.forget(b.Columns[:b.names.known], i)
	name, err := b.names.claim(l, i)
	if err != nil {
		return 0, err
	}
	if i < cap(b.Columns) {
		b.Columns = b.Columns[:i+1]
		b.Columns[i].Name, b.Columns[i].Cells = name, b.Columns[i].Cells[:0]
	} else {
		b.Columns = append(b.Columns, Column{Name: name})
	}
	return i, nil
}

// column finds or adds the column l.
func (b *Batch) column(l label) (int, error) {
	c := b.cursor
	// Fast paths: the fields come in the order of the row before, or, in the
	// first row, of the body before.
	if c < len(b.Columns) {
		if l.is(b.Columns[c].Name) {
			b.cursor = c + 1
			return c, nil
		}
	} else if c < b.names.known && l.is(b.Columns[:c+1][c].Name) {
		b.cursor = c + 1
		return b.add(l)
	}
	c, ok := b.names.find(l)
	if !ok || c >= len(b.Columns) {
		var err error
		if c, err = b.add(l); err != nil {
			return 0, err
		}
	}
	b.cursor = c + 1
	return c, nil
}

// set puts cell into column c of row, filling the rows between with Missing. Of
// two values for one place the last stands, as in most JSON readers.
func (b *Batch) set(c, row int, cell Cell) {
	if cell.Kind == Text {
		b.texts = true
	}
	cells := b.Columns[c].Cells
	for len(cells) < row {
		cells = append(cells, Cell{})
	}
	if len(cells) == row {
		cells = append(cells, cell)
	} else {
		cells[row] = cell
		b.twice = true
	}
	b.Columns[c].Cells = cells
}

// put is column and set in one.
func (b *Batch) put(l label, row int, cell Cell) error {
	c, err := b.column(l)
	if err != nil {
		return err
	}
	b.set(c, row, cell)
	return nil
}

// pad fills every column up to Rows with Missing.
func (b *Batch) pad() {
	for i := range b.Columns {
		for len(b.Columns[i].Cells) < b.Rows {
			b.Columns[i].Cells = append(b.Columns[i].Cells, Cell{})
		}
	}
}

// spread repeats single cells of the columns from first on in every row: a value
// that was sent once applies to all rows.
func (b *Batch) spread(first int) {
	for i := first; i < len(b.Columns); i++ {
		cells := b.Columns[i].Cells
		cells = cells[:min(len(cells), b.Rows)]
		for len(cells) > 0 && len(cells) < b.Rows {
			cells = append(cells, cells[0])
		}
		b.Columns[i].Cells = cells
	}
}

// skip notes that name was left out.
func (b *Batch) skip(name []byte, reason SkipReason) {
	for i := range b.Skipped {
		if b.Skipped[i].Name == string(name) {
			return
		}
	}
	if len(b.Skipped) < 16 {
		b.Skipped = append(b.Skipped, Skip{strings.ToValidUTF8(string(name[:min(len(name), maxName)]), "�"), reason})
	}
}
