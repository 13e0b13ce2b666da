package monitor

import (
	"fmt"
	"slices"
	"time"

	"github.com/weir-gateway/weir/monitor/drift"
	"github.com/weir-gateway/weir/monitor/report"
)

const (
	// driftedJS is the Jensen-Shannon distance from which on Evidently calls a column
	// drifted.
	driftedJS = 0.1
	// shownReportCategories is how many categories a side of a report lists.
	shownReportCategories = 20
)

// Report compares the window of a version, or of one of its slices, with the
// reference. ErrUnknown: nothing was observed there.
func (m *Monitor) Report(version, slice string) (*LiveReport, error) {
	s, err := m.Summary(version, slice)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	v := m.versions[version]
	if v == nil || v.find(slice) == nil { // evicted in between
		return nil, fmt.Errorf("%w of version %q of model %s", ErrUnknown, version, m.o.Model)
	}
	now := m.o.Now()
	out := &LiveReport{
		Model: s.Model, Version: s.Version, Slice: s.Slice, Generated: now.UTC(), Observations: s.Observations, Since: s.Since,
		Window: s.Window, Reference: s.Reference, Features: []FeatureReport{}, Alarms: []Alarm{}, Skew: s.Skew, Shadow: s.Shadow,
		Dropped: s.Dropped, Software: s.Software, Slices: s.Slices,
	}
	if out.Dropped == nil {
		out.Dropped = map[string]uint64{}
	}
	out.compare(v, v.find(slice), s.Features)
	out.predictions(now)
	slices.SortStableFunc(out.Alarms, func(a, b Alarm) int { return b.At.Compare(a.At) })
	return out, nil
}

// compare adds every feature that the summary has.
func (r *LiveReport) compare(v *version, s *state, summaries []FeatureSummary) {
	rows := s.windowRows()
	reference := report.Source{}
	if v.ref != nil {
		reference = report.Source{Name: v.ref.profile.Source, Rows: v.ref.profile.Rows, Columns: len(v.ref.profile.Features)}
	}
	window := time.Duration(r.Window.Seconds * float64(time.Second))
	all := report.New(reference, report.Source{Name: "the last " + window.String(), Rows: rows})
	all.Quality.Current = "the window"
	for _, t := range []*table{&s.inputs, &s.outputs} {
		for _, f := range t.features {
			i := slices.IndexFunc(summaries, func(x FeatureSummary) bool { return x.Name == f.name && x.Role == f.role })
			if i < 0 { // new since the summary
				continue
			}
			x := &summaries[i]
			if compared := f.report(v.ref, x, rows); v.ref == nil || rows == 0 {
				all.Features = append(all.Features, compared) // nothing to judge, and nothing wrong
			} else {
				all.Judge(compared)
			}
			r.Features = append(r.Features, FeatureReport{
				Feature: all.Features[len(all.Features)-1], Role: f.role, EvidenceLog10: x.EvidenceLog10, AlarmsTotal: x.AlarmsTotal,
				Totals: Totals{x.Count, x.Missing, x.Invalid, x.Unseen, x.OutOfRange, x.Fractional},
			})
			if f.ever {
				all.Dataset.Current.Columns++
			}
			r.Alarms = append(r.Alarms, x.Alarms...)
			r.Dataset.Alarms += x.AlarmsTotal
			issues(&all.Quality, x, r.Since)
		}
	}
	r.Dataset.Dataset, r.Quality = all.Dataset, all.Quality
}

// issues adds what is only counted since the start.
func issues(q *report.Quality, x *FeatureSummary, since time.Time) {
	add := func(kind string, n uint64, what string) {
		if n > 0 {
			q.Issues = append(q.Issues, report.Issue{
				Feature: x.Name, Kind: kind, Detail: fmt.Sprintf("%d values since %s %s", n, since.UTC().Format(time.RFC3339), what),
			})
		}
	}
	add("out_of_range", x.OutOfRange, "lie outside of the reference's range")
	add("unseen", x.Unseen, "are in no category of the reference")
	add("fractional", x.Fractional, "have fractions, and the reference has whole numbers only")
}

// report compares a feature's window with its reference.
func (f *feature) report(ref *reference, x *FeatureSummary, rows uint64) report.Feature {
	out := report.Feature{Name: f.name, Kind: f.kind, Scores: []drift.Score{}}
	if f.ref != nil {
		out.Reference = side(f.ref.ProfileFeature)
	}
	if f.ever {
		now, _ := f.profile(rows) // without a value it says how many are missing
		now.Invalid = min(now.Invalid, f.invalid)
		out.Kind, out.Current = now.Kind, side(&now)
	}
	if ref == nil {
		return out
	}
	for _, s := range x.Scores {
		score := drift.Score{Method: s.Method, Value: s.Value, NullExpected: s.NullExpected}
		if s.Method == "js" {
			score.Default = true
			if s.NullExpected <= driftedJS/2 {
				drifted := s.Value >= driftedJS
				score.Drifted = &drifted
			} else {
				score.Note = "too few values in the window: without drift about as much is to be expected"
			}
		}
		out.Scores = append(out.Scores, score)
	}
	if a, b := out.Reference, out.Current; a != nil && b != nil && len(out.Scores) > 0 {
		if s, ok := drift.Share("missing", a.Missing, a.Count+a.Missing+a.Invalid, b.Missing, b.Count+b.Missing+b.Invalid); ok {
			out.Scores = append(out.Scores, s)
		}
	}
	return out
}

// predictions sums up the outputs.
func (r *LiveReport) predictions(now time.Time) {
	p := &r.Dataset.Predictions
	for i := range r.Features {
		f := &r.Features[i]
		if f.Role != roleOutput {
			continue
		}
		p.Alarms += f.AlarmsTotal
		if f.Current != nil {
			p.Rows = max(p.Rows, f.Current.Count)
		}
		if f.Drifted != nil {
			p.Compared++
			if *f.Drifted {
				p.DriftedCount++
			}
		}
	}
	if seconds := min(r.Window.Seconds, now.Sub(r.Since).Seconds()); seconds > 0 {
		p.PerSecond = float64(p.Rows) / seconds
	}
}

// side describes a feature of a profile as the report of a table describes a column.
func side(f *ProfileFeature) *report.Side {
	s := &report.Side{Count: f.Count, Missing: f.Missing, Invalid: f.Invalid}
	if rows := f.Count + f.Missing + f.Invalid; rows > 0 {
		s.MissingShare = float64(f.Missing) / float64(rows)
	}
	if n := f.Numeric; n != nil && f.Count > 0 {
		s.Mean, s.StdDev, s.Min, s.Max = finite(n.Mean), finite(n.StdDev), finite(n.Min), finite(n.Max)
		s.Quantiles = map[string]float64{}
		for _, q := range shownQuantiles() {
			if x, ok := n.quantile(q); ok {
				s.Quantiles[quantileName(q)] = x
			}
		}
		if n.Min == n.Max {
			s.Distinct = 1
		}
	}
	if c := f.Categorical; c != nil {
		if s.Rest = c.Rest; c.Rest == 0 {
			s.Distinct = uint64(len(c.Categories))
		}
		for i, category := range c.Categories {
			if i < shownReportCategories {
				s.Categories = append(s.Categories, report.Category(category))
			} else {
				s.Rest += category.Count
			}
		}
	}
	return s
}

// quantile is the value below which a share of the distribution lies; what lies
// between two points is taken to lie there evenly.
func (n *NumericProfile) quantile(share float64) (float64, bool) {
	total := uint64(0)
	for i := range n.Points {
		total += n.At[i]
		if i < len(n.Between) {
			total += n.Between[i]
		}
	}
	if total == 0 {
		return 0, false
	}
	left := share * float64(total)
	for i, x := range n.Points {
		if left -= float64(n.At[i]); left <= 0 || i == len(n.Between) {
			return x, true
		}
		if b := float64(n.Between[i]); left < b {
			return x + (n.Points[i+1]-x)*(left/b), true
		}
		left -= float64(n.Between[i])
	}
	return n.Points[len(n.Points)-1], true
}
