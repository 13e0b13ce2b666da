package tabular

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// ErrTable says that a table cannot be read; the error names the place and the mend.
var ErrTable = errors.New("table")

// Options say how Open reads.
type Options struct {
	Delimiter rune     // of CSV; default ','
	Lists     []string // columns that may be lists of numbers in Parquet: their texts are JSON
}

// Rows is a table being read. Not safe for concurrent use.
type Rows struct {
	from  source
	names []string
	row   uint64
}

// source is a file format. Its errors say the place.
type source interface {
	// next returns the texts of the next row, valid until the next call; io.EOF after the last.
	next() ([]string, error)
	// only says which columns are wanted; the texts of the others may be empty. Called at most once, before next.
	only(wanted func(column int) bool) error
}

// Open reads the names of a table's columns. The first bytes decide what it is:
// Parquet or CSV. Parquet is read in place from a file, and from memory otherwise,
// as its directory is at its end.
func Open(from io.Reader, o Options) (*Rows, error) {
	b := bufio.NewReader(from)
	if first, _ := b.Peek(5); isParquet(first) { // an error comes again below
		return openParquet(from, b, o.Lists)
	}
	return NewCSV(b, o.Delimiter)
}

func newRows(from source, names []string) (*Rows, error) {
	place := map[string]int{}
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
		if k, double := place[names[i]]; double {
			return nil, fmt.Errorf("%w: columns %d and %d are both named %q: rename one", ErrTable, k+1, i+1, names[i])
		}
		place[names[i]] = i
	}
	return &Rows{from: from, names: names}, nil
}

// Names returns the columns, in the table's order.
func (t *Rows) Names() []string { return t.names }

// Row returns the number of the last row read, from 1; a heading does not count.
func (t *Rows) Row() uint64 { return t.row }

// Only says, before the first row, which columns are wanted: the texts of the others
// are of no meaning then, and it does not matter what is in them.
func (t *Rows) Only(wanted func(column int) bool) error {
	if err := t.from.only(wanted); err != nil {
		return fmt.Errorf("%w: %w", ErrTable, err)
	}
	return nil
}

// Next returns the next row's trimmed texts, one a column, valid until the next
// call; io.EOF after the last.
func (t *Rows) Next() ([]string, error) {
	record, err := t.from.next()
	if errors.Is(err, io.EOF) {
		return nil, io.EOF
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTable, err)
	}
	t.row++
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
