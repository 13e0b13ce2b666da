package api

// Source is how it goes with what registers a model's versions by itself.
type Source struct {
	Kind      string `json:"kind"` // mlflow
	Connected bool   `json:"connected"`
	Error     string `json:"error,omitempty"` // why not
	// Aliases and Skipped are as they were when the source could last be read.
	Aliases map[string]string `json:"aliases,omitempty"` // alias → version
	Skipped []SkippedVersion  `json:"skipped,omitempty"`
	// Registered are the versions that were registered just now; only events have them.
	Registered []string `json:"registered,omitempty"`
}

// SkippedVersion is a version that the source has and the registry has not, or has otherwise.
type SkippedVersion struct {
	Version string `json:"version"`
	Reason  string `json:"reason"`
}
