package encoding

// Kind says why a body could not be decoded. Its text is stable: it is the reason
// in weir_observations_dropped_total.
type Kind string

// The kinds.
const (
	Unknown  Kind = "content_encoding_unknown"   // a coding this package does not read, such as br
	Broken   Kind = "content_encoding_broken"    // cut off, corrupt, or with something behind its end
	TooLarge Kind = "content_encoding_too_large" // more than Options allow
)

// Error is what Decode returns.
type Error struct {
	Kind   Kind
	Coding string // as the sender named it
	Err    error  // of the library; nil where there is none
}

func (e *Error) Error() string {
	text := "encoding: " + e.Coding + ": "
	switch e.Kind {
	case Unknown:
		return text + "not a coding that can be read; known are gzip, deflate and zstd"
	case TooLarge:
		return text + "the decoded body is too large"
	}
	if e.Err == nil {
		return text + "something follows the end of the body"
	}
	return text + "the body is broken: " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }
