package protocol

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"
)

// withRaw builds a body of the binary extension.
func withRaw(json string, raw []byte) Body {
	return Body{Bytes: append([]byte(json), raw...), JSONLength: len(json), ContentType: "application/octet-stream"}
}

func rawTensor(name, datatype, shape string, size int) string {
	return fmt.Sprintf(`{"name":%q,"shape":%s,"datatype":%q,"parameters":{"binary_data_size":%d}}`, name, shape, datatype, size)
}

func TestBinaryElements(t *testing.T) {
	p := protocolNamed(t, "oip", nil)
	le := binary.LittleEndian
	for _, c := range []struct {
		datatype string
		raw      []byte
		want     string
	}{
		{"FP64", le.AppendUint64(nil, math.Float64bits(-1.25e-7)), "-1.25e-07"},
		{"FP64", le.AppendUint64(nil, math.Float64bits(math.NaN())), "-"},
		{"FP64", le.AppendUint64(nil, math.Float64bits(math.Inf(-1))), "!"},
		{"FP32", le.AppendUint32(nil, math.Float32bits(0.5)), "0.5"},
		{"FP32", le.AppendUint32(nil, math.Float32bits(float32(math.Inf(1)))), "!"},
		// IEEE 754 binary16: 1, -2, the largest, the smallest normal and subnormal, zero, infinity, NaN.
		{"FP16", []byte{0x00, 0x3c}, "1"},
		{"FP16", []byte{0x00, 0xc0}, "-2"},
		{"FP16", []byte{0xff, 0x7b}, "65504"},
		{"FP16", []byte{0x00, 0x04}, "6.103515625e-05"},
		{"FP16", []byte{0x01, 0x00}, "5.960464477539063e-08"},
		{"FP16", []byte{0x00, 0x00}, "0"},
		{"FP16", []byte{0x00, 0x7c}, "!"},
		{"FP16", []byte{0x01, 0x7c}, "-"},
		{"BF16", []byte{0xc0, 0x3f}, "1.5"},
		{"BF16", []byte{0x80, 0xff}, "!"},
		{"INT64", le.AppendUint64(nil, ^uint64(4)), "-5"},
		{"INT32", le.AppendUint32(nil, 1<<31), "-2.147483648e+09"},
		{"INT16", []byte{0xff, 0xff}, "-1"},
		{"INT8", []byte{0x80}, "-128"},
		{"UINT64", le.AppendUint64(nil, math.MaxUint64), "1.8446744073709552e+19"},
		{"UINT32", le.AppendUint32(nil, math.MaxUint32), "4.294967295e+09"},
		{"UINT16", []byte{0xff, 0xff}, "65535"},
		{"UINT8", []byte{0xff}, "255"},
		{"BOOL", []byte{1}, "1"},
		{"BOOL", []byte{0}, "0"},
		{"BOOL", []byte{2}, "!"},
		{"BYTES", []byte{2, 0, 0, 0, 'h', 'i'}, `"hi"`},
		{"BYTES", []byte{1, 0, 0, 0, 0xff}, "!"},
	} {
		var b Batch
		body := withRaw(oipInputs(rawTensor("a", c.datatype, "[1]", len(c.raw))), c.raw)
		if got := decodeInto(&b, p, true, body); got != "a | "+c.want {
			t.Errorf("%s % x: got %s, want %s", c.datatype, c.raw, got, c.want)
		}
	}
}

func TestBinaryExtension(t *testing.T) {
	p := protocolNamed(t, "oip", map[string][]string{"m": {"x", "y"}})
	f32 := func(values ...float32) (b []byte) {
		for _, v := range values {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		return b
	}
	text := []byte("\x02\x00\x00\x00ab\x00\x00\x00\x00")
	for _, c := range []struct {
		name, json string
		raw        []byte
		want       string
	}{
		{"a matrix", oipInputs(rawTensor("m", "FP32", "[2,2]", 16)), f32(1, 2, 3, 4), `x y | 1 2 | 3 4`},
		{
			"JSON between two binary tensors",
			oipInputs(rawTensor("a", "FP32", "[2]", 8) + `,{"name":"j","shape":[2],"datatype":"INT8","data":[7,8]},` + rawTensor("s", "BYTES", "[2,1]", len(text))),
			append(f32(1, 2), text...), `a j s | 1 7 "ab" | 2 8 ""`,
		},
		{
			"an image is passed over",
			oipInputs(rawTensor("i", "UINT8", "[1,2,2]", 4) + "," + rawTensor("a", "FP32", "[1]", 4)),
			append([]byte{1, 2, 3, 4}, f32(5)...), `a | 5 skipped i: rank`,
		},
		{"no rows", oipInputs(rawTensor("a", "FP32", "[0]", 0)), nil, `a`},
		{"too few bytes", oipInputs(rawTensor("a", "FP32", "[2]", 4)), f32(1), `shape: tensor "a": its binary data has 4 bytes`},
		{"ends early", oipInputs(rawTensor("a", "FP32", "[2]", 8)), f32(1), `truncated: the body ends inside the binary data of tensor "a"`},
		{"bytes left", oipInputs(rawTensor("a", "FP32", "[1]", 4)), f32(1, 2), `shape: 4 bytes follow the last binary tensor`},
		{"a length past the end", oipInputs(rawTensor("a", "BYTES", "[1]", 5)), []byte{9, 0, 0, 0, 'a'}, `shape: tensor "a": its binary data ends inside an element`},
		{"half a length", oipInputs(rawTensor("a", "BYTES", "[1]", 3)), []byte{9, 0, 0}, `shape: tensor "a": its binary data ends inside a length`},
		{"too few texts", oipInputs(rawTensor("a", "BYTES", "[3]", len(text))), text, `shape: tensor "a": it has fewer elements than its shape says`},
		{"too many texts", oipInputs(rawTensor("a", "BYTES", "[1]", len(text))), text, `shape: tensor "a": it has more elements than its shape says`},
		{
			"data twice",
			oipInputs(`{"name":"a","shape":[1],"datatype":"UINT8","parameters":{"binary_data_size":1},"data":[1]}`),
			[]byte{1},
			`schema: tensor "a" has both data and binary_data_size`,
		},
		{"a size that is none", oipInputs(`{"name":"a","parameters":{"binary_data_size":-4}}`), nil, `shape: binary_data_size is not a whole number from 0 up`},
	} {
		var b Batch
		if got := decodeInto(&b, p, true, withRaw(c.json, c.raw)); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestTheJSONPartMustBeThere(t *testing.T) {
	p := protocolNamed(t, "oip", nil)
	var b Batch
	if got := decodeInto(&b, p, true, Body{Bytes: []byte(`{}`), JSONLength: 3}); got != `truncated: the body is shorter than its JSON part is said to be` {
		t.Error(got)
	}
	if got := decodeInto(&b, p, true, Body{Bytes: []byte{1, 2}, JSONLength: 0}); got != `truncated: the body is empty` {
		t.Error(got) // Triton's raw requests carry no description that could be read
	}
	body := oipInputs(rawTensor("a", "FP32", "[1]", 4))
	if got := decodeInto(&b, p, true, Body{Bytes: []byte(body), JSONLength: -1}); got != `truncated: the body ends inside the binary data of tensor "a"` {
		t.Error(got)
	}
}
