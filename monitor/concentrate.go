package monitor

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/weir-gateway/weir/monitor/sequential"
	"github.com/weir-gateway/weir/monitor/sketch"
	"github.com/weir-gateway/weir/protocol"
)

const (
	// concentratedLevel is the chance that the bounds of any bin of any input are
	// ever wrong.
	concentratedLevel = 0.05

	concentratedInputs = 256 // are looked at: the first ones of the first exchange
	concentratedGroups = 64  // categories of one; the rest is one more
	concentratedShown  = 5

	// An input without a reference gets its bins from the quantiles of the first
	// values, once there are so many.
	binAfter = 200
	binTenth = 10
)

// Concentration is one bin of an input in which a shadow disagrees more often than
// elsewhere. One row of each request counts, drawn at random.
type Concentration struct {
	Feature   string   `json:"feature"`
	Above     *float64 `json:"above,omitempty"`    // the range of a number; absent: no bound
	UpTo      *float64 `json:"up_to,omitempty"`    // inclusive
	Category  *string  `json:"category,omitempty"` // "(other)": those that there was no room for
	Missing   bool     `json:"missing,omitempty"`  // rows without a value of the input's kind
	Compared  uint64   `json:"compared"`
	Disagreed uint64   `json:"disagreed"`
	Rate      float64  `json:"rate"`
	Elsewhere float64  `json:"elsewhere"` // the rate in all other rows
	Low       float64  `json:"low"`       // of rate − elsewhere
	High      float64  `json:"high"`
	Level     float64  `json:"level"` // chance that low and high of any bin are ever wrong
}

// concentration is in which inputs a shadow disagrees.
type concentration struct {
	inputs []*binned // fixed with the first exchange, so that the level can be shared out
}

// binned is one input.
type binned struct {
	name     string
	feature  *feature
	edges    []float64            // upper ends of bins, where the reference has none
	contrast *sequential.Contrast // over bins, the last of which is for missing values; nil: no bins yet
}

// observe counts one row of an exchange that was compared.
func (c *concentration) observe(v *version, in *protocol.Batch, differ []bool, p *pass) {
	if in == nil || in.Rows != len(differ) {
		return
	}
	if c.inputs == nil {
		c.begin(v, in)
	}
	row := 0
	if in.Rows > 1 {
		row = min(int(p.uniform()*float64(in.Rows)), in.Rows-1)
	}
	x := truth(differ[row])
	for i, b := range c.inputs {
		if b.contrast == nil && !b.bin() {
			continue
		}
		if column := findColumn(in, b.name, i); column != nil {
			b.contrast.Update(b.of(&column.Cells[row], p), x)
		} else {
			b.contrast.Update(b.contrast.Groups()-1, x)
		}
	}
}

func (c *concentration) begin(v *version, in *protocol.Batch) {
	for i := range in.Columns {
		f := v.whole.inputs.index[in.Columns[i].Name]
		if f != nil && len(c.inputs) < concentratedInputs {
			c.inputs = append(c.inputs, &binned{name: f.name, feature: f})
		}
	}
}

// bin makes the bins of an input, if there is enough to make them of. They depend
// on nothing that is compared later, so that the bounds hold.
func (b *binned) bin() bool {
	f := b.feature
	bins := 0
	switch {
	case f.kind == kindCategorical:
		bins = min(f.dict.Cap(), concentratedGroups+1)
	case f.kind == kindNumeric && f.ref != nil:
		bins = f.ref.grid.Bins()
	case f.kind == kindNumeric && f.count >= binAfter:
		b.edges = f.tenths()
		bins = len(b.edges) + 1
	default:
		return false
	}
	b.contrast = sequential.NewContrast(bins + 1)
	return true
}

// tenths returns the nine quantiles of the window that cut it into ten, each once.
func (f *feature) tenths() (edges []float64) {
	q := f.window()
	for i := 1; i < binTenth; i++ {
		if x, ok := q.Quantile(float64(i) / binTenth); ok && !slices.Contains(edges, x) {
			edges = append(edges, x)
		}
	}
	slices.Sort(edges)
	return edges
}

// of returns the bin of a cell.
func (b *binned) of(c *protocol.Cell, p *pass) int {
	f, missing := b.feature, b.contrast.Groups()-1
	switch {
	case f.kind == kindCategorical && (c.Kind == protocol.Text || c.Kind == protocol.Number):
		if i := f.dict.Index(p.label(c)); i < missing {
			return i
		}
		return sketch.Rest
	case f.kind == kindCategorical || c.Kind != protocol.Number:
		return missing
	case f.ref != nil:
		return f.ref.grid.Bin(f.ref.grid.Cell(c.Number))
	}
	return sort.SearchFloat64s(b.edges, c.Number)
}

// found returns the bins that are certain to have more disagreement than there is
// elsewhere, those with the most certain difference first.
func (c *concentration) found() []Concentration {
	var out []Concentration
	for _, b := range c.inputs {
		if b.contrast == nil {
			continue
		}
		level := concentratedLevel / float64(len(c.inputs)*b.contrast.Groups())
		for g := range b.contrast.Groups() {
			if low, high, ok := b.contrast.Above(g, level); ok {
				in, elsewhere := b.contrast.Inside(g), b.contrast.Outside(g)
				out = append(out, b.describe(g, Concentration{
					Compared: in.Count(), Disagreed: uint64(math.Round(in.Value() * float64(in.Count()))), Rate: in.Value(), Elsewhere: elsewhere.Value(),
					Low: low, High: high, Level: concentratedLevel,
				}))
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Concentration) int { return cmp.Compare(b.Low, a.Low) })
	return out[:min(len(out), concentratedShown)]
}

// describe names a bin.
func (b *binned) describe(bin int, out Concentration) Concentration {
	f := b.feature
	out.Feature = b.name
	switch {
	case bin == b.contrast.Groups()-1:
		out.Missing = true
	case f.kind == kindCategorical:
		name := f.dict.Name(bin)
		out.Category = &name
	case f.ref != nil:
		above, upTo := f.ref.grid.Range(bin)
		out.Above, out.UpTo = finite(above), finite(upTo)
	default:
		if bin > 0 {
			out.Above = &b.edges[bin-1]
		}
		if bin < len(b.edges) {
			out.UpTo = &b.edges[bin]
		}
	}
	return out
}
