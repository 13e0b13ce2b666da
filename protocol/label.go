package protocol

import (
	"strconv"
	"unicode/utf8"
)

// label names a column without building its name: the body's own bytes, or an
// element of a list. In the steady state it is only compared.
type label struct {
	base  []byte
	names []string // of all elements of the list; nil: base[0], base[1], …
	index int      // element of the list; -1: the name is base
}

// whole labels the column that is called base.
func whole(base []byte) label { return label{base: base, index: -1} }

// is reports whether the column's name is l.
func (l label) is(name string) bool {
	if l.index < 0 {
		return name == string(l.base)
	}
	if len(l.names) > 0 {
		return name == l.names[l.index]
	}
	n := len(l.base)
	if len(name) < n+3 || name[n] != '[' || name[:n] != string(l.base) {
		return false
	}
	var digits [24]byte
	return name[n+1:] == string(append(strconv.AppendInt(digits[:0], int64(l.index), 10), ']'))
}

// append writes the name to dst.
func (l label) append(dst []byte) []byte {
	if l.index >= 0 && len(l.names) > 0 {
		return append(dst, l.names[l.index]...)
	}
	dst = append(dst, l.base...)
	if l.index >= 0 {
		dst = append(dst, '[')
		dst = strconv.AppendInt(dst, int64(l.index), 10)
		dst = append(dst, ']')
	}
	return dst
}

const (
	maxName     = 256     // bytes of a column's name, which ends up in labels and reports
	maxInterned = 1 << 20 // bytes kept for names that come and go
)

// names keeps the column names of the last layouts, so that a name becomes a
// string once and its uniqueness is checked once.
type names struct {
	known    int               // slots [0,known) of Columns have unique names, all in slot
	slot     map[string]int    // name → index of its column, for the known ones
	interned map[string]string // every recent name
	bytes    int               // in interned
	scratch  []byte
}

// find returns the known slot of l, which may lie past the columns in use.
func (n *names) find(l label) (int, bool) {
	n.scratch = l.append(n.scratch[:0])
	c, ok := n.slot[string(n.scratch)]
	return c, ok
}

// forget drops what is known of the slots from i on; known are the known columns.
func (n *names) forget(known []Column, i int) {
	for ; n.known > i; n.known-- {
		delete(n.slot, known[n.known-1].Name)
	}
}

// claim gives slot i the name l.
func (n *names) claim(l label, i int) (string, error) {
	n.scratch = l.append(n.scratch[:0])
	if len(n.scratch) > maxName {
		return "", &Error{TooLarge, "a column's name is longer than " + itoa(maxName) + " bytes"}
	}
	if !utf8.Valid(n.scratch) {
		return "", &Error{NotJSON, "a column's name is not UTF-8"}
	}
	name := n.intern(n.scratch)
	if _, taken := n.slot[name]; taken {
		return "", &Error{Schema, "two columns are called " + quote(name)}
	}
	if n.slot == nil {
		n.slot = make(map[string]int)
	}
	n.slot[name] = i
	n.known = i + 1
	return name, nil
}

func (n *names) intern(b []byte) string {
	if s, ok := n.interned[string(b)]; ok {
		return s
	}
	if n.interned == nil || n.bytes > maxInterned {
		n.interned, n.bytes = make(map[string]string), 0
	}
	s := string(b)
	n.interned[s] = s
	n.bytes += len(s) + 32
	return s
}

// quote makes a name from a body safe to print, cut to 64 bytes.
func quote(name string) string {
	if len(name) > 64 {
		name = name[:64] + "…"
	}
	return strconv.Quote(name)
}
