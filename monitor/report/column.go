package report

import (
	"math"
	"slices"
	"strings"

	"github.com/weir-gateway/weir/monitor/drift"
	"github.com/weir-gateway/weir/monitor/tabular"
)

// Kinds of a column.
const (
	numeric     = "numeric"
	categorical = "categorical"
	unknown     = "unknown"
)

// toleratedTexts is the share of non-numbers up to which a column is numeric, as for
// profiles.
const toleratedTexts = 0.01

// column collects one column of a table.
type column struct {
	categorical       bool // asked for
	whole             bool // every value is a whole number as data frames have it
	numbers           []float64
	codes             map[string]uint64 // numbers that begin with 0, such as 007
	coded             uint64
	texts             map[string]uint64
	texted            uint64
	missing, infinite uint64
}

func (c *column) add(text string, missing map[string]bool) {
	if missing[text] {
		c.missing++
		return
	}
	x, number := tabular.Number(text)
	switch {
	case number && math.IsNaN(x):
		c.missing++
	case number && math.IsInf(x, 0):
		c.infinite++
	case number && tabular.Code(text):
		c.codes[strings.Clone(text)]++
		c.coded++
		c.whole = c.whole && tabular.Whole(text)
	case number:
		c.numbers = append(c.numbers, x)
		c.whole = c.whole && tabular.Whole(text)
	default:
		c.texted++
		if _, known := c.texts[text]; known {
			c.texts[text]++
		} else {
			c.texts[strings.Clone(text)] = 1 // the text is a part of the whole row
		}
	}
}

func (c *column) values() uint64 { return uint64(len(c.numbers)) + c.coded + c.texted }
func (c *column) rows() uint64   { return c.values() + c.missing + c.infinite }

// kind is what the column's own values say.
func (c *column) kind() string {
	switch {
	case c == nil || c.values() == 0:
		return unknown
	case c.categorical || float64(c.texted) > toleratedTexts*float64(c.values()):
		return categorical
	}
	return numeric
}

// kindOf is that of the reference, or of the current rows where it has no value.
func kindOf(old, fresh *column) string {
	if k := old.kind(); k != unknown {
		return k
	}
	return fresh.kind()
}

// all returns the numbers, codes among them.
func (c *column) all() []float64 {
	out := slices.Clone(c.numbers)
	for text, n := range c.codes {
		if x, ok := tabular.Number(text); ok {
			for range n {
				out = append(out, x)
			}
		}
	}
	return out
}

// counts returns every value as a category.
func (c *column) counts() map[string]uint64 {
	out := map[string]uint64{}
	var scratch []byte
	for _, x := range c.numbers {
		scratch = tabular.AppendNumber(scratch[:0], x)
		out[string(scratch)]++
	}
	for _, m := range []map[string]uint64{c.codes, c.texts} {
		for text, n := range m {
			out[text] += n
		}
	}
	return out
}

// side describes the column as one of the kind; nil and an empty sample without it.
func (c *column) side(kind string) (*Side, *drift.Sample) {
	if c == nil {
		return nil, drift.Categories(nil)
	}
	s := &Side{Missing: c.missing, Invalid: c.infinite, kind: c.kind()}
	if rows := c.rows(); rows > 0 {
		s.MissingShare = float64(c.missing) / float64(rows)
	}
	if kind == numeric {
		s.Invalid += c.texted
		values := c.all()
		slices.Sort(values)
		s.numbers(values)
		return s, drift.Numbers(values, c.whole && c.missing+c.infinite == 0)
	}
	counts := c.counts()
	s.categories(counts)
	return s, drift.Categories(counts)
}
