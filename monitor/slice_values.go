package monitor

// tellSlices hands the slices of an exchange to OnSlice. A request is in the
// slice of its first row, because its version was drawn once for all of them.
// One whose body could not be read is in the slice (missing) of every input
// field, so that a failure is not lost with it.
func (m *Monitor) tellSlices(r *reader, x *Exchange, d decoded) {
	for _, field := range m.fields {
		if field.header >= 0 {
			m.o.OnSlice(x, field.name, headerValue(x, field.header))
			continue
		}
		value := []byte("(missing)")
		if c := columnOf(d.in, field.name); c != nil && d.in.Rows > 0 {
			if l := r.label.label(&c.Cells[0]); l != nil {
				value = l
			}
		}
		m.o.OnSlice(x, field.name, value)
	}
}
