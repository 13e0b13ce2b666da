package protocol

// rows reads the row-wise array that starts here: objects, or scalars or lists
// that belong to base.
func (r *reader) rows(base []byte) error {
	ahead := r.scanner
	ahead.i++
	ok, err := ahead.more(']', true)
	if err != nil {
		return err
	}
	if ok {
		t, err := ahead.peek()
		if err != nil {
			return err
		}
		if t == tokObject && !r.isBinary(ahead.i) {
			return r.records()
		}
	}
	return r.tensor(base, true)
}

// isBinary looks ahead at the object at byte i.
func (r *reader) isBinary(i int) bool {
	ahead := *r
	ahead.i = i
	_, ok, err := ahead.binary()
	return ok && err == nil
}

// columnar reads an object of named arrays whose i-th elements are row i. A
// scalar applies to all rows.
func (r *reader) columnar() error {
	if r.isBinary(r.i) {
		return &Error{Schema, "a single binary value where an object of arrays is expected"}
	}
	r.i++
	scalars, counted := false, false
	for first := true; ; first = false {
		ok, err := r.more('}', first)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		name, err := r.key()
		if err != nil {
			return err
		}
		t, err := r.peek()
		if err != nil {
			return err
		}
		if t == tokArray {
			err, counted = r.tensor(name, !counted), true
		} else {
			err, scalars = r.constant(name, t), true
		}
		if err != nil {
			return err
		}
	}
	if scalars {
		if !counted {
			r.batch.Rows = 1
		}
		r.batch.spread(0)
	}
	return nil
}

// constant reads a scalar that applies to all rows.
func (r *reader) constant(name []byte, t token) error {
	cell, err := r.value(t)
	if err != nil {
		return err
	}
	c, err := r.batch.add(whole(name))
	if err != nil {
		return err
	}
	r.batch.set(c, 0, cell)
	return nil
}

// The forms a row of a tensor can have, beside the number of elements of a list.
const (
	formScalar  = -1
	formSkipped = -2
)

// tensor reads the array that starts here, one element a row: scalars into the
// column base, lists of one length into its columns. The first tensor of a body
// decides how many rows there are; the others must agree.
func (r *reader) tensor(base []byte, decides bool) error {
	want, first := r.batch.Rows, len(r.batch.Columns)
	form, row := formScalar, 0
	r.i++
	for ; ; row++ {
		ok, err := r.more(']', row == 0)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if decides {
			err = r.batch.grow(row)
		} else if row >= want {
			err = &Error{Shape, quote(string(base)) + " has more than " + itoa(want) + " rows"}
		}
		if err != nil {
			return err
		}
		if row == 0 {
			if form, err = r.form(base); err != nil {
				return err
			}
		}
		if err := r.tensorRow(base, first, row, form); err != nil {
			return err
		}
	}
	if !decides && row != want {
		return &Error{Shape, quote(string(base)) + " has " + itoa(row) + " rows, others have " + itoa(want)}
	}
	return nil
}

// form decides by the first row what the rows of a tensor are, and adds their columns.
func (r *reader) form(base []byte) (int, error) {
	t, err := r.peek()
	if err != nil {
		return 0, err
	}
	if t != tokArray {
		_, err := r.batch.add(whole(base))
		return formScalar, err
	}
	width, nested, err := r.measure()
	if err != nil {
		return 0, err
	}
	if nested || width > r.settings.limits.Columns {
		r.batch.skip(base, skipReason(nested))
		return formSkipped, nil
	}
	for k := range width {
		if _, err := r.batch.add(r.element(base, k, width)); err != nil {
			return 0, err
		}
	}
	return width, nil
}

// tensorRow reads one row of a tensor whose columns start at first.
func (r *reader) tensorRow(base []byte, first, row, form int) error {
	if form == formSkipped {
		return r.skip(0)
	}
	t, err := r.peek()
	if err != nil {
		return err
	}
	if (t == tokArray) != (form >= 0) {
		return r.ragged(base, row)
	}
	if form == formScalar {
		cell, err := r.value(t)
		if err == nil {
			r.batch.set(first, row, cell)
		}
		return err
	}
	r.i++
	for k := 0; ; k++ {
		ok, err := r.more(']', k == 0)
		if err != nil {
			return err
		}
		if ok != (k < form) {
			return r.ragged(base, row)
		}
		if !ok {
			return nil
		}
		if t, err = r.peek(); err != nil {
			return err
		}
		cell, err := r.value(t)
		if err != nil {
			return err
		}
		r.batch.set(first+k, row, cell)
	}
}

func (r *reader) ragged(base []byte, row int) error {
	return &Error{Shape, quote(string(base)) + ": row " + itoa(row) + " is not like the rows before"}
}
