package protocol

// places says where the values of named top-level fields start; 0: absent.
type places [6]int

// locate reads the top-level object to its end, checks its syntax, and notes where
// the values of fields start. Fields that decide how others are read may come last,
// so they are read after.
func (r *reader) locate(at *places, fields []string) error {
	if t, err := r.peek(); err != nil || t != tokObject {
		return orSchema(err, "the body is not an object")
	}
	r.i++
	for first := true; ; first = false {
		ok, err := r.more('}', first)
		if err != nil {
			return err
		}
		if !ok {
			return r.end()
		}
		key, err := r.key()
		if err != nil {
			return err
		}
		r.space()
		for k, field := range fields {
			if string(key) != field {
				continue
			}
			if at[k] > 0 {
				return &Error{Schema, "two fields are called " + field}
			}
			at[k] = r.i
		}
		if err := r.skip(1); err != nil {
			return err
		}
	}
}

// at moves to byte i.
func (r *reader) at(i int) *reader {
	r.i = i
	return r
}
