package protocol

import (
	"strings"
	"testing"
)

func TestPlainJSON(t *testing.T) {
	check(t, protocolNamed(t, "json", map[string][]string{"x": {"first", "second"}, "u": {"a", "b", "c", "d"}}), true, []bodyCase{
		{`{"a":1,"b":"x","c":null,"d":true,"e":NaN}`, `a b c d e | 1 "x" - 1 -`},
		{`[{"a":1},{"b":2},{"a":3,"b":4}]`, `a b | 1 - | - 2 | 3 4`},
		{`{"a":{"b":{"c":1}},"d":{"e":2},"f":3}`, `a.b.c d.e f | 1 2 3`},
		{`{"a":{"b":{"c":1},"d":2,"e":{"g":3}}}`, `a.b.c a.d a.e.g | 1 2 3`},
		{`{"x":[1,2],"y":[3]}`, `first second y[0] | 1 2 3`},
		{`{"u":[1,{},[2],null]}`, `a b c d | 1 ! ! -`},
		{`{"items":[{"a":1}],"m":[[1]],"b":2}`, `b | 2 skipped items: rank skipped m: rank`},
		{`[{"y":[1,2]},{"y":[3]}]`, `y[0] y[1] | 1 2 | 3 -`},
		{`{"a":1,"a":2}`, `a | 2`},
		{`{"a":{},"b":[]}`, ` |`},
		{`[[1,2],[3,4]]`, `value[0] value[1] | 1 2 | 3 4`},
		{`[1,2]`, `value | 1 | 2`},
		{`0.7`, `value | 0.7`},
		{`[]`, ``},
		{`{"\u0061":1}`, `a | 1`},
		{`{"` + "\xff" + `":1}`, `not_json: a column's name is not UTF-8`},
		{`{"a":01}`, `not_json: a number with a leading zero at byte 5`},
		{`{"a":1.}`, `not_json: expected a digit at byte 7`},
		{`{"a":tru}`, `not_json: expected true at byte 8`},
		{`{"a":"\x"}`, `not_json: expected an escape sequence at byte 7`},
		{`{"a" 1}`, `not_json: expected ':' at byte 5`},
		{`{"a":1`, `truncated: the body ends where the end of an array or object is expected`},
		{`{"a":"x`, `truncated: the body ends inside a string`},
	})
}

func TestNestingBelowTheLimitIsInvalid(t *testing.T) {
	p, err := New("json", Options{Limits: Limits{Depth: 2}})
	if err != nil {
		t.Fatal(err)
	}
	check(t, p, true, []bodyCase{{`{"a":{"b":{"c":1},"d":2}}`, `a.b a.d | ! 2`}})
	deep := strings.Repeat(`{"a":[`, 500) + strings.Repeat(`]}`, 500)
	if got := decode(t, p, true, deep); got != "too_deep: nested deeper than 64 levels" {
		t.Errorf("500 levels: %s", got)
	}
}

func TestLimits(t *testing.T) {
	p, err := New("json", Options{Limits: Limits{Rows: 4, Columns: 3, Cells: 8}})
	if err != nil {
		t.Fatal(err)
	}
	check(t, p, true, []bodyCase{
		{`[1,2,3,4]`, `value | 1 | 2 | 3 | 4`},
		{`[1,2,3,4,5]`, `too_large: more than 4 rows`},
		{`{"a":1,"b":2,"c":3,"d":4}`, `too_large: more than 3 columns`},
		{`{"a":[1,2,3,4],"b":5}`, `b | 5 skipped a: wide`},
		{`[[1,2,3],[4,5,6],[7,8,9]]`, `too_large: more than 8 cells`},
		{`[{"a":1},{"b":1},{},{"c":1}]`, `too_large: more than 8 cells`},
		{`{"` + strings.Repeat("n", 257) + `":1}`, `too_large: a column's name is longer than 256 bytes`},
	})
}

func TestOtherContentTypesAreUnsupported(t *testing.T) {
	for _, name := range []string{"oip", "tfserving", "mlflow", "json"} {
		p := protocolNamed(t, name, nil)
		for contentType, ok := range map[string]bool{
			"multipart/form-data; boundary=x": false, "application/x-parquet": false, "image/png": false,
			"": true, "application/json; charset=utf-8": true, "Application/JSON": true, "application/vnd.x+json": true,
		} {
			var b Batch
			got := decodeInto(&b, p, true, Body{Bytes: []byte(`{"z":1}`), ContentType: contentType, JSONLength: -1})
			if strings.HasPrefix(got, "unsupported") == ok {
				t.Errorf("%s, %q: %s", name, contentType, got)
			}
		}
	}
}
