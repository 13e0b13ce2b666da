package protocol

import (
	"encoding/binary"
	"math"
)

// rawData reads raw little-endian data. BYTES elements carry their length in four
// bytes each; all other datatypes have a fixed size and BOOL is a byte.
func (d *oipDecoder) rawData(g *grid, raw []byte) error {
	if g.element == bytesType {
		return d.rawText(g, raw)
	}
	n := g.element.bytes()
	if len(raw) != saturate(saturate(g.rows, g.width), n) {
		return g.fault("its binary data has " + itoa(len(raw)) + " bytes")
	}
	for ; len(raw) > 0; raw = raw[n:] {
		if err := d.place(g, g.element.decode(raw)); err != nil {
			return err
		}
	}
	return nil
}

func (d *oipDecoder) rawText(g *grid, raw []byte) error {
	for len(raw) > 0 {
		if len(raw) < 4 {
			return g.fault("its binary data ends inside a length")
		}
		n := uint64(binary.LittleEndian.Uint32(raw))
		raw = raw[4:]
		if n > uint64(len(raw)) {
			return g.fault("its binary data ends inside an element")
		}
		if err := d.place(g, textCell(raw[:n:n])); err != nil {
			return err
		}
		raw = raw[n:]
	}
	if g.row != g.rows && g.width > 0 {
		return g.fault("it has fewer elements than its shape says")
	}
	return nil
}

// bytes is the size of one element of a fixed size.
func (e element) bytes() int {
	switch e {
	case uint16Type, int16Type, fp16Type, bf16Type:
		return 2
	case uint32Type, int32Type, fp32Type:
		return 4
	case uint64Type, int64Type, fp64Type:
		return 8
	}
	return 1
}

// decode reads the first element of b, which is long enough.
func (e element) decode(b []byte) Cell {
	var f float64
	switch e {
	case fp64Type:
		f = math.Float64frombits(binary.LittleEndian.Uint64(b))
	case fp32Type:
		f = float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
	case fp16Type:
		f = half(binary.LittleEndian.Uint16(b))
	case bf16Type: // the upper half of a float32
		f = float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16))
	case int64Type:
		f = float64(int64(binary.LittleEndian.Uint64(b)))
	case int32Type:
		f = float64(int32(binary.LittleEndian.Uint32(b)))
	case int16Type:
		f = float64(int16(binary.LittleEndian.Uint16(b)))
	case int8Type:
		f = float64(int8(b[0]))
	case uint64Type:
		f = float64(binary.LittleEndian.Uint64(b))
	case uint32Type:
		f = float64(binary.LittleEndian.Uint32(b))
	case uint16Type:
		f = float64(binary.LittleEndian.Uint16(b))
	case uint8Type:
		f = float64(b[0])
	case boolType:
		if b[0] > 1 {
			return Cell{Kind: Invalid}
		}
		f = float64(b[0])
	}
	return numeric(f)
}

// half widens an IEEE 754 binary16.
func half(h uint16) float64 {
	exponent, fraction := int(h>>10&0x1f), float64(h&0x3ff)
	var f float64
	switch exponent {
	case 0:
		f = math.Ldexp(fraction, -24)
	case 0x1f:
		f = math.Inf(1)
		if fraction != 0 {
			f = math.NaN()
		}
	default:
		f = math.Ldexp(1024+fraction, exponent-25)
	}
	if h>>15 != 0 {
		f = -f
	}
	return f
}
