package protocol

import "testing"

func oipInputs(tensors string) string { return `{"inputs":[` + tensors + `]}` }

func TestOIPRequest(t *testing.T) {
	check(t, protocolNamed(t, "oip", map[string][]string{"predict": {"sl", "sw"}, "one": {"only"}}), true, []bodyCase{
		// A tensor a column, or a matrix: n rows are n observations.
		{oipInputs(`{"name":"a","shape":[3],"datatype":"FP64","data":[1,2.5,-3e2]}`), `a | 1 | 2.5 | -300`},
		{oipInputs(`{"name":"a","shape":[2,1],"datatype":"INT64","data":[1,2]},{"name":"b","shape":[2,1],"datatype":"BYTES","data":["x","y"]}`), `a b | 1 "x" | 2 "y"`},
		{oipInputs(`{"name":"m","shape":[2,2],"datatype":"FP32","data":[1,2,3,4]}`), `m[0] m[1] | 1 2 | 3 4`},
		{oipInputs(`{"name":"m","shape":[2,2],"datatype":"FP32","data":[[1,2],[3,4]]}`), `m[0] m[1] | 1 2 | 3 4`},
		{oipInputs(`{"name":"predict","shape":[1,3],"datatype":"FP32","data":[[1,2,3]]}`), `predict[0] predict[1] predict[2] | 1 2 3`},
		{oipInputs(`{"name":"predict","shape":[2,1],"datatype":"FP32","data":[1,2]}`), `predict | 1 | 2`},
		{oipInputs(`{"name":"predict","shape":[2,2],"datatype":"FP32","data":[1,2,3,4]}`), `sl sw | 1 2 | 3 4`},
		{oipInputs(`{"name":"one","shape":[2,1],"datatype":"FP32","data":[1,2]}`), `only | 1 | 2`},
		{oipInputs(`{"name":"m","shape":[2,1,1],"datatype":"FP32","data":[[[1]],[[2]]]}`), `m | 1 | 2`},
		{oipInputs(`{"name":"s","shape":[],"datatype":"FP32","data":7}`), `s | 7`},
		{oipInputs(`{"name":"s","shape":[1],"datatype":"BYTES","data":"x"}`), `s | "x"`},
		// The fields come in any order, with others between.
		{`{"parameters":{"a":[1]},"inputs":[{"data":[1],"x":{},"datatype":"FP64","shape":[1],"name":"a"}],"outputs":[{"name":"o"}],"id":"1"}`, `a | 1`},
		// Types: a value that is not of the tensor's datatype is Invalid, an absent one Missing.
		{oipInputs(`{"name":"a","shape":[6],"datatype":"FP64","data":[null,NaN,"1",{},Infinity,1e999]}`), `a | - | - | ! | ! | ! | !`},
		{oipInputs(`{"name":"a","shape":[3],"datatype":"BYTES","data":["","\u00e9\n",1]}`), "a | \"\" | \"é\\n\" | !"},
		{oipInputs(`{"name":"a","shape":[3],"datatype":"BOOL","data":[true,false,null]}`), `a | 1 | 0 | -`},
		{oipInputs(`{"name":"a","shape":[1],"datatype":"BYTES","data":["` + "\xff" + `"]}`), `a | !`},
		{oipInputs(`{"name":"a","shape":[2],"datatype":"FP64","data":[[1],2]}`), `a | ! | 2`},
		// What is not a table is named, and the rest is read.
		{oipInputs(`{"name":"image","shape":[1,2,2],"datatype":"UINT8","data":[1,2,3,4]},{"name":"a","shape":[1],"datatype":"FP64","data":[1]}`), `a | 1 skipped image: rank`},
		{oipInputs(`{"name":"e","shape":[1,2000],"datatype":"FP32","data":[]}`), ` | skipped e: wide`},
		// Empty.
		{oipInputs(``), ``},
		{oipInputs(`{"name":"a","shape":[0],"datatype":"FP64","data":[]}`), `a`},
		{oipInputs(`{"name":"a","shape":[2,0],"datatype":"FP64","data":[]}`), ` | |`},
	})
}

func TestOIPRequestThatCannotBeRead(t *testing.T) {
	check(t, protocolNamed(t, "oip", nil), true, []bodyCase{
		{``, `truncated: the body is empty`},
		{`[]`, `not_json: expected '{' at byte 0`},
		{`{}`, `schema: no field inputs`},
		{`{"inputs":{}}`, `schema: inputs is not an array`},
		{`{"inputs":[1]}`, `schema: inputs holds something that is not an object`},
		{`{"inputs":[],"inputs":[]}`, `schema: two fields are called inputs`},
		{`{"inputs":[]} x`, `not_json: bytes after the JSON value`},
		{`{"inputs":[]`, `truncated: the body ends where the end of an array or object is expected`},
		{`{"inputs":[],}`, `not_json: expected a key at byte 13`},
		{oipInputs(`{"shape":[1],"datatype":"FP64","data":[1]}`), `schema: a tensor without name`},
		{oipInputs(`{"name":"a","shape":[1],"data":[1]}`), `schema: tensor "a" has no datatype`},
		{oipInputs(`{"name":"a","datatype":"FP64","data":[1]}`), `schema: tensor "a" has no shape`},
		{oipInputs(`{"name":"a","shape":[1],"datatype":"FP64"}`), `schema: tensor "a" has no data`},
		{oipInputs(`{"name":1}`), `schema: a tensor's name is not a string`},
		{oipInputs(`{"name":"a","shape":3}`), `schema: a tensor's shape is not an array`},
		{oipInputs(`{"name":"a","shape":[-1]}`), `shape: a dimension is not a whole number from 0 up`},
		{oipInputs(`{"name":"a","shape":[1.5]}`), `shape: a dimension is not a whole number from 0 up`},
		{oipInputs(`{"name":"a","name":"b"}`), `schema: a tensor has two fields name`},
		{oipInputs(`{"name":"a","shape":[1],"datatype":"FP128","data":[1]}`), `unsupported: datatype "FP128"`},
		{oipInputs(`{"name":"a","shape":[2],"datatype":"FP64","data":[1]}`), `shape: tensor "a": an array in its data has 1 elements`},
		{oipInputs(`{"name":"a","shape":[1],"datatype":"FP64","data":[1,2]}`), `shape: tensor "a": it has more elements than its shape says`},
		{oipInputs(`{"name":"a","shape":[2,2],"datatype":"FP64","data":[[1,2,3],[4]]}`), `shape: tensor "a": an array in its data has 3 elements`},
		{oipInputs(`{"name":"a","shape":[2,2],"datatype":"FP64","data":[[1,2],3,4]}`), `shape: tensor "a": its data mixes arrays and elements`},
		{oipInputs(`{"name":"a","shape":[2],"datatype":"FP64","data":5}`), `shape: tensor "a": its data is not an array`},
		{oipInputs(`{"name":"a","shape":[1],"datatype":"FP64","data":[1]},{"name":"b","shape":[2],"datatype":"FP64","data":[1,2]}`), `shape: tensor "b" has 2 rows, others have 1`},
		{oipInputs(`{"name":"a","shape":[1],"datatype":"FP64","data":[1]},{"name":"a","shape":[1],"datatype":"FP64","data":[1]}`), `schema: two columns are called "a"`},
		{oipInputs(`{"name":"a","shape":[65537],"datatype":"FP64","data":[1]}`), `too_large: more than 65536 rows`},
		{oipInputs(`{"name":"a","shape":[65536,1000],"datatype":"FP64","data":[1]}`), `too_large: more than 262144 cells`},
		{oipInputs(`{"name":"a","shape":[9007199254740992,9007199254740992,9007199254740992],"datatype":"FP64","data":[]}`), `too_large: more than 65536 rows`},
	})
}
