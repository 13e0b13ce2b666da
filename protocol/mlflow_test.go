package protocol

import "testing"

func TestMLflowRequest(t *testing.T) {
	check(t, protocolNamed(t, "mlflow", nil), true, []bodyCase{
		{`{"dataframe_split":{"columns":["a","b"],"index":[0,1],"data":[[1,"x"],[null,"y"]]}}`, `a b | 1 "x" | - "y"`},
		{`{"dataframe_split":{"data":[[1,2]],"columns":[0,"v\u0061l"]}}`, `0 val | 1 2`},
		{`{"dataframe_split":{"data":[[1,2]]}}`, `data[0] data[1] | 1 2`},
		{`{"dataframe_split":{"columns":["a","v"],"data":[[1,[2,3]]]}}`, `a v[0] v[1] | 1 2 3`},
		{`{"dataframe_split":{"columns":["a"],"data":[]}}`, ``},
		{`{"dataframe_records":[{"a":1,"b":2},{"a":3}],"params":{"x":1}}`, `a b | 1 2 | 3 -`},
		{`{"instances":[[1,2],[3,4]]}`, `instances[0] instances[1] | 1 2 | 3 4`},
		{`{"instances":{"a":[1,2]}}`, `a | 1 | 2`},
		{`{"inputs":{"a":[1,2],"b":["x","y"]}}`, `a b | 1 "x" | 2 "y"`},
		{`{"inputs":[[1,2]]}`, `inputs[0] inputs[1] | 1 2`},
		{`{"inputs":[{"a":1}]}`, `a | 1`},
		{`{"inputs":"hello"}`, `inputs | "hello"`},
		{`{"dataframe_split":{"columns":["a","b"],"data":[[1]]}}`, `shape: "dataframe_split": row 0 is not like the rows before`},
		{`{"dataframe_split":{"columns":["a"],"data":[1]}}`, `schema: row 0 of dataframe_split is not an array`},
		{`{"dataframe_split":{"columns":[["a"]],"data":[[1]]}}`, `unsupported: a column of dataframe_split is neither a string nor a number`},
		{`{"dataframe_split":{"columns":["a"]}}`, `schema: dataframe_split has no data`},
		{`{"dataframe_split":{"columns":["a","a"],"data":[[1,2]]}}`, `schema: dataframe_split has two columns of one name`},
		{`{"inputs":[1],"instances":[1]}`, `schema: both instances and inputs`},
		{`{"x":1}`, `schema: none of dataframe_split, dataframe_records, instances, inputs`},
	})
}

func TestMLflowCSV(t *testing.T) {
	p := protocolNamed(t, "mlflow", nil)
	for _, c := range []bodyCase{
		{"a,b,c\n1,x,\n-2.5e3,\"y,z\",nan\n", `a b c | 1 "x" - | -2500 "y,z" -`},
		{"\xef\xbb\xbfa\r\nTrue\r\n0x10\r\ninf\r\n", `a | 1 | "0x10" | !`},
		{"a,b\n", `a b`},
		{"a,b\n1\n", `shape: line 2 has another number of fields than the header`},
		{"a,b\n1,\"2\n", `schema: broken CSV in line 2`},
		{"a,a\n1,2\n", `schema: two columns are called "a"`},
		{"", `truncated: the body is empty`},
	} {
		var b Batch
		if got := decodeInto(&b, p, true, Body{Bytes: []byte(c.body), ContentType: "text/csv; charset=utf-8", JSONLength: -1}); got != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.body, got, c.want)
		}
	}
}

func TestMLflowResponse(t *testing.T) {
	check(t, protocolNamed(t, "mlflow", nil), false, []bodyCase{
		{`{"predictions": [0, 2]}`, `predictions | 0 | 2`},
		{`{"predictions": [[0.1, 0.9], [0.2, 0.8]]}`, `predictions[0] predictions[1] | 0.1 0.9 | 0.2 0.8`},
		{`{"predictions": [{"label": "a", "p": 0.5}]}`, `label p | "a" 0.5`},
		{`{"predictions": {"a": [1, 2]}}`, `a | 1 | 2`},
		{`{"predictions": "text"}`, `predictions | "text"`},
		{`[1, 2]`, `predictions | 1 | 2`},
		{`[1, 2] 3`, `not_json: bytes after the JSON value`},
		{`{"error_code": "BAD_REQUEST"}`, `schema: no field predictions`},
	})
}
