package protocol

// element is a datatype of the protocol.
type element uint8

const (
	unknownType element = iota
	boolType
	uint8Type
	uint16Type
	uint32Type
	uint64Type
	int8Type
	int16Type
	int32Type
	int64Type
	fp16Type
	bf16Type
	fp32Type
	fp64Type
	bytesType
)

func elementOf(datatype []byte) element {
	switch string(datatype) {
	case "FP64":
		return fp64Type
	case "FP32":
		return fp32Type
	case "INT64":
		return int64Type
	case "INT32":
		return int32Type
	case "BYTES":
		return bytesType
	case "BOOL":
		return boolType
	case "UINT8":
		return uint8Type
	case "UINT16":
		return uint16Type
	case "UINT32":
		return uint32Type
	case "UINT64":
		return uint64Type
	case "INT8":
		return int8Type
	case "INT16":
		return int16Type
	case "FP16":
		return fp16Type
	case "BF16":
		return bf16Type
	}
	return unknownType
}

// grid is a tensor as a table: rows × width elements, row-major, in the columns
// from first on.
type grid struct {
	name        []byte
	element     element
	first       int
	rows, width int
	row, column int // where the next element goes
}

// read reads the data of one tensor, JSON from here or binary, into its columns.
func (d *oipDecoder) read(h *tensorHead) error {
	g := grid{name: h.name, element: h.element, rows: 1, width: 1}
	dims := h.dims[:h.rank]
	if len(dims) > 0 {
		g.rows = dims[0]
		for _, n := range dims[1:] {
			g.width = saturate(g.width, n)
		}
	}
	if err := d.agree(h, g.rows); err != nil {
		return err
	}
	table := len(dims) <= 2 || g.width == 1
	if !table || g.width > d.settings.limits.Columns {
		d.batch.skip(h.name, skipReason(!table))
		return d.passOver(h)
	}
	if err := d.open(&g, len(dims)); err != nil {
		return err
	}
	if h.binary < 0 {
		return d.jsonData(&g, dims)
	}
	raw, err := d.take(h)
	if err != nil {
		return err
	}
	return d.rawData(&g, raw)
}

// agree makes the first tensor decide how many rows there are; the others follow.
func (d *oipDecoder) agree(h *tensorHead, rows int) error {
	if d.rowed && rows != d.batch.Rows {
		return &Error{Shape, "tensor " + quote(string(h.name)) + " has " + itoa(rows) + " rows, others have " + itoa(d.batch.Rows)}
	}
	d.rowed = true
	if rows == 0 {
		return nil
	}
	return d.batch.grow(rows - 1)
}

// open adds the columns of g. A tensor of one column is called by its name, a
// matrix's columns by Options.Features or name[0], name[1], …
func (d *oipDecoder) open(g *grid, rank int) error {
	g.first = len(d.batch.Columns)
	named := d.settings.named(g.name, g.width)
	if g.width == 1 && (rank < 2 || named == nil) {
		_, err := d.batch.add(whole(g.name))
		return err
	}
	for k := range g.width {
		if _, err := d.batch.add(label{base: g.name, names: named, index: k}); err != nil {
			return err
		}
	}
	return nil
}

// passOver leaves out a tensor that is no table.
func (d *oipDecoder) passOver(h *tensorHead) error {
	if h.binary < 0 {
		return d.skip(2)
	}
	_, err := d.take(h)
	return err
}

// take removes the tensor's bytes from the front of the binary data.
func (d *oipDecoder) take(h *tensorHead) ([]byte, error) {
	if h.binary > len(d.raw) {
		return nil, &Error{Truncated, "the body ends inside the binary data of tensor " + quote(string(h.name))}
	}
	raw := d.raw[:h.binary]
	d.raw = d.raw[h.binary:]
	return raw, nil
}

// jsonData reads JSON data, nested or flat.
func (d *oipDecoder) jsonData(g *grid, dims []int) error {
	t, err := d.peek()
	if err != nil {
		return err
	}
	switch {
	case t == tokArray:
		err = d.level(g, dims)
	case g.rows == 1 && g.width == 1:
		err = d.jsonElement(g, t)
	default:
		err = g.fault("its data is not an array")
	}
	if err != nil {
		return err
	}
	if g.row != g.rows && g.width > 0 {
		return g.fault("it has fewer elements than its shape says")
	}
	return nil
}

// level reads one array of the data: dims[0] arrays of the next level, or all the
// elements that are left from here, flat.
func (d *oipDecoder) level(g *grid, dims []int) error {
	d.i++
	nested := false
	for n := 0; ; n++ {
		ok, err := d.more(']', n == 0)
		if err != nil {
			return err
		}
		if !ok {
			if nested && n != dims[0] || !nested && n != size(dims) {
				return g.fault("an array in its data has " + itoa(n) + " elements")
			}
			return nil
		}
		t, err := d.peek()
		if err != nil {
			return err
		}
		if n == 0 {
			nested = t == tokArray && len(dims) > 1
		}
		if nested != (t == tokArray && len(dims) > 1) {
			return g.fault("its data mixes arrays and elements")
		}
		if nested {
			err = d.level(g, dims[1:])
		} else {
			err = d.jsonElement(g, t)
		}
		if err != nil {
			return err
		}
	}
}

// jsonElement reads one element; one that is not of the tensor's datatype is Invalid.
func (d *oipDecoder) jsonElement(g *grid, t token) error {
	if t == tokNumber && g.element != bytesType { // Fast path
		f, kind, err := d.number()
		if err != nil {
			return err
		}
		return d.place(g, Cell{Kind: kind, Number: f})
	}
	cell, err := d.value(t)
	if err != nil {
		return err
	}
	if (cell.Kind == Text) != (g.element == bytesType) && cell.Kind != Missing {
		cell = Cell{Kind: Invalid}
	}
	return d.place(g, cell)
}

// place puts the next element into the table.
func (d *oipDecoder) place(g *grid, cell Cell) error {
	if g.row >= g.rows || g.width == 0 {
		return g.fault("it has more elements than its shape says")
	}
	d.batch.set(g.first+g.column, g.row, cell)
	if g.column++; g.column == g.width {
		g.column = 0
		g.row++
	}
	return nil
}

func (g *grid) fault(what string) error {
	return &Error{Shape, "tensor " + quote(string(g.name)) + ": " + what}
}

// size is the number of elements of a shape; it saturates.
func size(dims []int) int {
	n := 1
	for _, d := range dims {
		n = saturate(n, d)
	}
	return n
}

// saturate multiplies without overflow: past 2^40 no limit allows it anyway.
func saturate(a, b int) int {
	if b != 0 && a > 1<<40/b {
		return 1 << 40
	}
	return a * b
}
