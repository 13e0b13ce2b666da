package tally

import (
	"slices"
	"sync"
	"time"

	"github.com/weir-gateway/weir/rollout/judge"
)

// Options bound a book. The zero value means the defaults.
type Options struct {
	Keys   int              // sticky keys remembered during a comparison; default 131,072, 8 bytes each
	Phases int              // phases kept, the current one included, for late answers; default 4
	Now    func() time.Time // default time.Now
	// Fixes tells whether the bins of predictions may be fixed by what this book
	// has seen; default: always. A book that may not waits for [Book.Adopt].
	Fixes func() bool
}

// Book holds the tallies of one model.
type Book struct {
	opts    Options
	learner learner

	mu      sync.Mutex
	tallies []*Tally    // oldest first
	running *comparison // nil: all traffic on one version
}

// Route says what one generation of the traffic compares.
type Route struct {
	Generation uint64
	Stable     string
	Candidate  string  // empty: all traffic on one version
	Weight     float64 // the candidate's share, in [0, 1]
}

// NewBook makes an empty book.
func NewBook(opts Options) *Book {
	if opts.Keys <= 0 {
		opts.Keys = 1 << 17
	}
	if opts.Phases <= 0 {
		opts.Phases = 4
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Fixes == nil {
		opts.Fixes = func() bool { return true }
	}
	return &Book{opts: opts, learner: learner{fixes: opts.Fixes}}
}

// Phase opens the tally of a generation and closes none: answers that are still
// to come count for the generation that they were routed by. Opening the
// current generation again returns its tally.
func (b *Book) Phase(route Route) *Tally {
	b.mu.Lock()
	defer b.mu.Unlock()
	if route.Candidate == "" {
		route.Weight = 0
	}
	var previous *Tally
	if n := len(b.tallies); n > 0 {
		if previous = b.tallies[n-1]; previous.route == route {
			return previous
		}
	}
	b.turn(previous, route)
	t := newTally(b, route)
	b.tallies = append(b.tallies, t)
	if extra := len(b.tallies) - b.opts.Phases; extra > 0 {
		b.tallies = slices.Delete(b.tallies, 0, extra)
	}
	return t
}

// turn begins or ends a comparison where the route asks for it.
func (b *Book) turn(previous *Tally, route Route) {
	if previous == nil || previous.route.Stable != route.Stable {
		b.learner.reset()
	}
	if route.Candidate == "" {
		b.running = nil
		return
	}
	if previous == nil || previous.route.Candidate != route.Candidate || previous.route.Stable != route.Stable {
		b.running = &comparison{keys: newKeySet(b.opts.Keys), slices: newSliceNames()}
		b.learner.begin(b.running)
	}
	b.running.weights = append(b.running.weights, route.Weight)
}

// Adopt counts predictions of the comparison by bins that were fixed elsewhere,
// unless it has bins: so that the counts of several gateways are of one kind.
func (b *Book) Adopt(stable, candidate string, bins *judge.Bins) {
	if n := len(bins.Expected); n > mostBins || n != max(len(bins.Edges), len(bins.Classes))+1 {
		return // not such as a book fixes
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running == nil || b.tallies[len(b.tallies)-1].route.Stable != stable || b.tallies[len(b.tallies)-1].route.Candidate != candidate {
		return
	}
	b.running.bins.CompareAndSwap(nil, bins)
}

// Phases returns the counts of all phases still held, oldest first. The slices
// and histograms in it are the caller's.
func (b *Book) Phases() []judge.Phase {
	b.mu.Lock()
	tallies := slices.Clone(b.tallies)
	b.mu.Unlock()
	var phases []judge.Phase
	for _, t := range tallies {
		phases = append(phases, t.phases()...)
	}
	return phases
}
