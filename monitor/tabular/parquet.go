package tabular

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

const (
	parquetMagic = "PAR1"
	// parquetBatch is how many rows are turned into texts at once.
	parquetBatch = 1024
	// parquetInMemory bounds a Parquet table that comes from a pipe.
	parquetInMemory = 1 << 30
)

// isParquet knows Parquet by its first five bytes. What follows the magic is never
// printable there; in CSV it would be a column whose name begins with PAR1.
func isParquet(first []byte) bool {
	if !bytes.HasPrefix(first, []byte(parquetMagic)) && !bytes.HasPrefix(first, []byte("PARE")) {
		return false
	}
	return len(first) == len(parquetMagic) || first[4] < ' ' && !strings.ContainsRune("\t\r\n", rune(first[4])) || first[4] > '~'
}

// parquetRows streams a Parquet file, one row group after the other and of it the
// wanted columns only, a batch of rows at a time.
type parquetRows struct {
	file    *parquet.File
	groups  []parquet.RowGroup // those that are not begun
	group   int                // the one at hand, from 1
	left    int64              // rows of it that are not read
	columns []*parquetColumn   // the wanted ones
	chosen  bool
	lists   []string // names of columns that may be lists
	batch   int64    // rows that are turned into texts at once

	rows, at int // of the batch, and of those the next
	record   []string
	values   []parquet.Value
	texts    []byte
}

// parquetColumn is a wanted column.
type parquetColumn struct {
	*parquet.Column        // the leaf
	name            string // of the column that it is the leaf of
	list            *list  // nil: a value a row
	place           int    // in the row
	render          render
	pages           parquet.Pages
	page            parquet.Page
	reader          parquet.ValueReader // of the page
	ends            [parquetBatch]int   // of its texts in the batch's
	cells           [parquetBatch]string
}

// openParquet reads the directory at the end of a file; b has it from the start.
func openParquet(from io.Reader, b io.Reader, lists []string) (*Rows, error) {
	at, size, err := inPlace(from, b)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTable, err)
	}
	p, names, err := newParquet(at, size)
	if err != nil {
		return nil, fmt.Errorf("%w: it begins like a Parquet file and cannot be read as one: %w", ErrTable, err)
	}
	p.lists = lists
	return newRows(p, names)
}

// inPlace finds a way to read anywhere in a table: in the file it comes from, or
// all of it in memory.
func inPlace(from, rest io.Reader) (io.ReaderAt, int64, error) {
	if file, ok := from.(interface {
		io.ReaderAt
		io.Seeker
	}); ok {
		if size, err := file.Seek(0, io.SeekEnd); err == nil { // a pipe is a file too, and has no end yet
			return file, size, nil
		}
	}
	data, err := io.ReadAll(io.LimitReader(rest, parquetInMemory+1))
	if err != nil {
		return nil, 0, err
	}
	if len(data) > parquetInMemory {
		return nil, 0, errors.New("it is Parquet of more than 1 GiB in a pipe, and Parquet begins at its end: give the file's name instead")
	}
	return bytes.NewReader(data), int64(len(data)), nil
}

func newParquet(at io.ReaderAt, size int64) (p *parquetRows, names []string, err error) {
	defer recovered(&err)
	if err := checkEnd(at, size); err != nil {
		return nil, nil, err
	}
	file, err := parquet.OpenFile(at, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true), parquet.ReadBufferSize(64<<10))
	if err != nil {
		return nil, nil, err
	}
	for _, c := range file.Root().Columns() {
		names = append(names, strings.Clone(c.Name()))
	}
	if len(names) == 0 {
		return nil, nil, errors.New("it has no columns")
	}
	return &parquetRows{
		file: file, groups: file.RowGroups(), record: make([]string, len(names)), values: make([]parquet.Value, parquetBatch), batch: parquetBatch,
	}, names, nil
}

// checkEnd checks what the reader of Parquet would take on trust.
func checkEnd(at io.ReaderAt, size int64) error {
	const tail = 8 // the directory's length and the magic
	var end [tail]byte
	if size < tail+int64(len(parquetMagic)) {
		return fmt.Errorf("it ends after %d bytes: copy it again", size)
	}
	if _, err := at.ReadAt(end[:], size-tail); err != nil {
		return err
	}
	switch string(end[4:]) {
	case parquetMagic:
	case "PARE":
		return errors.New("it is encrypted: write it without encryption")
	default:
		return errors.New("its end is missing: copy it again")
	}
	if n := int64(binary.LittleEndian.Uint32(end[:])); n > size-tail-int64(len(parquetMagic)) {
		return fmt.Errorf("its directory would have %d bytes in a file of %d: copy it again", n, size)
	}
	return nil
}

// recovered makes an error of a panic: the reader of Parquet gives some for damaged
// files.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("it is damaged: %v", r)
	}
}

func (p *parquetRows) only(wanted func(int) bool) (err error) {
	defer recovered(&err)
	p.chosen = true
	for i, c := range p.file.Root().Columns() {
		if !wanted(i) {
			continue
		}
		one := &parquetColumn{Column: c, name: c.Name(), place: i}
		if one.render, err = renderer(c); errors.Is(err, errNested) && slices.Contains(p.lists, strings.TrimSpace(c.Name())) {
			err = p.asList(one)
		}
		if err != nil {
			return fmt.Errorf("column %q %w: leave it out, or write the file with flat columns of numbers, truths or texts", c.Name(), err)
		}
		if how, mend := p.misread(one.Column); how != "" {
			return fmt.Errorf("column %q is written %s, which is not read right yet: leave it out, or write the file %s", c.Name(), how, mend)
		}
		p.columns = append(p.columns, one)
	}
	return nil
}

// asList makes a column of lists of numbers readable.
func (p *parquetRows) asList(c *parquetColumn) (err error) {
	leaf, ok := listLeaf(c.Column)
	if !ok {
		return errors.New("is nested otherwise than as lists of numbers")
	}
	c.list = &list{nullable: c.Optional(), buffer: make([]parquet.Value, parquetBatch)}
	c.Column, p.batch = leaf, listBatch
	c.render, err = physical(leaf.Type().Kind())
	return err
}

// misread says how a column is written that parquet-go 0.32 reads as other values,
// without an error, and how to write it instead (docs/adr/0112).
func (p *parquetRows) misread(c *parquet.Column) (how, mend string) {
	for _, g := range p.file.Metadata().RowGroups {
		if g.NumRows == 0 {
			continue
		}
		chunk := &g.Columns[c.Index()].MetaData
		switch {
		case chunk.Codec == format.Lz4 || chunk.Codec == format.Lz4Raw:
			return "in LZ4", "in snappy, zstd or gzip"
		case c.Type().Kind() == parquet.Boolean && inRuns(chunk):
			return "as truths in RLE encoding", "with data pages of version 1"
		}
	}
	return "", ""
}

// inRuns reports whether values are RLE-encoded; beside PLAIN, RLE is of the levels.
func inRuns(chunk *format.ColumnMetaData) bool {
	if slices.Contains(chunk.Encoding, format.RLE) && !slices.Contains(chunk.Encoding, format.Plain) {
		return true
	}
	return slices.ContainsFunc(chunk.EncodingStats, func(s format.PageEncodingStats) bool {
		return s.PageType != format.DictionaryPage && s.Encoding == format.RLE
	})
}

func (p *parquetRows) next() ([]string, error) {
	if p.at == p.rows {
		if err := p.fill(); err != nil {
			return nil, err
		}
	}
	for _, c := range p.columns {
		p.record[c.place] = c.cells[p.at]
	}
	p.at++
	return p.record, nil
}

// fill reads the next batch of at least one row; io.EOF after the last.
func (p *parquetRows) fill() (err error) {
	defer recovered(&err)
	if !p.chosen {
		if err := p.only(func(int) bool { return true }); err != nil {
			return err
		}
	}
	for p.left == 0 {
		if err := p.nextGroup(); err != nil {
			return err
		}
	}
	n := int(min(p.left, p.batch))
	p.texts = p.texts[:0]
	for _, c := range p.columns {
		read := p.read
		if c.list != nil {
			read = p.readLists
		}
		if err := read(c, n); err != nil {
			return fmt.Errorf("row group %d, column %q: %w", p.group, c.name, err)
		}
	}
	texts, from := string(p.texts), 0 // one copy for the whole batch
	for _, c := range p.columns {
		for i, end := range c.ends[:n] {
			c.cells[i] = texts[from:end]
			from = end
		}
	}
	p.left -= int64(n)
	p.rows, p.at = n, 0
	return nil
}

// nextGroup goes to the beginning of the next row group.
func (p *parquetRows) nextGroup() error {
	if len(p.groups) == 0 {
		return io.EOF
	}
	g := p.groups[0]
	p.groups, p.group, p.left = p.groups[1:], p.group+1, max(g.NumRows(), 0)
	chunks := g.ColumnChunks()
	for _, c := range p.columns {
		if c.pages != nil {
			_ = c.pages.Close() // read to its end
		}
		c.pages, c.page, c.reader = chunks[c.Index()].Pages(), nil, nil
		if c.list != nil {
			c.list.held, c.list.begun = nil, false
		}
	}
	return nil
}

// read appends the texts of a column's next n rows.
func (p *parquetRows) read(c *parquetColumn, n int) (invalid error) {
	for done := 0; done < n; {
		if c.reader == nil {
			if err := c.nextPage(); err != nil {
				return err
			}
		}
		k, err := c.reader.ReadValues(p.values[:n-done])
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("it is damaged: %w", err)
		}
		for i, v := range p.values[:k] {
			if p.texts, invalid = c.append(p.texts, v); invalid != nil {
				return invalid
			}
			c.ends[done+i] = len(p.texts)
		}
		done += k
		if err != nil || k == 0 {
			parquet.Release(c.page)
			c.page, c.reader = nil, nil
		}
	}
	return nil
}

func (c *parquetColumn) append(b []byte, v parquet.Value) ([]byte, error) {
	if v.IsNull() {
		return append(b, "NaN"...), nil
	}
	return c.render(b, v)
}

func (c *parquetColumn) nextPage() (err error) {
	c.page, err = c.pages.ReadPage()
	if errors.Is(err, io.EOF) {
		return errors.New("it has fewer values than the file says rows: copy it again")
	}
	if err != nil {
		return fmt.Errorf("it is damaged: %w", err)
	}
	c.reader = c.page.Values()
	return nil
}
