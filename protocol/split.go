package protocol

// split reads dataframe_split: {"columns": […], "data": [[…], …], "index": […]}.
// Without columns the columns are data[0], data[1], …
func (r *reader) split() error {
	if t, err := r.peek(); err != nil || t != tokObject {
		return orSchema(err, "dataframe_split is not an object")
	}
	columns, data, err := r.splitParts()
	if err != nil {
		return err
	}
	if data == 0 {
		return &Error{Schema, "dataframe_split has no data"}
	}
	if columns == 0 {
		return r.at(data).rowFormat("data")
	}
	if err := r.at(columns).splitHeads(); err != nil {
		return err
	}
	if t, err := r.at(data).peek(); err != nil || t != tokArray {
		return orSchema(err, "dataframe_split's data is not an array")
	}
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
		if err := r.splitRow(row); err != nil {
			return err
		}
	}
}

// splitParts notes where columns and data start.
func (r *reader) splitParts() (columns, data int, err error) {
	r.i++
	for first := true; ; first = false {
		ok, err := r.more('}', first)
		if err != nil || !ok {
			return columns, data, err
		}
		key, err := r.key()
		if err != nil {
			return 0, 0, err
		}
		r.space()
		switch string(key) {
		case "columns":
			columns = r.i
		case "data":
			data = r.i
		}
		if err := r.skip(2); err != nil {
			return 0, 0, err
		}
	}
}

// splitHeads reads the names of the columns; numbers are names too.
func (r *reader) splitHeads() error {
	if t, err := r.peek(); err != nil || t != tokArray {
		return orSchema(err, "dataframe_split's columns is not an array")
	}
	r.i++
	for first := true; ; first = false {
		ok, err := r.more(']', first)
		if err != nil || !ok {
			return err
		}
		t, err := r.peek()
		if err != nil {
			return err
		}
		start := r.i
		switch t {
		case tokString:
			raw, escaped, err := r.str()
			if err != nil {
				return err
			}
			if escaped {
				raw = unescape(nil, raw)
			}
			r.batch.heads = append(r.batch.heads, raw)
		case tokNumber:
			if _, _, err := r.number(); err != nil {
				return err
			}
			r.batch.heads = append(r.batch.heads, r.b[start:r.i])
		default:
			return &Error{Unsupported, "a column of dataframe_split is neither a string nor a number"}
		}
		if len(r.batch.heads) > r.settings.limits.Columns {
			return &Error{TooLarge, "more than " + itoa(r.settings.limits.Columns) + " columns"}
		}
	}
}

// splitRow reads one row, which has a value for every column. A list in a cell
// belongs to the columns name[0], name[1], …
func (r *reader) splitRow(row int) error {
	if t, err := r.peek(); err != nil || t != tokArray {
		return orSchema(err, "row "+itoa(row)+" of dataframe_split is not an array")
	}
	r.i++
	r.batch.cursor = 0
	for k := 0; ; k++ {
		ok, err := r.more(']', k == 0)
		if err != nil {
			return err
		}
		if ok != (k < len(r.batch.heads)) {
			return r.ragged([]byte("dataframe_split"), row)
		}
		if !ok {
			break
		}
		if err := r.field(r.batch.heads[k], row, 0); err != nil {
			return err
		}
	}
	if r.batch.twice {
		return &Error{Schema, "dataframe_split has two columns of one name"}
	}
	return nil
}
