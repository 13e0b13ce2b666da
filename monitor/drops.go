package monitor

import (
	"maps"
	"sync"
)

// Reasons for which something was not observed, beside request_<kind>,
// response_<kind> and primary_<kind> with the kinds of protocol.Error,
// skipped_<reason> with those of protocol.Skip, and the kinds of encoding.Error.
const (
	dropQueueFull   = "queue_full"
	dropQueueBytes  = "queue_bytes"
	dropThinned     = "thinned" // the queue is more than half full: a smaller share is taken
	dropClosed      = "closed"
	dropPanic       = "panic"
	dropNotCaptured = "not_captured" // no body, e.g. larger than what the gateway keeps
	dropVersions    = "versions"     // no room for another version
	dropEvicted     = "version_evicted"
	dropFeatures    = "features" // no room for another feature

	// No memory for another one; categories are counted in (other).
	dropMemoryVersions   = "memory_versions"
	dropMemorySlices     = "memory_slices"
	dropMemoryFeatures   = "memory_features"
	dropMemoryCategories = "memory_categories"

	dropSlices = "slices" // no room for another slice: counted in (other)
	dropRows   = "rows"   // a response with another number of rows than its request
)

// notSampled is no drop: nobody asked for more.
const notSampled = "not_sampled"

// drops counts by reason. Reasons come from fixed lists, so the map is bounded.
type drops struct {
	mu     sync.Mutex
	counts map[string]uint64
}

func (d *drops) add(reason string, n uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.counts == nil {
		d.counts = map[string]uint64{}
	}
	d.counts[reason] += n
}

func (d *drops) of(reason string) uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.counts[reason]
}

func (d *drops) snapshot() map[string]uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return maps.Clone(d.counts)
}
