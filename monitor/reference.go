package monitor

import (
	"hash/fnv"
	"time"

	"github.com/weir-gateway/weir/monitor/sequential"
	"github.com/weir-gateway/weir/monitor/sketch"
)

// Kinds of reference.
const (
	referenceProfile = "profile"
	referenceStable  = "stable"
)

// minReference is the number of reference values from which on a feature has
// detectors: below it what is normal is learned from the stream, changed or not.
const minReference = 100

// followRows is the number of observations of the stable version's window from
// which on it serves as a reference.
const followRows = 1000

// reference is a profile made ready for observing. Immutable.
type reference struct {
	kind        string
	profile     *Profile
	fingerprint uint64
	features    []*featureReference
	detectors   int                   // of the whole and of all slices
	slices      map[string]*reference // by name, "origin=JFK"
}

// featureReference is one feature of a reference; one of grid and names is set.
type featureReference struct {
	*ProfileFeature
	as     derivedAs
	grid   *sketch.Grid
	names  []string      // known categories, most frequent first
	known  *sketch.Known // the same, for dictionaries
	counts []uint64      // of the histogram bins; for categories the rest first
}

func newReference(p *Profile, kind string) (*reference, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	data, err := p.Encode()
	if err != nil {
		return nil, err
	}
	h := fnv.New64a()
	h.Write(data)
	r := &reference{kind: kind, profile: p, fingerprint: h.Sum64()}
	if err := r.read(p); err != nil {
		return nil, err
	}
	return r, r.readSlices()
}

// read makes the features of a profile ready.
func (r *reference) read(p *Profile) (err error) {
	derived := map[string]map[string]derivedAs{
		roleInput: derivedNames(p.derivations(roleInput)), roleOutput: derivedNames(p.derivations(roleOutput)),
	}
	for i := range p.Features {
		f := &featureReference{ProfileFeature: &p.Features[i]}
		f.as = derived[f.Role][f.Name]
		if n := f.Numeric; n != nil {
			if f.grid, err = sketch.NewGrid(n.Points, n.At, n.Between); err != nil {
				return err // Validate has checked it; kept for safety
			}
			f.counts = f.grid.Counts()
		} else if c := f.Categorical; c != nil {
			f.counts = append(f.counts, c.Rest)
			for _, category := range c.Categories {
				f.names = append(f.names, category.Value)
				f.counts = append(f.counts, category.Count)
			}
			f.known = sketch.NewKnown(f.names)
		}
		r.features = append(r.features, f)
		r.detectors += f.detectors()
	}
	return nil
}

func (r *reference) same(other *reference) bool {
	if r == nil || other == nil {
		return r == other
	}
	return r.kind == other.kind && r.fingerprint == other.fingerprint
}

// rows returns how many rows the reference's feature was seen in.
func (f *featureReference) rows() uint64 { return f.Count + f.Missing + f.Invalid }

// sample returns how many values the reference's distribution was estimated from.
func (f *featureReference) sample() uint64 {
	if f.Numeric != nil {
		return f.Numeric.Sample
	}
	return f.Count
}

// follow makes the live window of the stable version the reference of another one
// under Options.FollowStable, once there is enough of it.
func (m *Monitor) follow(v *version, now time.Time) {
	if !m.o.FollowStable || m.stable == "" || v.name == m.stable || m.references[v.name] != nil && m.references[v.name].kind == referenceStable {
		return
	}
	s := m.versions[m.stable]
	if s == nil || s.whole.observations < followRows {
		return
	}
	p := s.profile(now)
	p.Source = "live window of version " + m.stable
	if r, err := newReference(p, referenceStable); err == nil {
		m.setReference(v.name, r)
	}
}

// guarantee is the promise under which a version's detectors ring.
func (r *reference) guarantee(every float64) Guarantee {
	return Guarantee{
		MeanObservations: every, Detectors: r.detectors,
		ThresholdLog10: log10(every * float64(max(r.detectors, 1))), ReferenceRows: r.profile.Rows,
	}
}

// groups assigns the categories to the groups of one detector: the most frequent
// ones alone, everything else together in group 0.
func (f *featureReference) groups() (group []int, counts []uint64) {
	group, counts = make([]int, len(f.counts)), make([]uint64, 1, sequential.MaxGroups)
	for i, n := range f.counts {
		if i == sketch.Rest || i >= sequential.MaxGroups {
			counts[0] += n
			continue
		}
		group[i] = len(counts)
		counts = append(counts, n)
	}
	return group, counts
}
