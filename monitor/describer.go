package monitor

import (
	"slices"
	"strconv"
	"strings"

	"github.com/weir-gateway/weir/protocol"
)

// describer makes the table that a version's states observe out of one that was
// decoded: texts and embeddings become numbers, other columns stay what they are.
type describer struct {
	of    []*describedColumn
	names map[string]derivedAs // of the features it makes
	keep  map[string]bool      // columns that the reference has as they are

	batch  protocol.Batch // what it made last; cells of other columns alias the decoded ones
	layout []string       // the columns of the last batch
	plain  []int          // those that stay
}

// describedColumn is a column in the last batch.
type describedColumn struct {
	*derivedColumn
	at              int   // its place, or that of one of an embedding's elements; −1: none
	places          []int // of an embedding's elements; −1: none
	beyond          []int // elements that it should not have
	vector, numbers []float64
	found           bool
}

func newDescriber(of []*derivedColumn, r *reference, role string) *describer {
	d := &describer{names: derivedNames(of), keep: map[string]bool{}}
	for _, c := range of {
		one := &describedColumn{derivedColumn: c, numbers: make([]float64, len(c.names))}
		if c.Kind == derivedEmbedding {
			one.vector, one.places = make([]float64, c.Dims), make([]int, c.Dims)
		}
		d.of = append(d.of, one)
	}
	if r != nil {
		for _, f := range r.features {
			if f.Role == role && !f.as.derived {
				d.keep[f.Name] = true
			}
		}
	}
	d.plan(&protocol.Batch{}) // the first batch may have no columns either
	return d
}

// apply describes a batch; scratch is memory that lasts as long as the result.
//
// Fast path: no allocation while the columns are those of the last batch
// (TestDescribingDoesNotAllocate).
func (d *describer) apply(b *protocol.Batch, scratch *[]protocol.Cell) *protocol.Batch {
	if b == nil || len(d.of) == 0 {
		return b
	}
	if !d.same(b) {
		d.plan(b)
	}
	d.batch.Rows = b.Rows
	d.batch.Columns = d.batch.Columns[:0]
	for _, i := range d.plain {
		d.batch.Columns = append(d.batch.Columns, b.Columns[i])
	}
	need := 0
	for _, c := range d.of {
		c.found = c.at >= 0 || slices.ContainsFunc(b.Skipped, func(s protocol.Skip) bool { return s.Name == c.Column })
		if c.found {
			need += b.Rows * len(c.names)
		}
	}
	if cap(*scratch) < need || cap(*scratch) > largestScratch && need <= largestScratch {
		*scratch = make([]protocol.Cell, need)
	}
	cells := (*scratch)[:need]
	for _, c := range d.of {
		if !c.found {
			continue
		}
		first := len(d.batch.Columns)
		for _, name := range c.names {
			d.batch.Columns = append(d.batch.Columns, protocol.Column{Name: name, Cells: cells[:b.Rows:b.Rows]})
			cells = cells[b.Rows:]
		}
		for row := range b.Rows {
			c.describe(b, row, d.batch.Columns[first:])
		}
	}
	return &d.batch
}

// largestScratch is how many cells are kept for the next batch.
const largestScratch = 1 << 16

func (d *describer) same(b *protocol.Batch) bool {
	if len(d.layout) != len(b.Columns) {
		return false
	}
	for i := range b.Columns {
		if b.Columns[i].Name != d.layout[i] {
			return false
		}
	}
	return true
}

// plan finds the columns in a batch.
func (d *describer) plan(b *protocol.Batch) {
	d.layout, d.plain = d.layout[:0], d.plain[:0]
	for _, c := range d.of {
		c.at, c.beyond = -1, c.beyond[:0]
		for k := range c.places {
			c.places[k] = -1
		}
	}
	for i := range b.Columns {
		name := b.Columns[i].Name
		d.layout = append(d.layout, name)
		taken := d.names[name].derived // nobody else can be called so
		for _, c := range d.of {
			taken = c.take(name, i) && !d.keep[name] || taken
		}
		if !taken {
			d.plain = append(d.plain, i)
		}
	}
}

// take notes the place of a column that belongs to it.
func (c *describedColumn) take(name string, place int) bool {
	rest, ok := strings.CutPrefix(name, c.Column)
	if !ok {
		return false
	}
	if c.Kind == derivedText {
		if rest == "" {
			c.at = place
		}
		return rest == ""
	}
	k := c.Dims // what is no list has other dimensions
	if rest != "" {
		digits, closed := strings.CutSuffix(rest, "]")
		digits, opened := strings.CutPrefix(digits, "[")
		n, err := strconv.Atoi(digits)
		if !opened || !closed || err != nil || n < 0 {
			return false
		}
		k = n
	}
	c.at = place
	if k < c.Dims {
		c.places[k] = place
	} else {
		c.beyond = append(c.beyond, place)
	}
	return true
}

// describe writes a row of the features into out.
func (c *describedColumn) describe(b *protocol.Batch, row int, out []protocol.Column) {
	kind := c.read(b, row)
	for i := range out {
		out[i].Cells[row] = protocol.Cell{Kind: kind}
		if kind == protocol.Number {
			out[i].Cells[row].Number = c.numbers[i]
		}
	}
}

// read makes the numbers of a row, or says why there are none.
func (c *describedColumn) read(b *protocol.Batch, row int) protocol.Kind {
	if c.Kind == derivedEmbedding {
		return c.readVector(b, row)
	}
	if c.at < 0 {
		return protocol.Invalid // it came in a shape that is no column
	}
	switch cell := &b.Columns[c.at].Cells[row]; cell.Kind {
	case protocol.Missing:
		return protocol.Missing
	case protocol.Text:
		if c.text(cell.Text, c.numbers) {
			return protocol.Number
		}
		return protocol.Missing // as in a table, where nothing and no text are the same
	}
	return protocol.Invalid
}

// readVector is Missing where a row has no element, and Invalid where it has too few,
// too many or other ones.
func (c *describedColumn) readVector(b *protocol.Batch, row int) protocol.Kind {
	if c.at < 0 {
		return protocol.Invalid
	}
	there := 0
	for k, place := range c.places {
		if place < 0 {
			continue
		}
		switch cell := &b.Columns[place].Cells[row]; cell.Kind {
		case protocol.Number:
			c.vector[k] = cell.Number
			there++
		case protocol.Missing:
		default:
			return protocol.Invalid
		}
	}
	for _, place := range c.beyond {
		if b.Columns[place].Cells[row].Kind != protocol.Missing {
			return protocol.Invalid
		}
	}
	switch {
	case there == 0:
		return protocol.Missing
	case there == c.Dims && c.project(c.vector, c.numbers):
		return protocol.Number
	}
	return protocol.Invalid
}
