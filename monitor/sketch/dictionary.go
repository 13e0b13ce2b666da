package sketch

import "unicode/utf8"

// Rest is the index of everything a Dictionary has no room for.
const Rest = 0

// MaxCategory is the length in bytes from which a category is cut, so that free
// text cannot fill the memory. Cutting what was cut changes nothing.
const MaxCategory = 123

// Known is an immutable list of strings with their numbers, from 1, that any number
// of dictionaries begin with: a feature has one a slice, and all of them the same.
type Known struct {
	index map[string]int
	names []string // of the rest first
}

// NewKnown lists strings, each once.
func NewKnown(known []string) *Known {
	k := &Known{index: make(map[string]int, len(known)), names: make([]string, 1, 1+len(known))}
	k.names[Rest] = "(other)"
	for _, s := range known {
		s = cut(s)
		if _, double := k.index[s]; !double {
			k.index[s] = len(k.names)
			k.names = append(k.names, s)
		}
	}
	return k
}

// Len returns the number of strings, the rest included.
func (k *Known) Len() int { return len(k.names) }

// Dictionary returns a dictionary of the known strings with room for extra more.
func (k *Known) Dictionary(extra int) *Dictionary {
	return &Dictionary{known: k, limit: len(k.names) + max(extra, 0)}
}

// Dictionary gives a bounded set of strings small numbers: 0 is the rest, then the
// known ones in their order, then new ones as they come until there is no room.
// Counts kept by these numbers are exact with a counted rest. (A space-saving
// sketch was considered: it replaces rare by new categories, and so lends a new
// category the count of an old one — the very number that the unseen-category test
// looks at.) Not safe for concurrent use.
type Dictionary struct {
	known *Known
	index map[string]int // of the new ones; made with the first
	names []string       // of the new ones
	limit int
}

// NewDictionary returns a dictionary of the known strings with room for extra more.
func NewDictionary(known []string, extra int) *Dictionary { return NewKnown(known).Dictionary(extra) }

// Find returns the number of b, or Rest and false where it has none.
func (d *Dictionary) Find(b []byte) (i int, ok bool) {
	if len(b) > MaxCategory {
		b = []byte(cut(string(b)))
	}
	if i, ok = d.known.index[string(b)]; ok {
		return i, true
	}
	i, ok = d.index[string(b)]
	return i, ok
}

// Index returns the number of b, giving it one if there is room, else Rest. It
// allocates only for a new string.
func (d *Dictionary) Index(b []byte) int {
	if i, ok := d.Find(b); ok || d.Len() >= d.limit {
		return i
	}
	if len(b) > MaxCategory {
		b = []byte(cut(string(b)))
	}
	if d.index == nil {
		d.index = map[string]int{}
	}
	i, name := d.Len(), string(b)
	d.index[name] = i
	d.names = append(d.names, name)
	return i
}

// Known reports whether i is one of the strings that the dictionary was made with.
func (d *Dictionary) Known(i int) bool { return i != Rest && i < d.known.Len() }

// Name returns the string of a number; "(other)" for Rest.
func (d *Dictionary) Name(i int) string {
	if k := d.known.Len(); i >= k {
		return d.names[i-k]
	}
	return d.known.names[i]
}

// Len returns the number of strings, Rest included; numbers are below it.
func (d *Dictionary) Len() int { return d.known.Len() + len(d.names) }

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
