package monitor

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/weir-gateway/weir/monitor/sketch"
)

// Profile returns the live window of a version as a reference. ErrUnknown: the
// version, or its window, has no observations.
func (m *Monitor) Profile(version string) (*Profile, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v := m.versions[version]
	if v == nil {
		return nil, fmt.Errorf("%w of version %q of model %s", ErrUnknown, version, m.o.Model)
	}
	p := v.profile(m.o.Now())
	if p.Rows == 0 || len(p.Features) == 0 {
		return nil, fmt.Errorf("%w in the last %v of version %s of model %s", ErrUnknown, m.o.Window, version, m.o.Model)
	}
	return p, nil
}

// profile describes the feature's window; false when it has no value.
func (f *feature) profile(rows uint64) (ProfileFeature, bool) {
	out := ProfileFeature{Name: f.name, Role: f.role, Kind: f.kind}
	for i := range f.panes {
		out.Count += f.panes[i].count
		out.Missing += f.panes[i].missing
	}
	if out.Count+out.Missing < rows {
		out.Invalid = rows - out.Count - out.Missing
	}
	if out.Count == 0 {
		return out, false
	}
	// An output of few whole numbers is a class, as it is for BuildProfile.
	if f.kind == kindNumeric && f.classes.byName() != nil {
		if c := f.classes.profile(); c != nil {
			out.Kind, out.Categorical = kindCategorical, c
			out.Count, out.Invalid = c.total(), 0
			return out, true
		}
	}
	if f.kind == kindCategorical {
		out.Categorical = categoricalProfile(f.dict, f.bins())
		return out, true
	}
	q := f.window()
	if q.Count() == 0 { // the sketches cover less than the panes
		return out, false
	}
	n := &NumericProfile{Integer: q.Whole() && (!f.as.derived || f.as.whole), Sample: q.Count()}
	n.Min, n.Max, _ = q.Range()
	mean, deviation := f.moments()
	if mean == nil || deviation == nil {
		return out, false
	}
	n.Mean, n.StdDev = *mean, *deviation
	n.Points, n.At, n.Between = q.Distribution()
	out.Numeric = n
	return out, true
}

// profile describes classes since the start: the window does not keep them apart.
func (c *classes) profile() *CategoricalProfile {
	if c.dict.Len() > maxClasses/2 {
		return nil
	}
	return categoricalProfile(c.dict, c.counts)
}

func (c *CategoricalProfile) total() uint64 {
	n := c.Rest
	for _, category := range c.Categories {
		n += category.Count
	}
	return n
}

// categoricalProfile lists the categories of the counts, most frequent first.
func categoricalProfile(dict *sketch.Dictionary, counts []uint64) *CategoricalProfile {
	out := &CategoricalProfile{Categories: []CategoryCount{}, Rest: counts[sketch.Rest]}
	for i := 1; i < min(dict.Len(), len(counts)); i++ {
		if counts[i] > 0 {
			out.Categories = append(out.Categories, CategoryCount{Value: dict.Name(i), Count: counts[i]})
		}
	}
	out.sort()
	return out
}

// sort orders the categories and folds those beyond maxProfileCategories.
func (c *CategoricalProfile) sort() {
	slices.SortFunc(c.Categories, func(a, b CategoryCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Value, b.Value))
	})
	for len(c.Categories) > maxProfileCategories {
		last := len(c.Categories) - 1
		c.Rest += c.Categories[last].Count
		c.Categories = c.Categories[:last]
	}
}
