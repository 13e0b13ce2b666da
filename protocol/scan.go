package protocol

// maxNesting bounds the recursion of the scanner, whatever Limits says.
const maxNesting = 64

// scanner reads JSON in one forward pass without building a tree: a body is read
// once and its cells go straight to their columns. It accepts what encoding/json
// accepts, and beside that NaN, Infinity and -Infinity, which Python's json writes.
// A scanner keeps no error: methods return one at once, and callers stop.
type scanner struct {
	b []byte
	i int
}

// token is the first byte of a value, enough to know its type.
type token byte

const (
	tokObject token = '{'
	tokArray  token = '['
	tokString token = '"'
	tokTrue   token = 't'
	tokFalse  token = 'f'
	tokNull   token = 'n'
	tokNumber token = '0' // any digit, minus, NaN, Infinity
)

// space moves to the next byte that is not white space.
func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case ' ', '\n', '\t', '\r':
			s.i++
		default:
			return
		}
	}
}

// peek returns the type of the value that starts here, without consuming it.
func (s *scanner) peek() (token, error) {
	s.space()
	if s.i >= len(s.b) {
		return 0, s.fault("a value")
	}
	switch c := s.b[s.i]; c {
	case '{', '[', '"', 't', 'f', 'n':
		return token(c), nil
	case '-', 'N', 'I', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return tokNumber, nil
	}
	return 0, s.fault("a value")
}

// expect consumes c.
func (s *scanner) expect(c byte) error {
	s.space()
	if s.i >= len(s.b) || s.b[s.i] != c {
		return s.fault("'" + string(rune(c)) + "'")
	}
	s.i++
	return nil
}

// more moves to the next element of an array or object that was opened: first is
// true right after the opening bracket. It consumes the comma before the element,
// or the closing bracket, and reports whether there is an element.
func (s *scanner) more(closing byte, first bool) (bool, error) {
	s.space()
	if s.i >= len(s.b) {
		return false, s.fault("the end of an array or object")
	}
	c := s.b[s.i]
	switch {
	case c == closing:
		s.i++
		return false, nil
	case first:
		return true, nil
	case c == ',':
		s.i++
		return true, nil
	}
	return false, s.fault("a comma")
}

// end makes sure that nothing but white space is left.
func (s *scanner) end() error {
	s.space()
	if s.i < len(s.b) {
		return &Error{NotJSON, "bytes after the JSON value"}
	}
	return nil
}

// word consumes the literal w.
func (s *scanner) word(w string) error {
	for k := range len(w) {
		if s.i >= len(s.b) || s.b[s.i] != w[k] {
			return s.fault(w)
		}
		s.i++
	}
	return nil
}

// skip consumes one value of any type, checking its syntax.
func (s *scanner) skip(depth int) error {
	t, err := s.peek()
	if err != nil {
		return err
	}
	switch t {
	case tokObject, tokArray:
		return s.skipNested(t, depth)
	case tokString:
		_, _, err = s.str()
	case tokNumber:
		_, _, err = s.number()
	default:
		_, err = s.literal(t)
	}
	return err
}

func (s *scanner) skipNested(t token, depth int) error {
	if depth >= maxNesting {
		return errTooDeep
	}
	closing := byte(']')
	if t == tokObject {
		closing = '}'
	}
	s.i++
	for first := true; ; first = false {
		ok, err := s.more(closing, first)
		if err != nil || !ok {
			return err
		}
		if t == tokObject {
			if _, err := s.key(); err != nil {
				return err
			}
		}
		if err := s.skip(depth + 1); err != nil {
			return err
		}
	}
}

// literal consumes true, false or null.
func (s *scanner) literal(t token) (Cell, error) {
	switch t {
	case tokTrue:
		return Cell{Kind: Number, Number: 1}, s.word("true")
	case tokFalse:
		return Cell{Kind: Number}, s.word("false")
	}
	return Cell{}, s.word("null")
}

// fault is the error for a byte that is not what the grammar wants, or for the end.
func (s *scanner) fault(want string) error {
	if s.i >= len(s.b) {
		return &Error{Truncated, "the body ends where " + want + " is expected"}
	}
	return &Error{NotJSON, "expected " + want + " at byte " + itoa(s.i)}
}
