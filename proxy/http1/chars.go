package http1

import "encoding/binary"

// lower maps the bytes that may stand in a token (RFC 9110, 5.6.2) to their
// lower case, and all others to 0.
var lower = func() (t [256]byte) {
	for _, c := range []byte("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") {
		t[c] = c
	}
	for c := byte('A'); c <= 'Z'; c++ {
		t[c] = c + 'a' - 'A'
	}
	return t
}()

// hex maps hexadecimal digits to their value, and all other bytes to 0xff.
var hex = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i, c := range []byte("0123456789abcdef") {
		t[c] = byte(i)
	}
	for i, c := range []byte("ABCDEF") {
		t[c] = byte(10 + i)
	}
	return t
}()

// equal says whether token b is the lower-case name.
func equal(b []byte, name string) bool {
	if len(b) != len(name) {
		return false
	}
	for i := range len(name) {
		if lower[b[i]] != name[i] {
			return false
		}
	}
	return true
}

// isText says whether b may stand in a field value: visible bytes, space, tab
// and everything from 0x80 up.
func isText(b []byte) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for len(b) >= 8 {
		// Fast path: eight bytes at once. A byte's high bit ends up set in
		// suspect if it is below 0x20 or is 0x7f; borrows can only add
		// suspects, which the slow path then looks at one by one.
		v := binary.LittleEndian.Uint64(b)
		suspect := ((v - ones*0x20) &^ v) | ((v ^ ones*0x7f) - ones)
		if suspect&^v&highs != 0 && !isTextSlow(b[:8]) {
			return false
		}
		b = b[8:]
	}
	return isTextSlow(b)
}

func isTextSlow(b []byte) bool {
	for _, c := range b {
		if c < 0x20 && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// trim removes spaces and tabs from both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}
