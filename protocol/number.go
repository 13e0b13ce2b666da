package protocol

import (
	"math"
	"strconv"
	"unsafe"
)

// exactPowers are the powers of ten that float64 holds exactly; a mantissa below
// 2^53 multiplied or divided by one of them is rounded once and thus correctly
// (W. D. Clinger, How to Read Floating Point Numbers Accurately, PLDI 1990).
var exactPowers = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// number consumes a number and returns it as strconv.ParseFloat would. The kind
// is Number, Missing for NaN, Invalid for an infinity or what overflows to one.
//
// Fast path: up to 19 digits and a small exponent are computed on the way (no
// second scan); strconv does the rest. BenchmarkNumber has the difference.
func (s *scanner) number() (float64, Kind, error) {
	start := s.i
	negative := s.i < len(s.b) && s.b[s.i] == '-'
	if negative {
		s.i++
	}
	if s.i < len(s.b) && (s.b[s.i] == 'N' || s.b[s.i] == 'I') {
		return s.notFinite(negative)
	}
	var mantissa uint64
	whole, err := s.digits(&mantissa)
	if err != nil {
		return 0, Invalid, err
	}
	if whole > 1 && s.b[s.i-whole] == '0' {
		return 0, Invalid, &Error{NotJSON, "a number with a leading zero at byte " + itoa(start)}
	}
	count, scale := whole, 0
	if s.i < len(s.b) && s.b[s.i] == '.' {
		s.i++
		n, err := s.digits(&mantissa)
		if err != nil {
			return 0, Invalid, err
		}
		count, scale = count+n, -n
	}
	if s.i < len(s.b) && s.b[s.i]|0x20 == 'e' {
		exponent, err := s.exponent()
		if err != nil {
			return 0, Invalid, err
		}
		scale += exponent
	}
	if count <= 19 && mantissa < 1<<53 && -22 <= scale && scale <= 22 {
		return exact(mantissa, scale, negative), Number, nil
	}
	return slowNumber(s.b[start:s.i])
}

// exact computes mantissa × 10^scale for the operands that Clinger's rule allows.
func exact(mantissa uint64, scale int, negative bool) float64 {
	f := float64(mantissa)
	if scale < 0 {
		f /= exactPowers[-scale]
	} else {
		f *= exactPowers[scale]
	}
	if negative {
		f = -f
	}
	return f
}

// slowNumber is for long or extreme numbers. The string is not kept by strconv on
// success; on a range error the value is an infinity and the error is dropped here.
func slowNumber(b []byte) (float64, Kind, error) {
	f, err := strconv.ParseFloat(unsafe.String(unsafe.SliceData(b), len(b)), 64)
	if err != nil || math.IsInf(f, 0) {
		return 0, Invalid, nil
	}
	return f, Number, nil
}

// digits consumes at least one digit, folding them into m (which wraps past 19
// digits: the caller counts).
func (s *scanner) digits(m *uint64) (int, error) {
	start, v := s.i, *m
	for s.i < len(s.b) {
		d := s.b[s.i] - '0'
		if d > 9 {
			break
		}
		v = v*10 + uint64(d)
		s.i++
	}
	if s.i == start {
		return 0, s.fault("a digit")
	}
	*m = v
	return s.i - start, nil
}

// exponent consumes e, a sign and digits; absurd exponents saturate.
func (s *scanner) exponent() (int, error) {
	s.i++
	negative := false
	if s.i < len(s.b) && (s.b[s.i] == '+' || s.b[s.i] == '-') {
		negative = s.b[s.i] == '-'
		s.i++
	}
	var m uint64
	n, err := s.digits(&m)
	if err != nil {
		return 0, err
	}
	e := int(min(m, 1<<20))
	if n > 19 { // m may have wrapped; any such exponent is out of the fast range or written with zeros
		e = 1 << 20
	}
	if negative {
		e = -e
	}
	return e, nil
}

// notFinite consumes NaN or Infinity.
func (s *scanner) notFinite(negative bool) (float64, Kind, error) {
	if s.b[s.i] == 'N' && !negative {
		return 0, Missing, s.word("NaN")
	}
	return 0, Invalid, s.word("Infinity")
}

// numeric turns any float64 into a cell.
func numeric(f float64) Cell {
	switch {
	case math.IsNaN(f):
		return Cell{}
	case math.IsInf(f, 0):
		return Cell{Kind: Invalid}
	}
	return Cell{Kind: Number, Number: f}
}

func itoa(i int) string { return strconv.Itoa(i) }
