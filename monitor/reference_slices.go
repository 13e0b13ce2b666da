package monitor

import "time"

// readSlices makes the references of the slices. All detectors of a version, of
// the whole and of slices, share one budget: the threshold of each is γ times
// their number, whether the field is watched or not. A slice's detector sees some
// of the observations only and rings the later for it.
func (r *reference) readSlices() error {
	if len(r.profile.Slices) == 0 {
		return nil
	}
	r.slices = make(map[string]*reference, len(r.profile.Slices))
	for i := range r.profile.Slices {
		s := &r.profile.Slices[i]
		one := &reference{kind: r.kind, profile: s.profile(r.profile), fingerprint: r.fingerprint}
		if err := one.read(one.profile); err != nil {
			return err
		}
		r.slices[s.Field+"="+s.Value] = one
		r.detectors += one.detectors
	}
	for _, one := range r.slices {
		one.detectors = r.detectors // what its thresholds and its promise are by
	}
	return nil
}

// slice is the reference of a slice by its name; nil: it has none of its own.
func (r *reference) slice(name string) *reference {
	if r == nil {
		return nil
	}
	return r.slices[name]
}

// sliceValues are the values of a field with references, at most so many: they have
// room whatever comes before them.
func (r *reference) sliceValues(field string, most int) (values []string) {
	if r == nil {
		return nil
	}
	for i := range r.profile.Slices {
		if s := &r.profile.Slices[i]; s.Field == field && len(values) < most {
			values = append(values, s.Value)
		}
	}
	return values
}

// newSliceState makes the state of a slice: with detectors where the profile has
// a reference of the slice's own, else with the bins of the whole's and no more.
func newSliceState(v *version, name string, now time.Time) *state {
	if own := v.ref.slice(name); own != nil {
		s := newState(v, own, true, now)
		s.slice, s.own = name, own
		return s
	}
	return newState(v, v.ref, false, now)
}

// sliceAlarms adds the alarms of slices by kind.
func (v *version) sliceAlarms(into map[string]uint64) {
	for i := range v.slices {
		for _, s := range v.slices[i].states {
			if s != nil {
				for kind, n := range s.alarms {
					into[kind] += n
				}
			}
		}
	}
}
