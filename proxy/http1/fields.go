package http1

import "bytes"

// MaxFields is how many fields a head may have.
const MaxFields = 128

// Field is one field line of a head.
type Field struct {
	Kind Kind
	// Positions in the head: the line with its CR LF, the name, the value.
	start, nameEnd, value, valueEnd, end uint32
}

// Fields are the fields of a head, in the order in which they came.
type Fields struct {
	raw  []byte
	list []Field
	seen Kinds // the kinds that are there at least once

	// From Connection and Content-Length and Transfer-Encoding:

	ContentLength int64 // -1 where there is none
	Chunked       bool
	Close         bool // Connection: close
	KeepAlive     bool // Connection: keep-alive
	Upgrade       bool // Connection: upgrade
	nominates     bool // Connection names other fields too
}

func (f *Fields) reset(raw []byte) {
	*f = Fields{raw: raw, list: f.list[:0], ContentLength: -1}
}

// HeadEnd says whether b[from:] may hold the end of a head, for a caller that
// gets a head in many small pieces and doesn't want to parse it anew with each.
func HeadEnd(b []byte, from int) bool {
	b = b[max(0, from-3):]
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			return false
		}
		b = b[i+1:]
		if len(b) > 0 && b[0] == '\n' || len(b) > 1 && b[0] == '\r' && b[1] == '\n' {
			return true
		}
	}
}

// line returns the line of b that starts at from, without its CR LF, and where
// the next one starts: 0 if the line isn't there as a whole.
func line(b []byte, from int) (text []byte, next int, err error) {
	i := bytes.IndexByte(b[from:], '\n')
	if i < 0 {
		return nil, 0, nil
	}
	if i == 0 || b[from+i-1] != '\r' {
		return nil, 0, ErrLineEnd
	}
	return b[from : from+i-1], from + i + 1, nil
}

// parse reads the field lines from position from on. It returns the position
// behind the empty line that ends the head, 0 if that isn't there yet.
func (f *Fields) parse(from int) (int, error) {
	b := f.raw
	for {
		text, next, err := line(b, from)
		if err != nil || next == 0 {
			return 0, err
		}
		if len(text) == 0 {
			return next, nil
		}
		if len(f.list) == MaxFields {
			return 0, ErrTooManyFields
		}
		n := 0
		for n < len(text) && lower[text[n]] != 0 {
			n++
		}
		if n == 0 || n == len(text) || text[n] != ':' {
			if text[0] == ' ' || text[0] == '\t' {
				return 0, ErrFold
			}
			return 0, ErrFieldName
		}
		if !isText(text[n+1:]) {
			return 0, ErrFieldValue
		}
		start, end := n+1, len(text)
		for start < end && (text[start] == ' ' || text[start] == '\t') {
			start++
		}
		for end > start && (text[end-1] == ' ' || text[end-1] == '\t') {
			end--
		}
		kind := kindOf(text[:n])
		f.list = append(f.list, Field{
			Kind: kind, start: uint32(from), nameEnd: uint32(from + n),
			value: uint32(from + start), valueEnd: uint32(from + end), end: uint32(next),
		})
		if kind != Other {
			if err := f.special(kind, text[start:end]); err != nil {
				return 0, err
			}
			f.seen |= 1 << kind
		}
		from = next
	}
}

// special reads the fields by which a message is framed.
func (f *Fields) special(k Kind, value []byte) error {
	switch k {
	case ContentLength:
		if f.Has(ContentLength) {
			return ErrTwoLengths
		}
		n, ok := parseLength(value)
		if !ok {
			return ErrContentLength
		}
		f.ContentLength = n
	case TransferEncoding:
		if f.Has(TransferEncoding) {
			return ErrTwoCodings
		}
		if equal(value, "chunked") {
			f.Chunked = true
			return nil
		}
		// RFC 9112, 6.3: where chunked isn't the last coding nobody can tell where
		// the body ends (400). Where it is, another coding before it is merely
		// not spoken here (6.1, 501).
		if last := bytes.LastIndexByte(value, ','); last < 0 || !equal(trim(value[last+1:]), "chunked") {
			return ErrLastCoding
		}
		return ErrTransferCoding
	case Connection:
		return f.connection(value)
	}
	return nil
}

// parseLength reads 1 to 18 decimal digits, so that no sum of two can overflow.
func parseLength(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// connection reads the options of one Connection field.
func (f *Fields) connection(value []byte) error {
	for option := range bytes.SplitSeq(value, comma) {
		option = trim(option)
		switch {
		case len(option) == 0:
		case equal(option, "close"):
			f.Close = true
		case equal(option, "keep-alive"):
			f.KeepAlive = true
		case equal(option, "upgrade"):
			f.Upgrade = true
		case indispensable.Has(kindOf(option)):
			return ErrConnectionOption
		case !HopByHop.Has(kindOf(option)):
			f.nominates = true
		}
	}
	return nil
}

var comma = []byte(",")

// framing checks what can only be checked when all fields have been read.
func (f *Fields) framing(minor int) error {
	if f.Chunked && f.ContentLength >= 0 {
		return ErrTwoFramings
	}
	if f.Chunked && minor == 0 {
		return ErrOldTransfer
	}
	return nil
}

// Has says whether a field of kind k is there. k is not Other.
func (f *Fields) Has(k Kind) bool { return f.seen.Has(k) }

// Value returns the first value of kind k, nil if there is none.
func (f *Fields) Value(k Kind) []byte {
	if !f.seen.Has(k) {
		return nil
	}
	for i := range f.list {
		if f.list[i].Kind == k {
			return f.value(i)
		}
	}
	return nil
}

// Get returns the first value of the field with the given name in lower case.
func (f *Fields) Get(name string) (value []byte, ok bool) {
	for i := range f.list {
		if equal(f.name(i), name) {
			return f.value(i), true
		}
	}
	return nil, false
}

// Len returns how many fields there are.
func (f *Fields) Len() int { return len(f.list) }

// At returns the name and value of the field at i.
func (f *Fields) At(i int) (kind Kind, name, value []byte) {
	return f.list[i].Kind, f.name(i), f.value(i)
}

func (f *Fields) name(i int) []byte  { return f.raw[f.list[i].start:f.list[i].nameEnd] }
func (f *Fields) value(i int) []byte { return f.raw[f.list[i].value:f.list[i].valueEnd] }

// Append appends the field lines, each with its CR LF and with the bytes with
// which it came, except those of the kinds in drop and those that Connection names.
func (f *Fields) Append(dst []byte, drop Kinds) []byte {
	// Neighbours that both stay are copied together.
	run, end := uint32(0), uint32(0)
	for i := range f.list {
		l := &f.list[i]
		if drop.Has(l.Kind) || f.nominates && f.nominated(i) {
			continue
		}
		if l.start != end {
			dst = append(dst, f.raw[run:end]...)
			run = l.start
		}
		end = l.end
	}
	return append(dst, f.raw[run:end]...)
}

// Slow path: Connection names fields that are not hop-by-hop by themselves.
func (f *Fields) nominated(i int) bool {
	name := f.name(i)
	for j := range f.list {
		if f.list[j].Kind != Connection {
			continue
		}
		for option := range bytes.SplitSeq(f.value(j), comma) {
			if bytes.EqualFold(trim(option), name) {
				return true
			}
		}
	}
	return false
}
