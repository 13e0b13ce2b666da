package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Texts is a column of category names: row i holds Names[Codes[i]].
type Texts struct {
	Names []string
	Codes []uint8
}

// At returns row i's name.
func (t *Texts) At(i int) string { return t.Names[t.Codes[i]] }

// columns is what a file holds, by column name.
type columns struct {
	deltas  map[string][]int32
	numbers map[string][]float64
	texts   map[string]*Texts
}

// maxDecoded bounds what a damaged file could make the loader allocate.
const maxDecoded = 64 << 20

func decode(file []byte) (*columns, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxDecoded))
	if err != nil {
		return nil, fmt.Errorf("data: start decompressor: %w", err)
	}
	defer dec.Close()
	raw, err := dec.DecodeAll(file, nil)
	if err != nil {
		return nil, fmt.Errorf("data: decompress: %w", err)
	}
	body, ok := strings.CutPrefix(string(raw), magic)
	if !ok {
		return nil, errors.New("data: not a column file: the first bytes are not " + strings.TrimSpace(magic))
	}
	cols := &columns{deltas: map[string][]int32{}, numbers: map[string][]float64{}, texts: map[string]*Texts{}}
	c := &cursor{b: []byte(body)}
	for len(c.b) > 0 {
		name := string(c.take(c.uvarint()))
		k := c.take(1)
		rows := c.uvarint()
		p := &cursor{b: c.take(c.uvarint())}
		if c.err != nil {
			return nil, fmt.Errorf("data: column %q: %w", name, c.err)
		}
		if err := cols.add(name, kind(k[0]), rows, p); err != nil {
			return nil, fmt.Errorf("data: column %q: %w", name, err)
		}
	}
	return cols, nil
}

func (cols *columns) add(name string, k kind, rows int, p *cursor) error {
	if rows > len(p.b) { // every kind spends at least a byte a row
		return errCut
	}
	switch k {
	case kindDelta:
		out := make([]int32, rows)
		var last int64
		for i := range out {
			last += p.varint()
			out[i] = int32(last)
		}
		cols.deltas[name] = out
	case kindNumber:
		cols.numbers[name] = p.numbers(rows)
	case kindText:
		cols.texts[name] = p.texts(rows)
	default:
		return fmt.Errorf("unknown kind %q", byte(k))
	}
	return p.err
}

func (c *cursor) numbers(rows int) []float64 {
	distinct := make([]float64, min(c.uvarint(), len(c.b)/8)+1)
	distinct[0] = math.NaN()
	for i := range distinct[1:] {
		distinct[i+1] = math.Float64frombits(binary.LittleEndian.Uint64(c.take(8)))
	}
	out := make([]float64, rows)
	for i := range out {
		at := c.uvarint()
		if at >= len(distinct) {
			c.fail()
			return nil
		}
		out[i] = distinct[at]
	}
	return out
}

func (c *cursor) texts(rows int) *Texts {
	t := &Texts{Names: make([]string, min(c.uvarint(), 255))}
	for i := range t.Names {
		t.Names[i] = string(c.take(c.uvarint()))
	}
	t.Codes = c.take(rows)
	for _, code := range t.Codes {
		if int(code) >= len(t.Names) {
			c.fail()
			return nil
		}
	}
	return t
}
