package monitor

import (
	"time"

	"github.com/weir-gateway/weir/monitor/quality"
	"github.com/weir-gateway/weir/monitor/sketch"
	"github.com/weir-gateway/weir/protocol"
)

// panes is how many parts the sliding window has; the two sketches of a numeric
// feature cover two of them each.
const panes = 4

// state is the monitor of one (version, slice).
type state struct {
	model, version string
	slice          string     // its name; "": the whole, or one without a reference of its own
	own            *reference // of a slice; nil: none
	part           bool       // of a slice
	limits         *Options
	drops          *drops
	account        *account
	guarantee      Guarantee

	since        time.Time
	observations uint64
	seen         uint64 // pass.seq of the last exchange

	inputs, outputs table
	alarms          map[string]uint64 // by kind

	requests, errors uint64
	latency          *sketch.Latency

	pane      int
	paneStart time.Time
	paneRows  [panes]uint64

	unlabelled *[panes]quality.Unlabelled // of the whole, made with the first score
}

// newQuantiles makes a sketch: of slices, which are many, a coarse one.
func (s *state) newQuantiles() *sketch.Quantiles {
	if s.part {
		return sketch.NewCoarseQuantiles()
	}
	return sketch.NewQuantiles()
}

// table is the features of one role.
type table struct {
	role     string
	features []*feature
	index    map[string]*feature
	derived  map[string]derivedAs // the names that are
	order    []*feature           // of the last batch's columns: a request mostly looks like the one before
}

// newState makes a state. A reference always brings its counts and bins; detectors
// only where detect is set. Its memory has been taken by reference.need.
func newState(v *version, r *reference, detect bool, now time.Time) *state {
	m := v.m
	s := &state{
		model: m.o.Model, version: v.name, limits: &m.o, drops: &m.drops, account: &v.account,
		since: now, paneStart: now, alarms: map[string]uint64{}, latency: &sketch.Latency{},
		inputs:  table{role: roleInput, index: map[string]*feature{}, derived: v.in.names},
		outputs: table{role: roleOutput, index: map[string]*feature{}, derived: v.out.names},
	}
	if r == nil {
		return s
	}
	s.guarantee = r.guarantee(m.o.FalseAlarmEvery)
	threshold := m.o.FalseAlarmEvery * float64(max(r.detectors, 1))
	for _, f := range r.features {
		var d *detectors
		if detect {
			d = newDetectors(f, threshold)
		}
		s.table(f.Role).add(f.Name, f, d, s)
	}
	return s
}

func (s *state) table(role string) *table {
	if role == roleOutput {
		return &s.outputs
	}
	return &s.inputs
}

// add makes room for another feature; when there is none it counts and returns nil.
func (t *table) add(name string, ref *featureReference, d *detectors, s *state) *feature {
	if len(s.inputs.features)+len(s.outputs.features) >= s.limits.MaxFeatures {
		s.drops.add(dropFeatures, 1)
		return nil
	}
	if ref == nil && !s.account.take(featureBytes+int64(len(name))) {
		s.drops.add(dropMemoryFeatures, 1)
		return nil
	}
	f := newFeature(name, t.role, t.derived[name], ref, s.limits, d)
	t.features = append(t.features, f)
	t.index[name] = f
	return f
}

// feature returns the feature of a batch's i-th column.
//
// Fast path: the same place as in the last batch.
func (t *table) feature(i int, name string, s *state) *feature {
	if i < len(t.order) && t.order[i] != nil && t.order[i].name == name {
		return t.order[i]
	}
	f, ok := t.index[name]
	if !ok {
		f = t.add(name, nil, nil, s)
	}
	for len(t.order) <= i {
		t.order = append(t.order, nil)
	}
	t.order[i] = f
	return f
}

// observe takes rows from…to−1 of a batch, the first of which has the observation
// number first. A feature that the state knows and the batch lacks is missing.
func (t *table) observe(b *protocol.Batch, from, to int, first uint64, s *state, p *pass) {
	for i := range b.Columns {
		column := &b.Columns[i]
		f := t.feature(i, column.Name, s)
		if f == nil {
			continue
		}
		f.seen, f.ever = p.seq, true
		for row := from; row < to; row++ {
			p.observation = first + uint64(row-from)
			f.observe(&column.Cells[row], s, p)
		}
	}
	if len(t.features) == len(b.Columns) {
		return
	}
	for _, f := range t.features {
		if f.seen == p.seq {
			continue
		}
		for row := from; row < to; row++ {
			p.observation = first + uint64(row-from)
			f.absent(s, p)
		}
	}
}

// observe takes rows of an exchange, at least those of one of the batches.
func (s *state) observe(d decoded, from, to int, p *pass) {
	s.rotate(p.now)
	first := s.observations + 1
	s.observations += uint64(to - from)
	s.paneRows[s.pane] += uint64(to - from)
	if d.in != nil {
		s.inputs.observe(d.in, min(from, d.in.Rows), min(to, d.in.Rows), first, s, p)
	}
	if d.out != nil {
		s.outputs.observe(d.out, min(from, d.out.Rows), min(to, d.out.Rows), first, s, p)
	}
}

// software counts the exchange once.
func (s *state) software(x *Exchange, p *pass) {
	if s.seen == p.seq {
		return
	}
	s.seen = p.seq
	s.requests++
	if x.Failed {
		s.errors++
	}
	s.latency.Observe(x.Latency)
}

// rotate moves the window on.
func (s *state) rotate(now time.Time) {
	length := s.limits.Window / panes
	steps := int64(0)
	if length > 0 {
		steps = int64(now.Sub(s.paneStart) / length)
	}
	if steps <= 0 {
		return
	}
	s.paneStart = s.paneStart.Add(time.Duration(steps) * length)
	for range min(steps, panes) {
		s.pane = (s.pane + 1) % panes
		s.paneRows[s.pane] = 0
		if s.unlabelled != nil {
			s.unlabelled[s.pane] = quality.Unlabelled{}
		}
		for _, t := range []*table{&s.inputs, &s.outputs} {
			for _, f := range t.features {
				f.rotate(s.pane)
			}
		}
	}
}

func (f *feature) rotate(pane int) {
	f.panes[pane].clear()
	if q := f.sketches[pane/2]; q != nil && pane%2 == 0 {
		q.Clear()
	}
}
