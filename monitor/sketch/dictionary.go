package sketch

import "unicode/utf8"

// Rest is the index of everything a Dictionary has no room for.
const Rest = 0

// MaxCategory is the length in bytes from which a category is cut, so that free
// text cannot fill the memory. Cutting what was cut changes nothing.
const MaxCategory = 123

// Dictionary gives a bounded set of strings small numbers: 0 is the rest, then the
// known ones in their order, then new ones as they come until there is no room.
// Counts kept by these numbers are exact with a counted rest. (A space-saving
// sketch was considered: it replaces rare by new categories, and so lends a new
// category the count of an old one — the very number that the unseen-category test
// looks at.) Not safe for concurrent use.
type Dictionary struct {
	index map[string]int
	names []string
	known int
	limit int
}

// NewDictionary returns a dictionary of the known strings with room for extra more.
func NewDictionary(known []string, extra int) *Dictionary {
	d := &Dictionary{index: make(map[string]int, len(known)+extra), names: []string{"(other)"}}
	for _, k := range known {
		if _, double := d.index[cut(k)]; !double {
			d.add(cut(k))
		}
	}
	d.known, d.limit = len(d.names), len(d.names)+max(extra, 0)
	return d
}

func (d *Dictionary) add(name string) int {
	d.index[name] = len(d.names)
	d.names = append(d.names, name)
	return len(d.names) - 1
}

// Index returns the number of b, giving it one if there is room, else Rest. It
// allocates only for a new string.
func (d *Dictionary) Index(b []byte) int {
	if len(b) > MaxCategory {
		b = []byte(cut(string(b)))
	}
	if i, ok := d.index[string(b)]; ok {
		return i
	}
	if len(d.names) >= d.limit {
		return Rest
	}
	return d.add(string(b))
}

// Known reports whether i is one of the strings that the dictionary was made with.
func (d *Dictionary) Known(i int) bool { return i != Rest && i < d.known }

// Name returns the string of a number; "(other)" for Rest.
func (d *Dictionary) Name(i int) string { return d.names[i] }

// Len returns the number of strings, Rest included; numbers are below it.
func (d *Dictionary) Len() int { return len(d.names) }

// Cap returns the bound of Len.
func (d *Dictionary) Cap() int { return d.limit }

func cut(s string) string {
	if len(s) <= MaxCategory {
		return s
	}
	end := MaxCategory - len("…")
	for k := range utf8.UTFMax {
		if utf8.RuneStart(s[end-k]) {
			end -= k
			break
		}
	}
	return s[:end] + "…"
}
