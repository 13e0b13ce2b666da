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
	account    account
	ref        *reference
	whole      *state
	slices     []slicing // one a field
	in, out    *describer
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

// newVersion makes the state of a version; errMemory: there is no room for it.
func newVersion(m *Monitor, name string, now time.Time) (*version, error) {
	v := &version{name: name, m: m, last: now, ref: m.references[name], account: account{of: &m.budget}}
	if !v.account.take(versionBytes + v.ref.need(true, false)) {
		return nil, errMemory
	}
	v.in = newDescriber(m.derivations(v.ref, roleInput), v.ref, roleInput)
	v.out = newDescriber(m.derivations(v.ref, roleOutput), v.ref, roleOutput)
	v.whole = newState(v, v.ref, true, now)
	for _, field := range m.fields {
		known := v.ref.sliceValues(field.name, m.o.MaxSlices)
		v.slices = append(v.slices, slicing{dict: sketch.NewDictionary(known, m.o.MaxSlices-len(known))})
	}
	return v, nil
}

func (v *version) observe(x *Exchange, d decoded, p *pass) {
	rows := 0
	if d.in != nil {
		rows = d.in.Rows
	} else if d.out != nil {
		rows = d.out.Rows
	}
	v.m.o.Cost.observations.Add(uint64(rows))
	v.whole.software(x, p)
	seen := v.describe(d, p)
	v.whole.observe(seen, 0, rows, p)
	for i, field := range v.m.fields {
		if field.header >= 0 {
			if s := v.slice(i, headerValue(x, field.header), p); s != nil {
				s.software(x, p)
				s.observe(seen, 0, rows, p)
			}
			continue
		}
		v.sliceRows(i, x, d, seen, p)
	}
	v.fair(x, d, p)
	v.estimate(d, p)
	if x.Shadow {
		v.compare(x, d, seen.in, p)
	}
}

// describe makes what the states observe of what was decoded.
func (v *version) describe(d decoded, p *pass) decoded {
	if !d.described {
		d.in, d.out = v.in.apply(d.in, &p.cells[0]), v.out.apply(d.out, &p.cells[1])
	}
	return d
}

// sliceRows observes each row in the slice of its own value of an input field.
func (v *version) sliceRows(i int, x *Exchange, d, seen decoded, p *pass) {
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
		if s := v.slice(i, value, p); s != nil {
			s.software(x, p)
			s.observe(seen, row, row+1, p)
		}
	}
}

func headerValue(x *Exchange, i int) []byte {
	if i < len(x.Headers) && x.Headers[i] != "" {
		return []byte(x.Headers[i])
	}
	return []byte("(missing)")
}

// slice returns the state of a value of the i-th field; without memory for it, it
// counts and returns nil.
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
		if g.states[k] = newSliceState(v, v.m.fields[i].name+"="+g.dict.Name(k), p.now); g.states[k] == nil {
			v.m.drops.add(dropMemorySlices, 1)
		}
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
