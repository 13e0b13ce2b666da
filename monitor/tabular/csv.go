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

// csvRows is a CSV table.
type csvRows struct {
	csv *csv.Reader
	row uint64
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
	return newRows(&csvRows{csv: r}, slices.Clone(header))
}

func (c *csvRows) only(func(int) bool) error { return nil } // every byte is read anyway

func (c *csvRows) next() ([]string, error) {
	record, err := c.csv.Read()
	c.row++
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err != nil { // csv names line and column
		return nil, fmt.Errorf("row %d: %w: mend or remove it", c.row, err)
	}
	for i := range record {
		record[i] = strings.TrimSpace(record[i])
	}
	return record, nil
}

// withoutMark drops a byte order mark.
func withoutMark(r io.Reader) io.Reader {
	b := bufio.NewReader(r)
	if mark, err := b.Peek(3); err == nil && string(mark) == "\uFEFF" {
		_, _ = b.Discard(3)
	}
	return b
}
