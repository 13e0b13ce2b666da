package tabular

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ErrTable says that a table cannot be read; the error names the row and the mend.
var ErrTable = errors.New("table")

// Rows is a table being read. Not safe for concurrent use.
type Rows struct {
	csv   *csv.Reader
	names []string
	row   uint64
}

// NewCSV reads the heading row of a CSV table; delimiter 0 is a comma. A byte order
// mark is skipped, names are trimmed and must be different.
func NewCSV(from io.Reader, delimiter rune) (*Rows, error) {
	r := csv.NewReader(withoutMark(from))
	r.ReuseRecord = true
	if delimiter != 0 {
		r.Comma = delimiter
	}
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: it is empty: its first row must name the columns", ErrTable)
	} else if err != nil {
		return nil, fmt.Errorf("%w: header: %w", ErrTable, err)
	}
	t := &Rows{csv: r, names: slices.Clone(header)}
	place := map[string]int{}
	for i, name := range t.names {
		t.names[i] = strings.TrimSpace(name)
		if k, double := place[t.names[i]]; double {
			return nil, fmt.Errorf("%w: columns %d and %d are both named %q: rename one", ErrTable, k+1, i+1, t.names[i])
		}
		place[t.names[i]] = i
	}
	return t, nil
}

// Names returns the columns, in the table's order.
func (t *Rows) Names() []string { return t.names }

// Row returns the number of the last row read, from 1; the heading does not count.
func (t *Rows) Row() uint64 { return t.row }

// Next returns the next row's trimmed texts, one a column, valid until the next
// call; io.EOF after the last.
func (t *Rows) Next() ([]string, error) {
	record, err := t.csv.Read()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err != nil { // csv names line and column
		return nil, fmt.Errorf("%w: row %d: %w: mend or remove it", ErrTable, t.row+1, err)
	}
	t.row++
	for i := range record {
		record[i] = strings.TrimSpace(record[i])
	}
	return record, nil
}

// Check says which of the names is no column.
func (t *Rows) Check(names ...string) error {
	for _, name := range names {
		if !slices.Contains(t.names, name) {
			return fmt.Errorf("%w: there is no column %q: it has %s", ErrTable, name, strings.Join(t.names, ", "))
		}
	}
	return nil
}

// withoutMark drops a byte order mark.
func withoutMark(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if mark, err := b.Peek(3); err == nil && string(mark) == "\uFEFF" {
		_, _ = b.Discard(3)
	}
	return b
}
