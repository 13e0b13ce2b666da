package monitor

import (
	"strings"
	"time"

	"github.com/weir-gateway/weir/monitor/sketch"
	"github.com/weir-gateway/weir/protocol"
)

// version is everything known of one version.
type version struct {
	name       string
	m          *Monitor
	last       time.Time // of an observation
	ref        *reference
	whole      *state
	slices     []slicing // one a field
	comparison *comparison
	fairness   []fairness // one a field; nil before the first prediction

	// unscored: the prediction is a number that is no score; fractional: a score was
	// neither 0 nor 1, so that scores are not just classes.
	unscored, fractional bool
}

// sliceField is one of Options.Slices.
type sliceField struct {
	name   string // as in the options
	header int    // index into Exchange.Headers; -1: an input field
}

// slicing is the slices of one field: a bounded set of values and a rest.
type slicing struct {
	dict   *sketch.Dictionary
	states []*state // by dictionary index
}

func parseSlices(names []string) (fields []sliceField, headers int) {
	for _, n := range names {
		f := sliceField{name: n, header: -1}
		if strings.HasPrefix(n, headerPrefix) {
			f.header = headers
			headers++
		}
		fields = append(fields, f)
	}
	return fields, headers
}

func newVersion(m *Monitor, name string, now time.Time) *version {
	v := &version{name: name, m: m, last: now, ref: m.references[name]}
	v.whole = newState(m, name, v.ref, true, now)
	for _, field := range m.fields {
		known := v.ref.sliceValues(field.name, m.o.MaxSlices)
		v.slices = append(v.slices, slicing{dict: sketch.NewDictionary(known, m.o.MaxSlices-len(known))})
	}
	return v
}

func (v *version) observe(x *Exchange, d decoded, p *pass) {
	rows := 0
	if d.in != nil {
		rows = d.in.Rows
	} else if d.out != nil {
		rows = d.out.Rows
	}
	v.whole.software(x, p)
	v.whole.observe(d, 0, rows, p)
	for i, field := range v.m.fields {
		if field.header >= 0 {
			s := v.slice(i, headerValue(x, field.header), p)
			s.software(x, p)
			s.observe(d, 0, rows, p)
			continue
		}
		v.sliceRows(i, x, d, p)
	}
	v.fair(x, d, p)
	v.estimate(d, p)
	if x.Shadow {
		v.compare(x, d, p)
	}
}

// sliceRows observes each row in the slice of its own value of an input field.
func (v *version) sliceRows(i int, x *Exchange, d decoded, p *pass) {
	if d.in == nil {
		return
	}
	var column *protocol.Column
	for k := range d.in.Columns {
		if d.in.Columns[k].Name == v.m.fields[i].name {
			column = &d.in.Columns[k]
		}
	}
	for row := range d.in.Rows {
		value := []byte("(missing)")
		if column != nil {
			if l := p.label(&column.Cells[row]); l != nil {
				value = l
			}
		}
		s := v.slice(i, value, p)
		s.software(x, p)
		s.observe(d, row, row+1, p)
	}
}

func headerValue(x *Exchange, i int) []byte {
	if i < len(x.Headers) && x.Headers[i] != "" {
		return []byte(x.Headers[i])
	}
	return []byte("(missing)")
}

// slice returns the state of a value of the i-th field.
func (v *version) slice(i int, value []byte, p *pass) *state {
	g := &v.slices[i]
	k := g.dict.Index(value)
	if k == sketch.Rest {
		v.m.drops.add(dropSlices, 1)
	}
	for len(g.states) <= k {
		g.states = append(g.states, nil)
	}
	if g.states[k] == nil {
		g.states[k] = newSliceState(v, v.m.fields[i].name+"="+g.dict.Name(k), p.now)
	}
	return g.states[k]
}

// sliceNames lists the slices that have a state, in the order of the options.
func (v *version) sliceNames() (names []string) {
	for i := range v.slices {
		for k, s := range v.slices[i].states {
			if s != nil {
				names = append(names, v.m.fields[i].name+"="+v.slices[i].dict.Name(k))
			}
		}
	}
	return names
}

// find returns the state of a slice by its name; "" is the whole.
func (v *version) find(slice string) *state {
	if slice == "" {
		return v.whole
	}
	for i := range v.slices {
		value, ok := strings.CutPrefix(slice, v.m.fields[i].name+"=")
		if !ok {
			continue
		}
		for k, s := range v.slices[i].states {
			if s != nil && v.slices[i].dict.Name(k) == value {
				return s
			}
		}
	}
	return nil
}
