package tally

import (
	"time"

	"github.com/weir-gateway/weir/rollout/judge"
)

// Options bound a book. The zero value means the defaults.
type Options struct {
	Keys   int              // sticky keys remembered during a comparison; default 131,072, 8 bytes each
	Phases int              // finished phases kept for late answers; default 4
	Now    func() time.Time // default time.Now
}

// Book holds the tallies of one model.
type Book struct{}

// NewBook makes an empty book.
func NewBook(opts Options) *Book { return &Book{} }

// Route says what one generation of the traffic compares.
type Route struct {
	Generation uint64
	Stable     string
	Candidate  string  // empty: all traffic on one version
	Weight     float64 // the candidate's share, in [0, 1]
}

// Phase opens the tally of a generation, or returns the one that is open.
func (b *Book) Phase(route Route) *Tally { return nil }

// Phases returns the counts of all phases still held, oldest first.
func (b *Book) Phases() []judge.Phase { return nil }
