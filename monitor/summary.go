package monitor

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/weir-gateway/weir/monitor/drift"
	"github.com/weir-gateway/weir/monitor/sketch"
)

// shownCategories is how many categories a summary lists.
const shownCategories = 20

func shownQuantiles() []float64 { return []float64{0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99} }

// Summary returns the numbers of a version, or of one of its slices ("origin=JFK",
// "header:x-tenant=acme"; "" is all). ErrUnknown: nothing was observed there.
func (m *Monitor) Summary(version, slice string) (Summary, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v := m.versions[version]
	if v == nil {
		return Summary{}, fmt.Errorf("%w of version %q of model %s%s", ErrUnknown, version, m.o.Model, m.short(dropMemoryVersions))
	}
	s := v.find(slice)
	if s == nil {
		return Summary{}, fmt.Errorf("%w in slice %q of version %s of model %s%s", ErrUnknown, slice, version, m.o.Model, m.short(dropMemorySlices))
	}
	s.rotate(m.o.Now())
	out := Summary{
		Model: m.o.Model, Version: version, Observations: s.observations, Since: s.since,
		Dropped: m.drops.snapshot(), Memory: m.memory(), Sampling: m.sampling(), Window: Window{Seconds: m.o.Window.Seconds(), Observations: s.windowRows()},
		Features: []FeatureSummary{}, Software: s.softwareSummary(), Slices: v.sliceNames(),
	}
	out.Quality = m.qualityOf(version, slice)
	if slice != "" {
		out.Slice = &slice
	} else {
		out.Shadow = v.comparison.full()
		out.Fairness = v.gaps()
		out.QualityEstimate = v.qualityEstimate()
	}
	ref, scored := v.ref, slice == ""
	if s.own != nil {
		ref, scored = s.own, true
	}
	if ref != nil {
		out.Reference = ref.summary(scored, m.o.FalseAlarmEvery)
		out.Skew = s.skew()
	}
	for _, t := range []*table{&s.inputs, &s.outputs} {
		for _, f := range t.features {
			out.Features = append(out.Features, f.summary(ref, scored))
		}
	}
	return out, nil
}

func (r *reference) summary(detect bool, every float64) *Reference {
	out := &Reference{Kind: r.kind, Source: r.profile.Source, Rows: r.profile.Rows}
	if detect && r.detectors > 0 {
		g := r.guarantee(every)
		out.Guarantee = &g
	}
	return out
}

func (s *state) windowRows() (n uint64) {
	for _, rows := range s.paneRows {
		n += rows
	}
	return n
}

func (s *state) softwareSummary() Software {
	out := Software{Requests: s.requests, Errors: s.errors, Latency: map[string]float64{}}
	var counts sketch.LatencyCounts
	s.latency.Snapshot(&counts)
	if counts.Total == 0 {
		return out
	}
	for _, q := range []float64{0.5, 0.9, 0.95, 0.99, 0.999} {
		out.Latency[quantileName(q)] = counts.Quantile(q).Seconds()
	}
	return out
}

func quantileName(q float64) string { return strconv.FormatFloat(q, 'g', -1, 64) }

// skew compares the reference's schema with what came; nil when they are alike.
func (s *state) skew() *Skew {
	var k Skew
	for _, t := range []*table{&s.inputs, &s.outputs} {
		for _, f := range t.features {
			switch {
			case f.ref != nil && !f.ever && s.observations > 0:
				k.Absent = append(k.Absent, f.name)
			case f.ref == nil:
				k.Unexpected = append(k.Unexpected, f.name)
			}
		}
	}
	if k.Findings = s.skewFindings(&k); len(k.Findings) == 0 {
		return nil
	}
	return &k
}

func (f *feature) summary(r *reference, scored bool) FeatureSummary {
	out := FeatureSummary{
		Name: f.name, Role: f.role, Kind: f.kind, Count: f.count, Missing: f.missing, Invalid: f.invalid,
		Unseen: f.unseen, OutOfRange: f.outOfRange, Fractional: f.fractional, Unexpected: r != nil && f.ref == nil,
		Quantiles: map[string]float64{}, Classes: f.classes.byName(), Scores: []Score{}, Alarms: []Alarm{},
		AlarmsTotal: f.alarmsTotal,
	}
	switch f.kind {
	case kindNumeric:
		out.Mean, out.StdDev = f.moments()
		q := f.window()
		for _, p := range shownQuantiles() {
			if v, ok := q.Quantile(p); ok {
				out.Quantiles[quantileName(p)] = v
			}
		}
	case kindCategorical:
		out.Categories, out.CategoriesRest = f.topCategories()
	}
	if scored {
		out.Scores = f.scores(r)
		out.Alarms = append(out.Alarms, f.alarms...)
	}
	if f.detect != nil {
		out.EvidenceLog10 = f.detect.evidence()
	}
	return out
}

// moments returns mean and standard deviation of the window, nil where there are none.
func (f *feature) moments() (mean, deviation *float64) {
	var all pane
	for i := range f.panes {
		all.merge(&f.panes[i])
	}
	if all.count == 0 {
		return nil, nil
	}
	return finite(all.mean), finite(math.Sqrt(all.m2 / float64(all.count)))
}

// window returns the quantiles of the sliding window.
func (f *feature) window() *sketch.Quantiles {
	var all *sketch.Quantiles
	for _, q := range f.sketches {
		if q == nil {
			continue
		}
		if all == nil {
			all = q.New()
		}
		all.Merge(q)
	}
	if all == nil {
		return sketch.NewQuantiles()
	}
	return all
}

// bins returns the window's histogram.
func (f *feature) bins() []uint64 {
	n := 0
	switch {
	case f.dict != nil:
		n = f.dict.Len()
	case f.ref != nil && f.ref.grid != nil:
		n = f.ref.grid.Bins()
	}
	out := make([]uint64, n)
	for i := range f.panes {
		f.panes[i].addBins(out)
	}
	return out
}

func (f *feature) topCategories() (top map[string]uint64, rest uint64) {
	type entry struct {
		i int
		n uint64
	}
	var entries []entry
	top = map[string]uint64{}
	for i, n := range f.bins() {
		switch {
		case i == sketch.Rest:
			rest += n
		case n > 0:
			entries = append(entries, entry{i, n})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return cmp.Or(cmp.Compare(b.n, a.n), cmp.Compare(a.i, b.i)) })
	for k, e := range entries {
		if k < shownCategories {
			top[f.dict.Name(e.i)] = e.n
		} else {
			rest += e.n
		}
	}
	return top, rest
}

// scores compares the window with the reference; empty while the window is.
func (f *feature) scores(r *reference) []Score {
	out := []Score{}
	if f.ref == nil || r == nil {
		return out
	}
	current := f.bins()
	if f.kind == kindCategorical {
		current = f.fold(current)
	}
	var n, m uint64
	for i := range current {
		n, m = n+f.ref.counts[i], m+current[i]
	}
	if n == 0 || m == 0 {
		return out
	}
	used := 0 // a bin that is empty on both sides has no share in the expectation
	for i := range current {
		if f.ref.counts[i]+current[i] > 0 {
			used++
		}
	}
	return append(out,
		Score{Method: "psi", Value: drift.PSI(f.ref.counts, current), NullExpected: drift.NullPSI(used, n, m), Reference: r.kind, Rows: m},
		Score{Method: "js", Value: drift.JS(f.ref.counts, current), NullExpected: drift.NullJS(used, n, m), Reference: r.kind, Rows: m})
}

// fold counts categories that the reference does not have with the rest.
func (f *feature) fold(counts []uint64) []uint64 {
	out := slices.Clone(counts[:len(f.ref.counts)])
	for _, n := range counts[len(f.ref.counts):] {
		out[sketch.Rest] += n
	}
	return out
}

// missingRatio is of the window; 0 when it is empty.
func (f *feature) missingRatio() float64 {
	var missing, all uint64
	for i := range f.panes {
		missing += f.panes[i].missing
		all += f.panes[i].count + f.panes[i].missing
	}
	if all == 0 {
		return 0
	}
	return float64(missing) / float64(all)
}

func finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

func log10(x float64) float64 { return math.Log10(max(x, 1)) }

// profile returns the version's window as a reference.
func (v *version) profile(now time.Time) *Profile {
	s := v.whole
	s.rotate(now)
	p := &Profile{Format: profileFormat, Source: "live window of version " + v.name, Created: now.UTC(), Rows: s.windowRows()}
	for _, t := range []*table{&s.inputs, &s.outputs} {
		for _, f := range t.features {
			if pf, ok := f.profile(s.windowRows()); ok {
				p.Features = append(p.Features, pf)
			}
		}
	}
	for _, c := range slices.Concat(v.in.of, v.out.of) {
		if f := s.table(c.Role).index[c.names[0]]; f != nil && f.ever {
			p.Derived = append(p.Derived, c.Derivation)
		}
	}
	return p
}
