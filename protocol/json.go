package protocol

// plain is JSON of no particular protocol: an object is one row, an array of
// objects a row each. Nested objects become parent.child, lists name[0], name[1],
// …; bare scalars and lists belong to "value".
type plain struct{ settings }

func (plain) Name() string { return "json" }

func (plain) IsInference(method, _ string) bool { return method == "POST" }

func (p plain) DecodeRequest(b *Batch, body Body) error { return b.close(p.decode(b, body)) }

func (p plain) DecodeResponse(b *Batch, body Body) error { return b.close(p.decode(b, body)) }

func (p plain) decode(b *Batch, body Body) error {
	r, err := newReader(p.settings, b, body)
	if err != nil {
		return err
	}
	t, err := r.peek()
	if err != nil {
		return err
	}
	switch t {
	case tokArray:
		err = r.rows([]byte("value"))
	case tokObject:
		b.Rows = 1
		err = r.object(nil, 0, 0)
	default:
		b.Rows = 1
		err = r.constant([]byte("value"), t)
	}
	if err != nil {
		return err
	}
	b.pad()
	return r.end()
}
