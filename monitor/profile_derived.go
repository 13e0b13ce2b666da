package monitor

import (
	"bytes"
	"math"
	"strconv"

	"github.com/weir-gateway/weir/monitor/describe"
	"github.com/weir-gateway/weir/protocol"
)

// derivedBuilder collects the numbers of a column of texts or embeddings.
type derivedBuilder struct {
	of      *derivedColumn // shared by its parts: the first vector decides the dimensions of all
	parts   []*valueBuilder
	reader  *cellReader
	scratch []byte
	mean    *firstMean // of an embedding of the whole table; nil: of a part
}

func newDerivedBuilder(of *derivedColumn, seed uint64) *derivedBuilder {
	b := &derivedBuilder{of: of, reader: newCellReader(of)}
	for i, name := range of.names {
		part := newNumberBuilder(name, seed<<8|uint64(i+1)) // columns of a table are hardly 2^24
		part.role = of.Role
		b.parts = append(b.parts, part)
	}
	return b
}

func (b *derivedBuilder) column() (name, role string) { return b.of.Column, b.of.Role }
func (b *derivedBuilder) derivation() *Derivation     { return &b.of.Derivation }

func (b *derivedBuilder) another(seed uint64) columnBuilder { return newDerivedBuilder(b.of, seed) }

func (b *derivedBuilder) add(text string, missing map[string]bool) {
	b.scratch = append(b.scratch[:0], text...)
	kind := protocol.Missing
	if !missing[text] {
		kind = b.reader.read(b.scratch)
	}
	parts := b.parts
	if len(b.of.Center) == 0 && b.of.Kind == derivedEmbedding { // not known yet, and known from rows that it must not describe
		parts = parts[:len(parts)-1]
		if kind == protocol.Number && b.mean != nil {
			b.of.Center = b.mean.add(b.reader.vector)
		}
	}
	for i, part := range parts {
		switch kind {
		case protocol.Number:
			part.number(b.reader.numbers[i])
		case protocol.Missing:
			part.missing++
		default:
			part.infinite++
		}
	}
}

// features are those that have a value.
func (b *derivedBuilder) features() (all []ProfileFeature) {
	for i, part := range b.parts {
		if part.numbers == 0 {
			continue
		}
		f := ProfileFeature{Name: part.name, Role: part.role, Kind: kindNumeric, Count: part.numbers, Missing: part.missing, Invalid: part.infinite}
		f.Numeric = part.numeric()
		f.Numeric.Integer = f.Numeric.Integer && b.of.as(i).whole
		all = append(all, f)
	}
	return all
}

// cellReader makes the numbers of a table's cells of one column.
type cellReader struct {
	of              *derivedColumn
	vector, numbers []float64
}

func newCellReader(of *derivedColumn) *cellReader {
	return &cellReader{of: of, numbers: make([]float64, len(of.names))}
}

// read makes the numbers of a text, or of a vector that is written as JSON; the first
// vector decides how many dimensions there are, where that is not known. Missing: a
// text or a list of nothing, as in requests. Invalid: it is no such thing.
func (r *cellReader) read(text []byte) protocol.Kind {
	if r.of.Kind == derivedText {
		if r.of.text(text, r.numbers) {
			return protocol.Number
		}
		return protocol.Missing
	}
	inner, opened := bytes.CutPrefix(text, []byte("["))
	inner, closed := bytes.CutSuffix(inner, []byte("]"))
	if !opened || !closed {
		return protocol.Invalid
	}
	if len(bytes.TrimSpace(inner)) == 0 {
		return protocol.Missing
	}
	r.vector = r.vector[:0]
	for element := range bytes.SplitSeq(inner, []byte(",")) {
		x, err := strconv.ParseFloat(string(bytes.TrimSpace(element)), 64)
		if err != nil || math.IsNaN(x) || math.IsInf(x, 0) || len(r.vector) == describe.MaxDims {
			return protocol.Invalid
		}
		r.vector = append(r.vector, x)
	}
	if n := len(r.vector); r.of.Dims == 0 && n >= describe.MinDims {
		r.of.Dims = n
	}
	if r.of.Dims > 0 && r.of.project(r.vector, r.numbers) {
		return protocol.Number
	}
	return protocol.Invalid
}
