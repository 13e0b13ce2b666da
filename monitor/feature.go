package monitor

import (
	"math"

	"github.com/weir-gateway/weir/monitor/sequential"
	"github.com/weir-gateway/weir/monitor/sketch"
	"github.com/weir-gateway/weir/protocol"
)

// Roles and kinds of a feature.
const (
	roleInput       = "input"
	roleOutput      = "output"
	kindNumeric     = "numeric"
	kindCategorical = "categorical"
	kindUnknown     = "unknown"
)

// keptAlarms is how many alarms of a feature are kept to be shown.
const keptAlarms = 16

// feature is the state of one input or output of a (version, slice).
type feature struct {
	name, role, kind string
	as               derivedAs
	ref              *featureReference // nil: unexpected, or no reference at all
	seen             uint64            // pass.seq of the last exchange that had it
	ever             bool

	count, missing, invalid, unseen, outOfRange, fractional uint64

	panes    [panes]pane
	sketches [panes / 2]*sketch.Quantiles // numeric
	dict     *sketch.Dictionary           // categorical
	classes  *classes                     // outputs
	detect   *detectors

	alarms      []Alarm
	alarmsTotal uint64
}

// pane is one part of the sliding window.
type pane struct {
	count, missing uint64
	mean, m2       float64
	bins           []uint32 // numeric: histogram bins of the reference; categorical: by dictionary index
}

func (p *pane) clear() {
	clear(p.bins)
	*p = pane{bins: p.bins}
}

// momentLimit bounds what enters mean and variance, so that their squares stay finite.
const momentLimit = 1e150

func (p *pane) moments(x float64) {
	x = min(max(x, -momentLimit), momentLimit)
	d := x - p.mean
	p.mean += d / float64(p.count)
	p.m2 += d * (x - p.mean)
}

// merge adds the counts and moments of o; its bins have their own sum, addBins,
// which is wider.
//
// T. Chan, G. Golub, R. LeVeque: Updating formulae for computing sample variances, 1979
func (p *pane) merge(o *pane) {
	p.missing += o.missing
	if o.count == 0 {
		return
	}
	n, k, d := float64(p.count), float64(o.count), o.mean-p.mean
	p.m2 += o.m2 + d*d*n*k/(n+k)
	p.mean += d * k / (n + k)
	p.count += o.count
}

// addBins adds the bins to a histogram of at least as many.
func (p *pane) addBins(to []uint64) {
	for i, n := range p.bins {
		to[i] += uint64(n)
	}
}

func newFeature(name, role string, as derivedAs, ref *featureReference, limits *Options, detect *detectors) *feature {
	f := &feature{name: name, role: role, kind: kindUnknown, as: as, ref: ref, detect: detect}
	switch {
	case ref != nil:
		f.become(ref.Kind, limits)
	case as.derived:
		f.become(kindNumeric, limits)
	}
	return f
}

// become fixes the feature's kind. What holds values is made when they come: most
// panes and sketches are of slices, of which many see little.
func (f *feature) become(kind string, limits *Options) {
	f.kind = kind
	if kind == kindCategorical {
		if f.ref != nil {
			f.dict = f.ref.known.Dictionary(limits.MaxCategories)
		} else {
			f.dict = sketch.NewDictionary(nil, limits.MaxCategories)
		}
	}
	if f.role == roleOutput && !f.as.derived && (kind == kindCategorical || f.ref == nil) {
		f.classes = newClasses(f.dict)
	}
}

// learn makes the first value's kind the feature's own. Without memory for it, it
// counts and returns false.
func (f *feature) learn(c *protocol.Cell, s *state) bool {
	kind := kindNumeric
	switch c.Kind {
	case protocol.Text:
		kind = kindCategorical
	case protocol.Number:
	default:
		return true // neither: what it is comes later
	}
	if !s.account.take(kindNeed(f.role, kind, s.part)) {
		s.drops.add(dropMemoryFeatures, 1)
		return false
	}
	f.become(kind, s.limits)
	return true
}

// hit counts a value in a bin. Bins are made with the first value, and more of them
// with the first one of a new category; of is how many there are by now.
func (p *pane) hit(bin, of int) {
	if bin >= len(p.bins) {
		p.bins = append(p.bins, make([]uint32, of-len(p.bins))...)
	}
	if n := &p.bins[bin]; *n < math.MaxUint32 {
		*n++
	}
}

// sketch returns the sketch of a pane, of a slice a coarse one.
func (f *feature) sketch(pane int, s *state) *sketch.Quantiles {
	q := &f.sketches[pane/2]
	if *q == nil {
		*q = s.newQuantiles()
	}
	return *q
}

// observe takes one cell.
//
// Fast path: no allocation once the feature's categories are known
// (BenchmarkObserve, TestObservingDoesNotAllocate).
func (f *feature) observe(c *protocol.Cell, s *state, p *pass) {
	switch {
	case c.Kind == protocol.Missing:
		f.absent(s, p)
		return
	case f.kind == kindUnknown && !f.learn(c, s):
		return
	}
	fits := c.Kind == protocol.Number || c.Kind == protocol.Text && f.kind == kindCategorical
	if f.detect != nil {
		f.rate(f.detect.missing, false, alarmMissing, s, p)
	}
	if !fits {
		f.invalid++
		f.typed(true, s, p)
		return
	}
	f.count++
	f.panes[s.pane].count++
	if f.kind == kindNumeric {
		f.number(c.Number, s, p)
	} else {
		f.typed(false, s, p)
		f.category(f.indexOf(p.label(c), s), s, p)
	}
}

// absent counts a missing value.
func (f *feature) absent(s *state, p *pass) {
	f.missing++
	f.panes[s.pane].missing++
	if f.detect != nil {
		f.rate(f.detect.missing, true, alarmMissing, s, p)
	}
}

func (f *feature) number(x float64, s *state, p *pass) {
	pane := &f.panes[s.pane]
	pane.moments(x)
	f.sketch(s.pane, s).Add(x)
	if f.classes != nil {
		f.classes.number(x, p)
	}
	if f.ref == nil {
		return
	}
	n := f.ref.Numeric
	cell := f.ref.grid.Cell(x)
	pane.hit(f.ref.grid.Bin(cell), f.ref.grid.Bins())
	outside := x < n.Min || x > n.Max
	if outside {
		f.outOfRange++
	}
	fraction := n.Integer && x != math.Trunc(x)
	if fraction {
		f.fractional++
	}
	if f.detect == nil {
		return
	}
	f.typed(fraction, s, p)
	f.rate(f.detect.foreign, outside, alarmRange, s, p)
	if found, ring := f.detect.shape.Update(f.ref.grid.Rank(cell, p.uniform())); ring {
		f.ring(alarmDistribution, "", found, s, p)
	}
}

func (f *feature) category(i int, s *state, p *pass) {
	f.panes[s.pane].hit(i, f.dict.Len())
	if f.classes != nil {
		f.classes.hit(i)
	}
	if f.ref == nil {
		return
	}
	foreign := !f.dict.Known(i) && f.ref.Categorical.Rest == 0
	if foreign {
		f.unseen++
	}
	if f.detect == nil {
		return
	}
	if f.detect.foreign != nil {
		f.rate(f.detect.foreign, foreign, alarmUnseen, s, p)
	}
	if found, ring := f.detect.classes.Update(f.detect.group(i)); ring {
		kind := alarmDistribution
		if f.role == roleOutput {
			kind = alarmVolume
		}
		f.ring(kind, f.detect.names[found.Group], found, s, p)
	}
}

func (f *feature) typed(wrong bool, s *state, p *pass) {
	if f.detect != nil {
		f.rate(f.detect.invalid, wrong, alarmType, s, p)
	}
}

func (f *feature) rate(r *sequential.Rate, hit bool, kind string, s *state, p *pass) {
	if r == nil {
		return
	}
	if found, ring := r.Update(hit); ring {
		f.ring(kind, "", found, s, p)
	}
}

// ring makes an alarm of a finding: Slow path.
func (f *feature) ring(kind, category string, found *sequential.Finding, s *state, p *pass) {
	// a detector sees a part of the observations only, e.g. those with a value
	ago := float64(found.Began)
	if kind != alarmMissing && kind != alarmType && f.count > 0 {
		ago *= float64(f.count+f.missing+f.invalid) / float64(f.count)
	}
	a := Alarm{
		Model: s.model, Version: s.version, Slice: s.slice, Feature: f.name, Role: f.role, Kind: kind, Category: category,
		At: p.at, Observation: p.observation, BeganAbout: 1, Direction: found.Direction,
		Size:          Size{Value: found.Size, Low: found.Low, High: found.High},
		EvidenceLog10: found.EvidenceLog10, Guarantee: s.guarantee,
	}
	if n := uint64(ago); n < p.observation {
		a.BeganAbout = p.observation - n + 1
	}
	f.keep(a, s)
	f.alarmsTotal++
	s.alarms[kind]++
	p.alarms = append(p.alarms, a)
}
