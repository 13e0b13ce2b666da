package monitor

import (
	"math"

	"github.com/weir-gateway/weir/monitor/sketch"
	"github.com/weir-gateway/weir/monitor/tabular"
)

// maxClasses is how many different whole numbers an output may have to count as
// the classes of a classifier.
const maxClasses = 32

// classes counts predictions by class since the start. An output of numbers counts
// as classes as long as it has few different ones and all are whole.
type classes struct {
	dict   *sketch.Dictionary
	counts []uint64
	not    bool // it is a regression, a score or the like
}

// newClasses counts by the dictionary of a categorical output, or by its own.
func newClasses(dict *sketch.Dictionary) *classes {
	if dict == nil {
		dict = sketch.NewDictionary(nil, maxClasses)
	}
	return &classes{dict: dict, counts: make([]uint64, dict.Len())}
}

func (c *classes) hit(i int) {
	if i >= len(c.counts) {
		c.counts = append(c.counts, make([]uint64, c.dict.Len()-len(c.counts))...)
	}
	c.counts[i]++
}

func (c *classes) number(x float64, p *pass) {
	if c.not {
		return
	}
	if x != math.Trunc(x) {
		c.not = true
		return
	}
	p.scratch = tabular.AppendNumber(p.scratch[:0], x)
	i := c.dict.Index(p.scratch)
	c.not = i == sketch.Rest
	c.hit(i)
}

// byName returns the counts, nil when the output has no classes.
func (c *classes) byName() map[string]uint64 {
	if c == nil || c.not {
		return nil
	}
	out := make(map[string]uint64)
	for i, n := range c.counts {
		if n > 0 {
			out[c.dict.Name(i)] = n
		}
	}
	return out
}
