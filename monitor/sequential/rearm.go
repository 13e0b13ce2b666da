package sequential

// Quiet periods after an alarm, in observations of the detector.
const (
	quietFirst    = 1000
	quietDoubling = 10 // how often the quiet period doubles at most
	calmFactor    = 10 // last quiet periods without a crossing, after which the doubling starts anew
)

// rearm decides which crossings of the threshold become alarms; the package
// comment states the rule.
type rearm struct {
	quiet   uint64 // observations left in which it does not ring
	since   uint64 // observations since the last crossing
	repeats uint8  // alarms in a row, at most quietDoubling+1
}

// tick counts an observation.
func (r *rearm) tick() {
	r.since++
	if r.quiet > 0 {
		r.quiet--
	}
}

// ring is called at a crossing and reports whether to ring.
func (r *rearm) ring() bool {
	calm := r.since
	r.since = 0
	if r.quiet > 0 {
		return false
	}
	if r.repeats > 0 && calm > calmFactor*(quietFirst<<(r.repeats-1)) {
		r.repeats = 0
	}
	r.quiet = quietFirst << r.repeats
	r.repeats = min(r.repeats+1, quietDoubling)
	return true
}
