package monitor

import (
	"bytes"
	"math"
	"slices"

	"github.com/weir-gateway/weir/protocol"
)

// agreement counts where answers to the same requests differ: over rows, and output
// by output.
type agreement struct {
	compared, disagreed uint64 // rows
	unmatched           uint64 // exchanges

	outputs []OutputComparison
	index   map[string]int // of outputs

	pairs  []columnPair // of the exchange at hand
	differ []bool       // its rows
}

type columnPair struct {
	a, b      *protocol.Column
	tolerance float64
	own       bool // the tolerance is the output's own
	class     bool
	output    int // index into agreement.outputs; −1: there is no room
}

// compare counts the rows of two answers and leaves in differ which of them
// disagree; false: they cannot be compared. Where an output is a class in both
// answers (text, or whole numbers only) the classes decide alone, beside outputs
// that have a tolerance of their own: two versions of a classifier hardly ever
// agree on the last digit of a score.
func (g *agreement) compare(a, b *protocol.Batch, o *Options) bool {
	if a == nil || b == nil || a.Rows != b.Rows || a.Rows == 0 {
		g.unmatched++
		return false
	}
	onlyClasses := g.match(a, b, o)
	if len(g.pairs) == 0 {
		g.unmatched++
		return false
	}
	g.differ = slices.Grow(g.differ[:0], a.Rows)[:a.Rows]
	clear(g.differ)
	for i := range g.pairs {
		p := &g.pairs[i]
		wrong := uint64(0)
		for row := range a.Rows {
			if agree(&p.a.Cells[row], &p.b.Cells[row], p.tolerance) {
				continue
			}
			wrong++
			if p.class || p.own || !onlyClasses {
				g.differ[row] = true
			}
		}
		if p.output >= 0 {
			out := &g.outputs[p.output]
			out.Compared += uint64(a.Rows)
			out.Disagreed += wrong
		}
	}
	g.compared += uint64(a.Rows)
	g.disagreed += g.wrong()
	return true
}

// wrong is how many rows of the exchange at hand disagree.
func (g *agreement) wrong() (n uint64) {
	for _, d := range g.differ {
		if d {
			n++
		}
	}
	return n
}

// match pairs the columns of two answers.
func (g *agreement) match(a, b *protocol.Batch, o *Options) (anyClass bool) {
	g.pairs = g.pairs[:0]
	for i := range a.Columns {
		other := findColumn(b, a.Columns[i].Name, i)
		if other == nil {
			continue
		}
		p := columnPair{a: &a.Columns[i], b: other}
		p.tolerance, p.own = o.tolerance(p.a.Name)
		p.class = isClass(p.a) && isClass(p.b)
		p.output = g.output(len(g.pairs), p.a.Name, p.tolerance, o.MaxFeatures)
		anyClass = anyClass || p.class
		g.pairs = append(g.pairs, p)
	}
	return anyClass
}

// output finds an output, at place i first, or adds it where there is room.
func (g *agreement) output(i int, name string, tolerance float64, most int) int {
	if i < len(g.outputs) && g.outputs[i].Name == name {
		return i
	}
	if k, known := g.index[name]; known {
		return k
	}
	if len(g.outputs) >= most {
		return -1
	}
	if g.index == nil {
		g.index = map[string]int{}
	}
	g.index[name] = len(g.outputs)
	g.outputs = append(g.outputs, OutputComparison{Name: name, Tolerance: tolerance})
	return len(g.outputs) - 1
}

// shown returns the outputs with their ratios.
func (g *agreement) shown() []OutputComparison {
	out := slices.Clone(g.outputs)
	for i := range out {
		out[i].Ratio = ratio(out[i].Disagreed, out[i].Compared)
	}
	return out
}

func ratio(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// tolerance returns that of an output, and whether it is the output's own.
func (o *Options) tolerance(output string) (tolerance float64, own bool) {
	if t, ok := o.Tolerances[output]; ok {
		return t, true
	}
	return o.Tolerance, false
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

// agree says whether two cells are the same answer. Numbers differ by a share of the
// larger one: 0 agrees with 0 alone unless the tolerance is 1, and numbers of
// different signs do not agree. A missing value, which NaN is, agrees with a
// missing one alone.
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
