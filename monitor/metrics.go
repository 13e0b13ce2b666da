package monitor

// Metrics is a snapshot for a metrics collector: bounded by Options, without
// slices, sorted by version and feature.
type Metrics struct {
	Dropped  map[string]uint64
	Versions []VersionMetrics
}

// VersionMetrics are the monitored numbers of one version.
type VersionMetrics struct {
	Version      string
	Observations uint64
	Features     []FeatureMetrics
	Classes      map[string]uint64 // predictions by class, bounded; the rest is (other)
	Alarms       map[string]uint64 // by kind
	Shadow       *Comparison       // nil: never a shadow
}

// FeatureMetrics are the monitored numbers of one input or output.
type FeatureMetrics struct {
	Name          string
	Output        bool
	MissingRatio  float64 // of the window
	Scores        []Score
	EvidenceLog10 float64
}
