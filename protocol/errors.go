package protocol

// ErrorKind is a stable word for a counter's label.
type ErrorKind string

// The kinds of body that cannot be read.
const (
	NotJSON     ErrorKind = "not_json"    // a syntax error, or bytes after the value
	Truncated   ErrorKind = "truncated"   // ends before it is complete
	Schema      ErrorKind = "schema"      // JSON, but not what the protocol describes
	Shape       ErrorKind = "shape"       // data that contradicts its shape, or is ragged
	Unsupported ErrorKind = "unsupported" // a content type or datatype nobody here reads
	TooLarge    ErrorKind = "too_large"   // past Limits.Rows, Columns or Cells
	TooDeep     ErrorKind = "too_deep"    // nested deeper than any real body
)

// Error says why a body could not be read. Detail is for people, names the place
// and may quote names from the body, never values.
type Error struct {
	Kind   ErrorKind
	Detail string
}

// Error returns the kind and the detail.
func (e *Error) Error() string { return "protocol: " + string(e.Kind) + ": " + e.Detail }

var errTooDeep = &Error{TooDeep, "nested deeper than " + itoa(maxNesting) + " levels"}
