package tabular

import (
	"bytes"
	"errors"
	"math/big"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// render writes a value that is not null as pandas would write it into CSV.
type render func(b []byte, v parquet.Value) ([]byte, error)

// What cannot be a cell, after a column's name.
var (
	errNested  = errors.New("is nested")
	errBytes   = errors.New("has bytes that are no text")
	errUnknown = errors.New("has a type that is no number, truth, time or text")
)

// renderer says how the values of a column are written.
func renderer(c *parquet.Column) (render, error) {
	if !c.Leaf() || c.Repeated() {
		return nil, errNested
	}
	kind := c.Type().Kind()
	logical := c.Type().LogicalType()
	if logical == nil || logical.Value == nil {
		return physical(kind)
	}
	switch l := logical.Value.(type) {
	case *format.StringType, *format.EnumType, *format.JsonType:
		return text, nil
	case *format.IntType:
		return integer(kind, l.IsSigned)
	case *format.DecimalType:
		return decimal(kind, int(l.Scale))
	case *format.DateType:
		return date, nil
	case *format.TimeType:
		return clock(kind, unit(l.Unit))
	case *format.TimestampType:
		return timestamp(unit(l.Unit), l.IsAdjustedToUTC), nil
	case *format.NullType:
		return text, nil // it has none
	}
	return nil, errUnknown
}

func physical(kind parquet.Kind) (render, error) {
	switch kind {
	case parquet.Boolean:
		return truth, nil
	case parquet.Int32, parquet.Int64:
		return integer(kind, true)
	case parquet.Int96:
		return int96, nil
	case parquet.Float:
		return func(b []byte, v parquet.Value) ([]byte, error) { return appendFloat(b, float64(v.Float()), 32), nil }, nil
	case parquet.Double:
		return func(b []byte, v parquet.Value) ([]byte, error) { return appendFloat(b, v.Double(), 64), nil }, nil
	case parquet.ByteArray:
		return text, nil // old writers do not say so
	}
	return nil, errUnknown
}

func truth(b []byte, v parquet.Value) ([]byte, error) {
	if v.Boolean() {
		return append(b, "True"...), nil
	}
	return append(b, "False"...), nil
}

func text(b []byte, v parquet.Value) ([]byte, error) {
	raw := v.ByteArray()
	if !utf8.Valid(raw) {
		return b, errors.New("it has bytes that are no text: leave it out")
	}
	return append(b, bytes.TrimSpace(raw)...), nil
}

func integer(kind parquet.Kind, signed bool) (render, error) {
	switch {
	case kind == parquet.Int32 && signed:
		return func(b []byte, v parquet.Value) ([]byte, error) {
			return strconv.AppendInt(b, int64(v.Int32()), 10), nil
		}, nil
	case kind == parquet.Int64 && signed:
		return func(b []byte, v parquet.Value) ([]byte, error) { return strconv.AppendInt(b, v.Int64(), 10), nil }, nil
	case kind == parquet.Int32:
		return func(b []byte, v parquet.Value) ([]byte, error) {
			return strconv.AppendUint(b, uint64(v.Uint32()), 10), nil
		}, nil
	case kind == parquet.Int64:
		return func(b []byte, v parquet.Value) ([]byte, error) { return strconv.AppendUint(b, v.Uint64(), 10), nil }, nil
	}
	return nil, errUnknown
}

// appendFloat writes a number that is read back the same; a whole one with its
// point, as data frames have it, see Whole.
func appendFloat(b []byte, x float64, bits int) []byte {
	from := len(b)
	b = strconv.AppendFloat(b, x, 'g', -1, bits)
	if slices.ContainsFunc(b[from:], func(c byte) bool { return (c < '0' || c > '9') && c != '-' }) {
		return b
	}
	return append(b, ".0"...)
}

// decimal writes a whole number with its point scale digits from the right.
func decimal(kind parquet.Kind, scale int) (render, error) {
	if scale < 0 || scale > 1000 {
		return nil, errUnknown
	}
	switch kind {
	case parquet.Int32, parquet.Int64:
		return func(b []byte, v parquet.Value) ([]byte, error) {
			whole := v.Int64()
			if v.Kind() == parquet.Int32 {
				whole = int64(v.Int32())
			}
			return appendPoint(b, strconv.FormatInt(whole, 10), scale), nil
		}, nil
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return func(b []byte, v parquet.Value) ([]byte, error) {
			raw := v.ByteArray()
			if len(raw) > 1024 { // 38 digits are 16 bytes
				return b, errBytes
			}
			whole := new(big.Int).SetBytes(raw)
			if len(raw) > 0 && raw[0]&0x80 != 0 { // two's complement
				whole.Sub(whole, new(big.Int).Lsh(big.NewInt(1), uint(8*len(raw))))
			}
			return appendPoint(b, whole.String(), scale), nil
		}, nil
	}
	return nil, errUnknown
}

func appendPoint(b []byte, digits string, scale int) []byte {
	if digits[0] == '-' {
		b, digits = append(b, '-'), digits[1:]
	}
	for range scale + 1 - len(digits) {
		digits = "0" + digits
	}
	whole := len(digits) - scale
	b = append(b, digits[:whole]...)
	if scale == 0 {
		return b
	}
	return append(append(b, '.'), digits[whole:]...)
}

// unit is how long a count of a time's unit is.
func unit(u format.TimeUnit) time.Duration {
	switch u.Value.(type) {
	case *format.MilliSeconds:
		return time.Millisecond
	case *format.MicroSeconds:
		return time.Microsecond
	}
	return time.Nanosecond
}

func date(b []byte, v parquet.Value) ([]byte, error) {
	return time.Unix(int64(v.Int32())*86400, 0).UTC().AppendFormat(b, time.DateOnly), nil
}

func clock(kind parquet.Kind, each time.Duration) (render, error) {
	if kind != parquet.Int32 && kind != parquet.Int64 {
		return nil, errUnknown
	}
	return func(b []byte, v parquet.Value) ([]byte, error) {
		n := v.Int64()
		if v.Kind() == parquet.Int32 {
			n = int64(v.Int32())
		}
		return moment(n, each).AppendFormat(b, "15:04:05.999999999"), nil
	}, nil
}

// timestamp writes date and time, with the offset where the file says that they are
// in UTC.
func timestamp(each time.Duration, utc bool) render {
	layout := "2006-01-02 15:04:05.999999999"
	if utc {
		layout += "-07:00"
	}
	return func(b []byte, v parquet.Value) ([]byte, error) {
		return moment(v.Int64(), each).AppendFormat(b, layout), nil
	}
}

// moment is n units after 1970; a Duration would end in 2262.
func moment(n int64, each time.Duration) time.Time {
	per := int64(time.Second / each)
	return time.Unix(n/per, n%per*int64(each)).UTC()
}

// int96 is the old timestamp of Spark and Impala: nanoseconds of a Julian day.
func int96(b []byte, v parquet.Value) ([]byte, error) {
	const epoch = 2440588 // the Julian day of 1970-01-01
	i := v.Int96()
	nanos := int64(i[1])<<32 | int64(i[0])
	return time.Unix((int64(i[2])-epoch)*86400, nanos).UTC().AppendFormat(b, "2006-01-02 15:04:05.999999999"), nil
}
