package registry

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Admit decides about a registration, for stores: it returns the version as it
// is to be stored and whether it is new. A version that is there already comes
// back as stored; with other content it is [ErrConflict].
func Admit(model Model, version Version, now time.Time) (stored Version, added bool, err error) {
	if err := version.Validate(); err != nil {
		return Version{}, false, fmt.Errorf("registry: register: %w", err)
	}
	if old, ok := model.Lookup(version.Version); ok {
		if old.SameContent(version) {
			return old.Clone(), false, nil
		}
		return Version{}, false, fmt.Errorf("registry: register %s: version %s is registered with another %s and never changes; choose a new version name: %w",
			version.Model, version.Version, whatDiffers(old, version), ErrConflict)
	}
	version = version.Clone()
	if version.Registered.IsZero() {
		version.Registered = now
	}
	version.Registered = version.Registered.UTC()
	return version, true, nil
}

// Advance decides about a commit, for stores: it returns next as the
// generation after expect, complete and valid, or [ErrNotFound], [ErrStale] or
// [ErrInvalid].
func Advance(model Model, next Traffic, expect uint64, now time.Time) (Traffic, error) {
	if len(model.Versions) == 0 {
		return Traffic{}, fmt.Errorf("registry: commit %s: the model has no version; register one first: %w", clip(next.Model), ErrNotFound)
	}
	var previous Traffic
	if model.Traffic != nil {
		previous = *model.Traffic
	}
	if previous.Generation != expect {
		return Traffic{}, fmt.Errorf("registry: commit %s: the generation is %d, not %d as expected: somebody was first; look at what changed and try again: %w",
			next.Model, previous.Generation, expect, ErrStale)
	}
	next = next.Clone()
	next.Generation = expect + 1
	next.Time = now.UTC()
	if next.Standby == nil {
		next.Standby = Standby(previous, next)
	}
	if next.Restores >= next.Generation {
		return Traffic{}, fmt.Errorf("registry: commit %s: %w", next.Model,
			fieldErrorf("restores", "generation %d is not older than %d", next.Restores, next.Generation))
	}
	if err := next.Validate(model.Index()); err != nil {
		return Traffic{}, fmt.Errorf("registry: commit %s: %w", next.Model, err)
	}
	return next, nil
}

// whatDiffers names the differing parts of two versions, once each.
func whatDiffers(v1, v2 Version) string {
	var parts []string
	for _, change := range Diff(v1, v2) {
		if !slices.Contains(parts, change.What) {
			parts = append(parts, change.What)
		}
	}
	return strings.Join(parts, ", ")
}
