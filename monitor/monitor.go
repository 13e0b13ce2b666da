package monitor

import "errors"

// ErrUnknown says that the version or the slice has no observations.
var ErrUnknown = errors.New("monitor: no observations")

// Monitor watches one model. Its methods are safe for concurrent use.
type Monitor struct{ o Options }

// New starts the workers of a Monitor; Close ends them.
func New(o Options) *Monitor { return &Monitor{o: o.withDefaults()} }

// Offer hands x over and reports whether it was accepted. It never blocks; a
// refusal is counted under its reason.
func (m *Monitor) Offer(x *Exchange) bool {
	if x.Done != nil {
		x.Done()
	}
	return false
}

// Close refuses further exchanges, handles those already queued and waits.
func (m *Monitor) Close() {}

// SetProfile makes p the version's reference; nil takes it away. The version's
// state starts anew unless p is the profile it already has.
func (m *Monitor) SetProfile(version string, p *Profile) {}

// SetStable names the version that serves by default, the reference of the others
// under Options.FollowStable.
func (m *Monitor) SetStable(version string) {}

// Forget drops the state of a version.
func (m *Monitor) Forget(version string) {}

// Versions returns the versions with a state, sorted.
func (m *Monitor) Versions() []string { return nil }

// Summary returns the numbers of a version, or of one of its slices ("origin=JFK",
// "header:x-tenant=acme"; "" is all). ErrUnknown: nothing was observed there.
func (m *Monitor) Summary(version, slice string) (Summary, error) { return Summary{}, ErrUnknown }

// Metrics returns a snapshot for a collector.
func (m *Monitor) Metrics() Metrics { return Metrics{} }

// Profile returns the live window of a version as a reference.
func (m *Monitor) Profile(version string) (*Profile, error) { return nil, ErrUnknown }

// State returns what a restart must not lose: the detectors' evidence and the
// counters, as JSON.
func (m *Monitor) State() ([]byte, error) { return nil, nil }

// Restore brings back what State returned. Detectors whose reference has changed
// since start anew; they are named in the error, which is otherwise nil.
func (m *Monitor) Restore(state []byte) error { return nil }
