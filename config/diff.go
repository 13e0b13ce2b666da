package config

// Change is one difference between two configurations.
type Change struct {
	Path    string `json:"path"`    // such as models.flights.timeout
	Old     string `json:"old"`     // empty: it was not there
	New     string `json:"new"`     // empty: it is gone
	Restart bool   `json:"restart"` // a running gateway takes it only after a restart
}

// Diff lists what changes from old to new, in the order of the documentation.
func Diff(old, new *Config) []Change { return nil }
