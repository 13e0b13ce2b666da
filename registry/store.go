package registry

import "context"

// Model is all that is known about one model.
type Model struct {
	Name     string    `json:"name"`
	Versions []Version `json:"versions"`          // by time of registration
	Traffic  *Traffic  `json:"traffic,omitempty"` // nil: none yet, the model answers 503
}

// Snapshot is the state of a whole store. It belongs to whoever got it.
type Snapshot struct {
	Models map[string]Model
	// Problems are documents that could not be taken over, usually of type
	// [*Problem]; their models keep the last good content.
	Problems []error
	// Lost is why the store can't be read now; Models is then what it had when
	// it last could be. nil: it could be read.
	Lost error
}

// Store keeps models. All methods may be called concurrently. A context that
// has ended makes a method return its error without an effect; one that ends
// during a write leaves the write either whole or undone.
type Store interface {
	// Register adds a version. Registering the same content again returns the
	// stored version with its first time and author; other content under the
	// same name is ErrConflict. A profile must have been put before. It never
	// changes traffic.
	Register(ctx context.Context, version Version) (Version, error)
	// Commit makes next the traffic of its model if the current generation is
	// expect (0: there is none yet), else returns ErrStale. The store sets
	// Generation to expect+1, Time to now, and Standby where it is nil, and
	// returns the traffic as stored, once it is durable.
	Commit(ctx context.Context, next Traffic, expect uint64) (Traffic, error)
	// History returns the generations of a model, newest first, at most limit
	// of them; 0 or less: all. A model without traffic has an empty history;
	// an unknown model is ErrNotFound.
	History(ctx context.Context, model string, limit int) ([]Traffic, error)
	// Snapshot returns the current state. A document that cannot be read is a
	// problem in it, not an error.
	Snapshot(ctx context.Context) (Snapshot, error)
	// Watch delivers the current state at once and again after changes, one
	// call at a time, in the caller's goroutine. Changes that come while
	// deliver runs are delivered together: it gets states, not events. Watch
	// blocks until ctx ends and returns its error, or ErrClosed.
	Watch(ctx context.Context, deliver func(Snapshot)) error
	// PutProfile stores a reference profile under the digest of its content,
	// "sha256:…". Putting it again is harmless.
	PutProfile(ctx context.Context, data []byte) (digest string, err error)
	// Profile returns what was put under the digest, or ErrNotFound.
	Profile(ctx context.Context, digest string) ([]byte, error)
	// PutRollout keeps a JSON document for the rollout controller, one a
	// model; the last one wins. An empty document removes it. The store may
	// change its white space.
	PutRollout(ctx context.Context, model string, doc []byte) error
	// Rollout returns that document, or ErrNotFound.
	Rollout(ctx context.Context, model string) ([]byte, error)
	// Close ends every watch and releases what the store holds.
	Close() error
}

// Lookup finds a version by name.
func (m Model) Lookup(version string) (Version, bool) {
	for _, v := range m.Versions {
		if v.Version == version {
			return v, true
		}
	}
	return Version{}, false
}

// Index is the versions by name, as [Traffic.Validate] wants them.
func (m Model) Index() map[string]Version {
	index := make(map[string]Version, len(m.Versions))
	for _, v := range m.Versions {
		index[v.Version] = v
	}
	return index
}

// Clone is a copy that shares nothing that can be changed.
func (m Model) Clone() Model {
	versions := make([]Version, len(m.Versions))
	for i, v := range m.Versions {
		versions[i] = v.Clone()
	}
	m.Versions = versions
	if m.Traffic != nil {
		traffic := m.Traffic.Clone()
		m.Traffic = &traffic
	}
	return m
}
