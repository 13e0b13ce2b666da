package monitor

import (
	"bytes"
	"math"

	"github.com/weir-gateway/weir/protocol"
)

// compare counts a shadow's rows against the primary's. Where an output is a class
// in both answers (text, or whole numbers only) the classes decide alone: two
// versions of a classifier hardly ever agree on the last digit of a score.
func (v *version) compare(x *Exchange, d decoded) {
	if v.comparison == nil {
		v.comparison = &Comparison{}
	}
	c := v.comparison
	if len(x.Primary.Bytes) == 0 && !x.Failed {
		return // nothing to compare with
	}
	if d.primary != nil || x.Failed && len(x.Primary.Bytes) > 0 {
		x.pair = disagreed // until its first row is found to agree
	}
	if d.out == nil || d.primary == nil || d.out.Rows != d.primary.Rows {
		c.Unmatched++
		return
	}
	pairs, onlyClasses := matchColumns(d.out, d.primary)
	if len(pairs) == 0 {
		c.Unmatched++
		return
	}
	for row := range d.out.Rows {
		c.Compared++
		same := true
		for _, p := range pairs {
			if onlyClasses && !p.class {
				continue
			}
			if !agree(&p.a.Cells[row], &p.b.Cells[row], v.m.o.Tolerance) {
				c.Disagreed++
				same = false
				break
			}
		}
		if row == 0 && same {
			x.pair = agreed
		}
	}
	if c.Compared > 0 {
		c.Ratio = float64(c.Disagreed) / float64(c.Compared)
	}
}

type columnPair struct {
	a, b  *protocol.Column
	class bool
}

func matchColumns(a, b *protocol.Batch) (pairs []columnPair, anyClass bool) {
	for i := range a.Columns {
		other := findColumn(b, a.Columns[i].Name, i)
		if other == nil {
			continue
		}
		p := columnPair{a: &a.Columns[i], b: other}
		p.class = isClass(p.a) && isClass(p.b)
		anyClass = anyClass || p.class
		pairs = append(pairs, p)
	}
	return pairs, anyClass
}

// findColumn looks at place i first: both answers mostly have the same layout.
func findColumn(b *protocol.Batch, name string, i int) *protocol.Column {
	if i < len(b.Columns) && b.Columns[i].Name == name {
		return &b.Columns[i]
	}
	for k := range b.Columns {
		if b.Columns[k].Name == name {
			return &b.Columns[k]
		}
	}
	return nil
}

func isClass(c *protocol.Column) bool {
	for i := range c.Cells {
		if x := &c.Cells[i]; x.Kind == protocol.Number && x.Number != math.Trunc(x.Number) {
			return false
		}
	}
	return true
}

func agree(a, b *protocol.Cell, tolerance float64) bool {
	switch {
	case a.Kind != b.Kind:
		return false
	case a.Kind == protocol.Text:
		return bytes.Equal(a.Text, b.Text)
	case a.Kind == protocol.Number && a.Number != b.Number:
		largest := max(math.Abs(a.Number), math.Abs(b.Number))
		return math.Abs(a.Number/largest-b.Number/largest) <= tolerance // divided first: no overflow
	}
	return true
}
