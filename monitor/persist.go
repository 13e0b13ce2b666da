package monitor

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/weir-gateway/weir/monitor/sequential"
)

// ErrState says that a saved state, or a part of it, could not be brought back.
var ErrState = errors.New("monitor: state")

const stateFormat = 1

type savedMonitor struct {
	Format   int            `json:"weir_monitor_state"`
	Model    string         `json:"model"`
	Versions []savedVersion `json:"versions"`
}

type savedVersion struct {
	Version      string            `json:"version"`
	Reference    uint64            `json:"reference,string"` // fingerprint; 0: none
	Since        time.Time         `json:"since"`
	Observations uint64            `json:"observations"`
	Requests     uint64            `json:"requests"`
	Errors       uint64            `json:"errors"`
	Alarms       map[string]uint64 `json:"alarms"`
	Comparison   *savedComparison  `json:"comparison,omitempty"`
	Features     []savedFeature    `json:"features"`
}

type savedFeature struct {
	Name        string                      `json:"name"`
	Role        string                      `json:"role"`
	Counts      [6]uint64                   `json:"counts"` // count, missing, invalid, unseen, out of range, fractional
	Alarms      []Alarm                     `json:"alarms,omitempty"`
	AlarmsTotal uint64                      `json:"alarms_total,omitempty"`
	Detectors   map[string]sequential.State `json:"detectors,omitempty"`
}

// State returns what a restart must not lose as JSON: the detectors' evidence, the
// alarms and the counters of every version with a profile. Windows and slices start
// anew.
func (m *Monitor) State() ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := savedMonitor{Format: stateFormat, Model: m.o.Model}
	for _, name := range m.names() {
		if v := m.versions[name]; v.ref != nil {
			out.Versions = append(out.Versions, v.save())
		}
	}
	b, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("%w: encode: %w", ErrState, err)
	}
	return b, nil
}

func (v *version) save() savedVersion {
	s := v.whole
	out := savedVersion{
		Version: v.name, Reference: v.ref.fingerprint, Since: s.since, Observations: s.observations,
		Requests: s.requests, Errors: s.errors, Alarms: s.alarms, Comparison: v.comparison.save(),
	}
	for _, t := range []*table{&s.inputs, &s.outputs} {
		for _, f := range t.features {
			if f.ref == nil {
				continue
			}
			sf := savedFeature{
				Name: f.name, Role: f.role, Alarms: f.alarms, AlarmsTotal: f.alarmsTotal,
				Counts: [6]uint64{f.count, f.missing, f.invalid, f.unseen, f.outOfRange, f.fractional},
			}
			if f.detect != nil {
				sf.Detectors = map[string]sequential.State{}
				for kind, d := range f.detect.stateful() {
					sf.Detectors[kind] = d.State()
				}
			}
			out.Features = append(out.Features, sf)
		}
	}
	return out
}

// Restore brings back what State returned; call it after SetProfile and before the
// first Offer. Versions whose reference is not the one of the state start anew;
// they are named in the error, which says nothing of the others.
func (m *Monitor) Restore(state []byte) error {
	var in savedMonitor
	if err := json.Unmarshal(state, &in); err != nil {
		return fmt.Errorf("%w: decode: %w: remove it to start anew", ErrState, err)
	}
	if in.Format != stateFormat || in.Model != m.o.Model {
		return fmt.Errorf("%w: of format %d and model %q, not %d and %q: remove it to start anew",
			ErrState, in.Format, in.Model, stateFormat, m.o.Model)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var problems []error
	now := m.o.Now()
	for _, sv := range in.Versions {
		if r := m.references[sv.Version]; r == nil || r.fingerprint != sv.Reference {
			problems = append(problems, fmt.Errorf("%w: version %s has another profile now and starts anew", ErrState, sv.Version))
			continue
		}
		v := m.version(sv.Version, now)
		if v == nil {
			problems = append(problems, fmt.Errorf("%w: no room for version %s", ErrState, sv.Version))
			continue
		}
		problems = append(problems, v.restore(sv))
	}
	return errors.Join(problems...)
}

func (v *version) restore(sv savedVersion) error {
	s := v.whole
	s.since, s.observations, s.requests, s.errors = sv.Since, sv.Observations, sv.Requests, sv.Errors
	maps.Copy(s.alarms, sv.Alarms)
	v.comparison = v.m.o.restored(sv.Comparison)
	var problems []error
	for _, sf := range sv.Features {
		f := s.table(sf.Role).index[sf.Name]
		if f == nil {
			continue
		}
		c := sf.Counts
		f.count, f.missing, f.invalid, f.unseen, f.outOfRange, f.fractional = c[0], c[1], c[2], c[3], c[4], c[5]
		f.ever = f.count+f.invalid > 0
		f.alarms, f.alarmsTotal = nil, sf.AlarmsTotal
		for _, a := range sf.Alarms {
			f.keep(a, s)
		}
		if f.detect == nil {
			continue
		}
		for kind, d := range f.detect.stateful() {
			saved, ok := sf.Detectors[kind]
			if !ok {
				continue
			}
			if err := d.Restore(saved); err != nil {
				problems = append(problems, fmt.Errorf("version %s: feature %s: %s: %w", v.name, sf.Name, kind, err))
			}
		}
	}
	return errors.Join(problems...)
}
