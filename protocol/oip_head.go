package protocol

// tensorHead is what an element of inputs or outputs says beside its data.
type tensorHead struct {
	index   int // in its list
	start   int // of its object in the body
	name    []byte
	nameAt  int     // where name stands in the body; 0: elsewhere, it had escapes
	element element // 0 until seen
	dims    [8]int
	rank    int  // -1 until seen
	data    int  // where data starts that came before what describes it; 0: none
	binary  int  // parameters.binary_data_size; -1: none
	done    bool // data was read
}

// described reports whether all is known that data needs to be read.
func (h *tensorHead) described() bool {
	return h.name != nil && h.element != 0 && h.rank >= 0
}

// element reads one element of inputs or outputs.
//
// Fast path: data comes after name, shape and datatype, as every known client
// writes it, and is read in passing. Otherwise it is skipped and read at the end,
// which costs a second pass over it.
func (d *oipDecoder) element(h *tensorHead) error {
	first := true
	if d.recall(h) {
		first = false
		if err := d.read(h); err != nil {
			return err
		}
	} else {
		d.i++
	}
	for ; ; first = false {
		ok, err := d.more('}', first)
		if err != nil {
			return err
		}
		if !ok {
			return d.finish(h)
		}
		key, err := d.key()
		if err != nil {
			return err
		}
		if err := d.field(h, key); err != nil {
			return err
		}
	}
}

// field reads the value of one field of an element.
func (d *oipDecoder) field(h *tensorHead, key []byte) (err error) {
	twice := false
	switch string(key) {
	case "name":
		twice = h.name != nil
		err = d.name(h)
	case "datatype":
		twice = h.element != 0
		err = d.datatype(h)
	case "shape":
		twice = h.rank >= 0
		err = d.shape(h)
	case "parameters":
		err = d.parameters(h)
	case "data":
		d.space()
		twice = h.done || h.data > 0
		if h.described() && h.binary < 0 && !twice {
			h.done = true
			d.remember(h)
			return d.read(h)
		}
		h.data = d.i
		err = d.skip(2)
	default:
		err = d.skip(2)
	}
	if err == nil && twice {
		err = &Error{Schema, "a tensor has two fields " + string(key)}
	}
	return err
}

// finish reads what the fields of an element did not: data that came first, or
// binary data.
func (d *oipDecoder) finish(h *tensorHead) error {
	switch {
	case h.name == nil:
		return &Error{Schema, "a tensor without name"}
	case h.element == 0:
		return &Error{Schema, "tensor " + quote(string(h.name)) + " has no datatype"}
	case h.rank < 0:
		return &Error{Schema, "tensor " + quote(string(h.name)) + " has no shape"}
	case h.binary >= 0 && (h.done || h.data > 0):
		return &Error{Schema, "tensor " + quote(string(h.name)) + " has both data and binary_data_size"}
	case h.done:
		return nil
	case h.binary >= 0:
		return d.read(h)
	case h.data == 0:
		return &Error{Schema, "tensor " + quote(string(h.name)) + " has no data"}
	}
	back := d.i
	d.i = h.data
	err := d.read(h)
	d.i = back
	return err
}

func (d *oipDecoder) name(h *tensorHead) error {
	if t, err := d.peek(); err != nil || t != tokString {
		return orSchema(err, "a tensor's name is not a string")
	}
	h.nameAt = d.i + 1
	raw, escaped, err := d.str()
	if h.name = raw; escaped {
		h.name, h.nameAt = unescape(nil, raw), 0
	}
	return err
}

func (d *oipDecoder) datatype(h *tensorHead) error {
	if t, err := d.peek(); err != nil || t != tokString {
		return orSchema(err, "a tensor's datatype is not a string")
	}
	raw, _, err := d.str()
	if err != nil {
		return err
	}
	if h.element = elementOf(raw); h.element == unknownType {
		return &Error{Unsupported, "datatype " + quote(string(raw))}
	}
	return nil
}

// shape reads the dimensions, each a whole number from 0 up.
func (d *oipDecoder) shape(h *tensorHead) error {
	if t, err := d.peek(); err != nil || t != tokArray {
		return orSchema(err, "a tensor's shape is not an array")
	}
	d.i++
	for h.rank = 0; ; h.rank++ {
		ok, err := d.more(']', h.rank == 0)
		if err != nil || !ok {
			return err
		}
		n, err := d.whole("a dimension")
		if err != nil {
			return err
		}
		if h.rank == len(h.dims) {
			return &Error{Shape, "a tensor with more than " + itoa(len(h.dims)) + " dimensions"}
		}
		h.dims[h.rank] = n
	}
}

// parameters reads a tensor's parameters, in which only the size of its binary
// data is of interest.
func (d *oipDecoder) parameters(h *tensorHead) error {
	if t, err := d.peek(); err != nil || t != tokObject {
		if err == nil {
			err = d.skip(2)
		}
		return err
	}
	d.i++
	for first := true; ; first = false {
		ok, err := d.more('}', first)
		if err != nil || !ok {
			return err
		}
		key, err := d.key()
		if err != nil {
			return err
		}
		if string(key) == "binary_data_size" {
			h.binary, err = d.whole("binary_data_size")
		} else {
			err = d.skip(3)
		}
		if err != nil {
			return err
		}
	}
}

// whole reads a number that counts something; 2^53 bounds what JSON holds exactly.
func (d *oipDecoder) whole(what string) (int, error) {
	t, err := d.peek()
	if err != nil || t != tokNumber {
		return 0, orSchema(err, what+" is not a number")
	}
	f, kind, err := d.number()
	if err != nil {
		return 0, err
	}
	if kind != Number || f < 0 || f > 1<<53 || f != float64(int(f)) {
		return 0, &Error{Shape, what + " is not a whole number from 0 up"}
	}
	return int(f), nil
}

// orSchema is err, or a Schema error where the syntax is right but the type is not.
func orSchema(err error, detail string) error {
	if err != nil {
		return err
	}
	return &Error{Schema, detail}
}
