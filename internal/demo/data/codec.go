package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// The file is a zstd frame over a sequence of columns, each
//
//	uvarint len(name), name, kind byte, uvarint rows, uvarint len(payload), payload
//
// Columns lie one after another rather than row by row because bytes of one
// kind compress better beside each other.
const magic = "weir-columns-1\n"

type kind byte

const (
	// kindDelta codes each value as the difference to the one before.
	kindDelta kind = 'd'
	// kindNumber is a dictionary of the distinct values, as 8 bytes each, and
	// an index a row; index 0 is a missing value. Exact for any float64.
	kindNumber kind = 'f'
	// kindText is a dictionary of at most 255 strings and a byte a row.
	kindText kind = 't'
)

var errCut = errors.New("column data ends early")

// Writer collects columns for [Writer.Finish].
type Writer struct{ buf []byte }

// Deltas adds a column of whole numbers that mostly rise slowly.
func (w *Writer) Deltas(name string, values []int32) {
	var p []byte
	var last int64
	for _, v := range values {
		p = binary.AppendVarint(p, int64(v)-last)
		last = int64(v)
	}
	w.column(name, kindDelta, len(values), p)
}

// Numbers adds a column of numbers with few distinct values; NaN is missing.
func (w *Writer) Numbers(name string, values []float64) {
	distinct := slices.Clone(values)
	distinct = slices.DeleteFunc(distinct, math.IsNaN)
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)

	p := binary.AppendUvarint(nil, uint64(len(distinct)))
	for _, v := range distinct {
		p = binary.LittleEndian.AppendUint64(p, math.Float64bits(v))
	}
	for _, v := range values {
		i := 0
		if !math.IsNaN(v) {
			at, _ := slices.BinarySearch(distinct, v)
			i = at + 1
		}
		p = binary.AppendUvarint(p, uint64(i))
	}
	w.column(name, kindNumber, len(values), p)
}

// Texts adds a column of strings with at most 255 distinct values.
func (w *Writer) Texts(name string, values []string) error {
	distinct := slices.Clone(values)
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	if len(distinct) > 255 {
		return fmt.Errorf("data: column %s has %d distinct texts, at most 255 fit", name, len(distinct))
	}
	p := binary.AppendUvarint(nil, uint64(len(distinct)))
	for _, v := range distinct {
		p = binary.AppendUvarint(p, uint64(len(v)))
		p = append(p, v...)
	}
	for _, v := range values {
		at, _ := slices.BinarySearch(distinct, v)
		p = append(p, byte(at))
	}
	w.column(name, kindText, len(values), p)
	return nil
}

func (w *Writer) column(name string, k kind, rows int, payload []byte) {
	w.buf = binary.AppendUvarint(w.buf, uint64(len(name)))
	w.buf = append(w.buf, name...)
	w.buf = append(w.buf, byte(k))
	w.buf = binary.AppendUvarint(w.buf, uint64(rows))
	w.buf = binary.AppendUvarint(w.buf, uint64(len(payload)))
	w.buf = append(w.buf, payload...)
}

// Finish returns the compressed file. The same columns give the same bytes
// with the same version of the compressor.
func (w *Writer) Finish() ([]byte, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("data: start compressor: %w", err)
	}
	packed := enc.EncodeAll(append([]byte(magic), w.buf...), nil)
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("data: end compressor: %w", err)
	}
	return packed, nil
}

// cursor reads the format; the first failure sticks in err.
type cursor struct {
	b   []byte
	err error
}

func (c *cursor) uvarint() int {
	v, n := binary.Uvarint(c.b)
	if n <= 0 || v > math.MaxInt32 {
		c.fail()
		return 0
	}
	c.b = c.b[n:]
	return int(v)
}

func (c *cursor) varint() int64 {
	v, n := binary.Varint(c.b)
	if n <= 0 {
		c.fail()
		return 0
	}
	c.b = c.b[n:]
	return v
}

func (c *cursor) take(n int) []byte {
	if n > len(c.b) {
		c.fail()
		return nil
	}
	out := c.b[:n]
	c.b = c.b[n:]
	return out
}

func (c *cursor) fail() {
	if c.err == nil {
		c.err = errCut
	}
	c.b = nil
}
