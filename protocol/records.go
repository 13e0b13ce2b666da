package protocol

// records reads an array of objects, a row each. null is a row of missing values.
func (r *reader) records() error {
	r.i++
	for row := 0; ; row++ {
		ok, err := r.more(']', row == 0)
		if err != nil {
			return err
		}
		if !ok {
			r.batch.pad()
			return nil
		}
		if err := r.batch.grow(row); err != nil {
			return err
		}
		t, err := r.peek()
		if err != nil {
			return err
		}
		if t == tokNull {
			if _, err := r.literal(t); err != nil {
				return err
			}
			continue
		}
		if t != tokObject {
			return &Error{Shape, "row " + itoa(row) + " is not an object like the rows before"}
		}
		r.batch.cursor = 0
		if err := r.object(nil, row, 0); err != nil {
			return err
		}
	}
}

// object reads the fields of an object into row. Fields of nested objects are
// named parent.child down to Limits.Depth, below which the value is Invalid.
func (r *reader) object(parent []byte, row, depth int) error {
	r.i++
	for first := true; ; first = false {
		ok, err := r.more('}', first)
		if err != nil || !ok {
			return err
		}
		name, err := r.key()
		if err != nil {
			return err
		}
		if depth > 0 {
			// parent may be what path holds: appending to the same place is harmless.
			r.batch.path = append(append(append(r.batch.path[:0], parent...), '.'), name...)
			name = r.batch.path
		}
		if err := r.field(name, row, depth); err != nil {
			return err
		}
		if depth > 0 {
			parent = r.batch.path[:len(parent)] // the buffer may have moved
		}
	}
}

// field reads the value of name into row.
func (r *reader) field(name []byte, row, depth int) error {
	t, err := r.peek()
	if err != nil {
		return err
	}
	switch t {
	case tokArray:
		return r.list(name, row)
	case tokObject:
		if cell, ok, err := r.binary(); ok || err != nil {
			if err != nil {
				return err
			}
			return r.batch.put(whole(name), row, cell)
		}
		if depth+1 < r.settings.limits.Depth {
			return r.object(name, row, depth+1)
		}
	}
	cell, err := r.value(t)
	if err != nil {
		return err
	}
	return r.batch.put(whole(name), row, cell)
}

// list reads an array of scalars into the columns name[0], name[1], … of row. A
// list of lists or of objects is no row of a table and is skipped by name, and so
// is one that is too long; a nested value among scalars is Invalid.
func (r *reader) list(name []byte, row int) error {
	width, nested, err := r.measure()
	if err != nil {
		return err
	}
	if nested || width > r.settings.limits.Columns {
		r.batch.skip(name, skipReason(nested))
		return r.skip(0)
	}
	r.i++
	for k := 0; ; k++ {
		ok, err := r.more(']', k == 0)
		if err != nil || !ok {
			return err
		}
		t, err := r.peek()
		if err != nil {
			return err
		}
		cell, err := r.value(t)
		if err != nil {
			return err
		}
		if err := r.batch.put(r.element(name, k, width), row, cell); err != nil {
			return err
		}
	}
}

// element labels element k of a list of width elements.
func (r *reader) element(name []byte, k, width int) label {
	named := r.settings.named(name, width)
	if r.single && width == 1 && named == nil {
		return whole(name)
	}
	return label{base: name, names: named, index: k}
}

// measure looks ahead over the array that starts here: how many elements it has
// and whether the first is nested. It consumes nothing.
func (r *reader) measure() (width int, nested bool, err error) {
	ahead := r.scanner
	ahead.i++
	for ; ; width++ {
		ok, err := ahead.more(']', width == 0)
		if err != nil || !ok {
			return width, nested, err
		}
		if width == 0 {
			t, err := ahead.peek()
			if err != nil {
				return 0, false, err
			}
			nested = t == tokArray || t == tokObject && !r.base64
		}
		if err := ahead.skip(0); err != nil {
			return 0, false, err
		}
	}
}

func skipReason(nested bool) SkipReason {
	if nested {
		return SkipRank
	}
	return SkipWide
}
