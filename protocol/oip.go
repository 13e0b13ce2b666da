package protocol

import "strings"

// oip is the Open Inference Protocol V2 over REST, as spoken by Triton, MLServer,
// KServe and others, with the binary extension: the first
// Inference-Header-Content-Length bytes of the body are JSON, and the data of the
// tensors that carry parameters.binary_data_size follows, raw, in their order.
type oip struct{ settings }

func (oip) Name() string { return "oip" }

func (oip) IsInference(method, rest string) bool {
	return method == "POST" && strings.TrimSuffix(versioned(rest, "/versions/"), "/") == "/infer"
}

func (o oip) DecodeRequest(b *Batch, body Body) error {
	return b.close(o.decode(b, body, "inputs"))
}

func (o oip) DecodeResponse(b *Batch, body Body) error {
	return b.close(o.decode(b, body, "outputs"))
}

func (o oip) decode(b *Batch, body Body, list string) error {
	var raw []byte
	if n := body.JSONLength; n >= 0 && n <= len(body.Bytes) {
		body.Bytes, raw = body.Bytes[:n], body.Bytes[n:]
	} else if n > 0 {
		return &Error{Truncated, "the body is shorter than its JSON part is said to be"}
	}
	r, err := newReader(o.settings, b, body)
	if err != nil {
		return err
	}
	d := oipDecoder{reader: r, raw: raw}
	if err := d.message(list); err != nil {
		return err
	}
	if len(d.raw) > 0 {
		return &Error{Shape, itoa(len(d.raw)) + " bytes follow the last binary tensor"}
	}
	return nil
}

// oipDecoder reads one message.
type oipDecoder struct {
	reader
	raw   []byte // binary data not yet taken
	rowed bool   // some tensor has decided the number of rows
}

// message reads the top-level object, in which only list is of interest.
func (d *oipDecoder) message(list string) error {
	if err := d.expect('{'); err != nil {
		return err
	}
	found := false
	for first := true; ; first = false {
		ok, err := d.more('}', first)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		key, err := d.key()
		if err != nil {
			return err
		}
		if string(key) != list {
			err = d.skip(1)
		} else if found {
			err = &Error{Schema, "two fields are called " + list}
		} else {
			found, err = true, d.tensors(list)
		}
		if err != nil {
			return err
		}
	}
	if !found {
		return &Error{Schema, "no field " + list}
	}
	return d.end()
}

func (d *oipDecoder) tensors(list string) error {
	if t, err := d.peek(); err != nil || t != tokArray {
		return orSchema(err, list+" is not an array")
	}
	d.i++
	for first := true; ; first = false {
		ok, err := d.more(']', first)
		if err != nil || !ok {
			return err
		}
		if t, err := d.peek(); err != nil || t != tokObject {
			return orSchema(err, list+" holds something that is not an object")
		}
		var head tensorHead
		if err := d.element(&head); err != nil {
			return err
		}
	}
}

// tensorHead is what an element of inputs or outputs says beside its data.
type tensorHead struct {
	name     []byte
	datatype []byte
	dims     [8]int
	rank     int // -1 until seen
	data     int // where data starts that came before what describes it; 0: none
	binary   int // parameters.binary_data_size; -1: none
	done     bool
}

// described reports whether all is known that data needs to be read.
func (h *tensorHead) described() bool {
	return h.name != nil && h.datatype != nil && h.rank >= 0
}

// element reads one element of inputs or outputs.
//
// Fast path: data comes after name, shape and datatype, as every known client
// writes it, and is read in passing. Otherwise it is skipped and read at the end,
// which costs a second pass over it.
func (d *oipDecoder) element(h *tensorHead) error {
	h.rank, h.binary = -1, -1
	d.i++
	for first := true; ; first = false {
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
		h.name, err = d.stringField("name")
	case "datatype":
		twice = h.datatype != nil
		h.datatype, err = d.stringField("datatype")
	case "shape":
		twice = h.rank >= 0
		err = d.shape(h)
	case "parameters":
		err = d.parameters(h)
	case "data":
		d.space()
		twice = h.done || h.data > 0
		if h.described() && !twice {
			h.done = true
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
	case h.datatype == nil:
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

// stringField reads the string value of a field.
func (d *oipDecoder) stringField(field string) ([]byte, error) {
	if t, err := d.peek(); err != nil || t != tokString {
		return nil, orSchema(err, "a tensor's "+field+" is not a string")
	}
	raw, escaped, err := d.str()
	if escaped {
		raw = unescape(nil, raw)
	}
	return raw, err
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
