package protocol

import (
	"unicode/utf16"
	"unicode/utf8"
)

// str consumes a string and returns the bytes between its quotes, still escaped.
func (s *scanner) str() (raw []byte, escaped bool, err error) {
	s.i++ // the opening quote, which the caller has seen
	start := s.i
	for s.i < len(s.b) {
		switch c := s.b[s.i]; {
		case c == '"':
			raw = s.b[start:s.i]
			s.i++
			return raw, escaped, nil
		case c == '\\':
			escaped = true
			if err := s.escape(); err != nil {
				return nil, false, err
			}
		case c < ' ':
			return nil, false, &Error{NotJSON, "a control character in a string at byte " + itoa(s.i)}
		default:
			s.i++
		}
	}
	return nil, false, &Error{Truncated, "the body ends inside a string"}
}

// escape consumes one escape sequence and checks it.
func (s *scanner) escape() error {
	s.i++
	if s.i >= len(s.b) {
		return s.fault("an escape sequence")
	}
	switch s.b[s.i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.i++
		return nil
	case 'u':
		s.i++
		for range 4 {
			if s.i >= len(s.b) || unhex(s.b[s.i]) < 0 {
				return s.fault("four hexadecimal digits")
			}
			s.i++
		}
		return nil
	}
	return s.fault("an escape sequence")
}

// key consumes an object's key and the colon after it. The key aliases the body
// where it has no escapes, as practically all have.
func (s *scanner) key() ([]byte, error) {
	s.space()
	if s.i >= len(s.b) || s.b[s.i] != '"' {
		return nil, s.fault("a key")
	}
	raw, escaped, err := s.str()
	if err != nil {
		return nil, err
	}
	if escaped {
		raw = unescape(nil, raw)
	}
	return raw, s.expect(':')
}

// unescape appends the text that raw stands for; raw has passed str. A lone
// surrogate becomes U+FFFD, as in encoding/json.
func unescape(dst, raw []byte) []byte {
	for i := 0; i < len(raw); {
		c := raw[i]
		if c != '\\' {
			dst = append(dst, c)
			i++
			continue
		}
		if raw[i+1] != 'u' {
			dst = append(dst, plainEscape(raw[i+1]))
			i += 2
			continue
		}
		r := hex4(raw[i+2:])
		i += 6
		if utf16.IsSurrogate(r) {
			low := rune(-1)
			if i+6 <= len(raw) && raw[i] == '\\' && raw[i+1] == 'u' {
				low = hex4(raw[i+2:])
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				i += 6
			}
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

func plainEscape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

func hex4(b []byte) (r rune) {
	for _, c := range b[:4] {
		r = r<<4 | rune(unhex(c))
	}
	return r
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
