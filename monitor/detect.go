package monitor

import (
	"github.com/weir-gateway/weir/monitor/sequential"
	"github.com/weir-gateway/weir/monitor/sketch"
)

// Kinds of alarm.
const (
	alarmDistribution = "distribution"
	alarmMissing      = "missing"
	alarmUnseen       = "unseen"
	alarmRange        = "range"
	alarmType         = "type"
	alarmVolume       = "volume"
)

// detectors are the sequential tests of one feature with a reference. Those that
// the reference is too small for are nil, and so are missing and invalid of a derived
// feature that is not its column's first: they would all say the same.
type detectors struct {
	shape   *sequential.Distribution // numeric
	classes *sequential.Categories   // categorical
	groups  []int                    // of each known category; others are in group 0
	names   []string                 // of the groups
	missing *sequential.Rate
	foreign *sequential.Rate // numbers out of range, or unseen categories
	invalid *sequential.Rate // another type, or fractions where there were none
}

// detectors returns how many detectors a feature will have.
func (f *featureReference) detectors() int {
	if f.sample() < minReference {
		return 0
	}
	switch {
	case f.as.derived && !f.as.first:
		return 2
	case f.Categorical != nil && f.Categorical.Rest > 0:
		return 3
	}
	return 4
}

func newDetectors(f *featureReference, threshold float64) *detectors {
	if f.detectors() == 0 {
		return nil
	}
	d := &detectors{}
	if !f.as.derived || f.as.first {
		d.missing = sequential.NewRate(f.Missing, f.rows(), true, threshold)
		d.invalid = sequential.NewRate(f.Invalid, f.rows(), false, threshold)
	}
	if f.Numeric != nil {
		d.shape = sequential.NewDistribution(f.sample(), threshold)
		d.foreign = sequential.NewRate(0, f.Count, false, threshold)
		return d
	}
	if f.Categorical.Rest == 0 { // otherwise an unknown category may be one of the reference's rest
		d.foreign = sequential.NewRate(0, f.Count, false, threshold)
	}
	group, counts := f.groups()
	d.groups, d.names = group, make([]string, len(counts))
	d.names[0] = "(other)"
	for i, g := range group {
		if g > 0 {
			d.names[g] = f.names[i-1]
		}
	}
	d.classes = sequential.NewCategories(counts, threshold)
	return d
}

// group returns the detector's group of a dictionary index.
func (d *detectors) group(i int) int {
	if i == sketch.Rest || i >= len(d.groups) {
		return 0
	}
	return d.groups[i]
}

// evidence returns the strongest detector's log10 statistic.
func (d *detectors) evidence() float64 {
	e := 0.0
	if d.shape != nil {
		e = d.shape.EvidenceLog10()
	}
	if d.classes != nil {
		e = max(e, d.classes.EvidenceLog10())
	}
	for _, r := range []*sequential.Rate{d.missing, d.foreign, d.invalid} {
		if r != nil {
			e = max(e, r.EvidenceLog10())
		}
	}
	return e
}

// stateful lists the detectors by a stable name, for saving and restoring.
func (d *detectors) stateful() map[string]stateful {
	all := map[string]stateful{}
	if d.missing != nil {
		all[alarmMissing], all[alarmType] = d.missing, d.invalid
	}
	if d.shape != nil {
		all[alarmDistribution] = d.shape
	}
	if d.classes != nil {
		all[alarmVolume] = d.classes
	}
	if d.foreign != nil {
		all[alarmRange] = d.foreign
	}
	return all
}

type stateful interface {
	State() sequential.State
	Restore(sequential.State) error
}
