package tabular

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

const (
	// listBatch is how many rows are turned into texts at once where there are lists.
	listBatch = 64
	// longestList bounds the elements of a list.
	longestList = 1 << 16
)

// list is how a column of lists of numbers is read.
type list struct {
	nullable bool // a list may be null
	held     []parquet.Value
	buffer   []parquet.Value
	begun    bool
	elements int
	closing  string // what ends the text of the row at hand
}

// listLeaf finds the numbers in a column of lists: Parquet's LIST of three levels, of
// two, or a repeated column.
func listLeaf(c *parquet.Column) (leaf *parquet.Column, ok bool) {
	leaf = c
	for !leaf.Leaf() {
		inner := leaf.Columns()
		if len(inner) != 1 {
			return nil, false
		}
		leaf = inner[0]
	}
	switch leaf.Type().Kind() {
	case parquet.Float, parquet.Double:
		return leaf, leaf.MaxRepetitionLevel() == 1 && leaf.Type().LogicalType() == nil
	}
	return nil, false
}

// readLists appends the texts of a column's next n rows: JSON lists, and NaN for null.
func (p *parquetRows) readLists(c *parquetColumn, n int) (err error) {
	l := c.list
	for done := 0; done < n; {
		if len(l.held) == 0 {
			if err := c.hold(); err != nil && !errors.Is(err, io.EOF) {
				return err
			}
		}
		if l.begun && (len(l.held) == 0 || l.held[0].RepetitionLevel() == 0) {
			p.texts = append(p.texts, l.closing...)
			c.ends[done] = len(p.texts)
			l.begun = false
			done++
			continue
		}
		if len(l.held) == 0 {
			return errors.New("it has fewer lists than the file says rows: copy it again")
		}
		v := l.held[0]
		l.held = l.held[1:]
		if p.texts, err = c.element(p.texts, v); err != nil {
			return err
		}
	}
	return nil
}

// element appends a value of the row at hand, or begins the next row with it.
func (c *parquetColumn) element(b []byte, v parquet.Value) ([]byte, error) {
	l := c.list
	first := v.RepetitionLevel() == 0
	switch {
	case first:
		l.begun, l.closing, l.elements = true, "]", 0
		if l.nullable && v.DefinitionLevel() == 0 {
			l.closing = ""
			return append(b, "NaN"...), nil
		}
		b = append(b, '[')
	case !l.begun:
		return b, errors.New("it is damaged: a list begins inside of another")
	default:
		b = append(b, ',')
	}
	if l.elements++; l.elements > longestList {
		return b, fmt.Errorf("it has a list of more than %d numbers: leave it out", longestList)
	}
	switch {
	case !v.IsNull():
		return c.render(b, v)
	case c.Optional() && v.DefinitionLevel() == c.MaxDefinitionLevel()-1:
		return append(b, "NaN"...), nil
	}
	return b, nil // an empty list
}

// hold reads more values; io.EOF after the last of a row group.
func (c *parquetColumn) hold() (err error) {
	l := c.list
	for {
		if c.reader == nil {
			if c.page, err = c.pages.ReadPage(); errors.Is(err, io.EOF) {
				return io.EOF
			} else if err != nil {
				return fmt.Errorf("it is damaged: %w", err)
			}
			c.reader = c.page.Values()
		}
		k, err := c.reader.ReadValues(l.buffer)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("it is damaged: %w", err)
		}
		l.held = l.buffer[:k]
		if err != nil || k == 0 {
			parquet.Release(c.page)
			c.page, c.reader = nil, nil
		}
		if k > 0 {
			return nil
		}
	}
}
