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
	for n := 0; ; n++ {
		ok, err := d.more(']', n == 0)
		if err != nil || !ok {
			return err
		}
		if t, err := d.peek(); err != nil || t != tokObject {
			return orSchema(err, list+" holds something that is not an object")
		}
		h := tensorHead{index: n, start: d.i, rank: -1, binary: -1}
		if err := d.element(&h); err != nil {
			return err
		}
	}
}
