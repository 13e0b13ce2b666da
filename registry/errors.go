package registry

import (
	"errors"
	"fmt"
)

// What a store can answer besides success. Test with errors.Is: the errors that
// stores return wrap these and add what, where and what to do.
var (
	// ErrNotFound: there is no such model, version, generation, profile or
	// rollout.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the version is registered already, with other content.
	ErrConflict = errors.New("conflict")
	// ErrStale: the generation is not the expected one; somebody was first.
	ErrStale = errors.New("stale generation")
	// ErrInvalid: the document breaks a rule, often as a [FieldError].
	ErrInvalid = errors.New("invalid")
	// ErrNotLeader: another gateway runs rollouts now.
	ErrNotLeader = errors.New("not the leader")
	// ErrUnreachable: the store can't be asked now. What was to be written is not,
	// or nobody knows.
	ErrUnreachable = errors.New("the registry can't be reached")
	// ErrClosed: the store has been closed.
	ErrClosed = errors.New("store closed")
)

// FieldError says which part of a document breaks a rule. It wraps
// [ErrInvalid].
type FieldError struct {
	Field  string // path inside the document, such as "arms[1].weight"
	Reason string // what is wrong and how to mend it
}

// Error names the field and the reason.
func (e *FieldError) Error() string { return e.Field + ": " + e.Reason }

// Unwrap makes errors.Is(err, ErrInvalid) true.
func (e *FieldError) Unwrap() error { return ErrInvalid }

func fieldErrorf(field, format string, args ...any) error {
	return &FieldError{Field: field, Reason: fmt.Sprintf(format, args...)}
}

// Problem is a document that a store could not take over. The model, where it
// had been read before, keeps its last good content.
type Problem struct {
	Model        string // empty where not even that is known
	Place        string // the file or key
	Line, Column int    // from 1; 0 where the problem has no place inside the document
	Err          error  // what is wrong and how to mend it
}

// Error is "place:line:column: what is wrong".
func (p *Problem) Error() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %v", p.Place, p.Err)
	}
	return fmt.Sprintf("%s:%d:%d: %v", p.Place, p.Line, p.Column, p.Err)
}

// Unwrap is the cause.
func (p *Problem) Unwrap() error { return p.Err }
