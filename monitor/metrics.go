package monitor

import "maps"

// Metrics is a snapshot for a metrics collector: bounded by Options, without
// slices, sorted by version.
type Metrics struct {
	Dropped  map[string]uint64
	Memory   Memory
	Cost     CostMetrics
	Versions []VersionMetrics
}

// VersionMetrics are the monitored numbers of one version.
type VersionMetrics struct {
	Version      string
	Observations uint64
	Features     []FeatureMetrics
	Classes      map[string]uint64 // predictions by class of the first output that has classes; nil: none has
	Alarms       map[string]uint64 // by kind, only those that rang
	Shadow       *Comparison       // nil: never a shadow
	Fairness     []FairnessGap
}

// FeatureMetrics are the monitored numbers of one input or output.
type FeatureMetrics struct {
	Name          string
	Output        bool
	MissingRatio  float64 // of the window
	Scores        []Score
	EvidenceLog10 float64
}

// Metrics returns a snapshot for a collector.
func (m *Monitor) Metrics() Metrics {
	m.mu.Lock()
	defer m.mu.Unlock()
	out := Metrics{Dropped: m.drops.snapshot(), Memory: m.memory(), Cost: m.cost()}
	now := m.o.Now()
	for _, name := range m.names() {
		v := m.versions[name]
		v.whole.rotate(now)
		out.Versions = append(out.Versions, v.metrics())
	}
	return out
}

func (v *version) metrics() VersionMetrics {
	s := v.whole
	out := VersionMetrics{Version: v.name, Observations: s.observations, Alarms: maps.Clone(s.alarms)}
	out.Fairness = v.gaps()
	v.sliceAlarms(out.Alarms)
	out.Shadow = v.comparison.summary()
	for _, t := range []*table{&s.inputs, &s.outputs} {
		for _, f := range t.features {
			fm := FeatureMetrics{
				Name: f.name, Output: f.role == roleOutput,
				MissingRatio: f.missingRatio(), Scores: f.scores(v.ref),
			}
			if f.detect != nil {
				fm.EvidenceLog10 = f.detect.evidence()
			}
			if fm.Output && out.Classes == nil && f.count > 0 {
				out.Classes = f.classes.byName()
			}
			out.Features = append(out.Features, fm)
		}
	}
	return out
}
