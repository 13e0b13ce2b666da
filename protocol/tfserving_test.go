package protocol

import "testing"

func TestTFServingRequest(t *testing.T) {
	check(t, protocolNamed(t, "tfserving", map[string][]string{"dense": {"age", "pay"}}), true, []bodyCase{
		// The row format: scalars, lists, objects.
		{`{"instances":[1,2.5,null]}`, `instances | 1 | 2.5 | -`},
		{`{"instances":[[1,2],[3,4]]}`, `instances[0] instances[1] | 1 2 | 3 4`},
		{`{"instances":[[1],[2]]}`, `instances | 1 | 2`},
		{`{"signature_name":"s","instances":[{"a":1,"b":"x"},{"b":"y"},{"c":true,"a":3}]}`, `a b c | 1 "x" - | - "y" - | 3 - 1`},
		{`{"instances":[{"x":[5.1],"y":[1,2]}]}`, `x y[0] y[1] | 5.1 1 2`},
		{`{"instances":[{"dense":[5,6]}]}`, `age pay | 5 6`},
		{`{"instances":[{"dense":[5,6,7]}]}`, `dense[0] dense[1] dense[2] | 5 6 7`},
		{`{"instances":[{"s":{"b64":"aGk="}},{"s":{"b64":"/w=="}},{"s":{"b64":"!"}}]}`, `s | "hi" | ! | !`},
		{`{"instances":[{"b64":"aGk="},{"b64":"aG8="}]}`, `instances | "hi" | "ho"`},
		{`{"instances":[{"a":{"b":1,"c":{"d":2}},"e":3}]}`, `a.b a.c.d e | 1 2 3`},
		{`{"instances":[[[1,2],[3,4]],[[5,6],[7,8]]]}`, ` | | skipped instances: rank`},
		{`{"instances":[{"image":[[1,2],[3,4]],"a":1}]}`, `a | 1 skipped image: rank`},
		{`{"instances":[]}`, ``},
		{`{"instances":[{},null,{"a":1}]}`, `a | - | - | 1`},
		// The columnar format: n rows are n observations, a scalar applies to all.
		{`{"inputs":{"a":[1,2],"b":[[1,2],[3,4]]}}`, `a b[0] b[1] | 1 1 2 | 2 3 4`},
		{`{"inputs":{"k":0.5,"a":[1,2]}}`, `k a | 0.5 1 | 0.5 2`},
		{`{"inputs":{"k":0.5}}`, `k | 0.5`},
		{`{"inputs":{"k":0.5,"a":[]}}`, `k`},
		{`{"inputs":[[1,2],[3,4]]}`, `inputs[0] inputs[1] | 1 2 | 3 4`},
		{`{"inputs":7}`, `inputs | 7`},
		// Classify and regress.
		{`{"context":{"day":5},"examples":[{"a":1},{"a":2}]}`, `a day | 1 5 | 2 5`},
	})
}

func TestTFServingRequestThatCannotBeRead(t *testing.T) {
	check(t, protocolNamed(t, "tfserving", nil), true, []bodyCase{
		{`{}`, `schema: none of instances, inputs, examples, context`},
		{`[1]`, `schema: the body is not an object`},
		{`{"instances":[1],"inputs":[1]}`, `schema: both instances and inputs`},
		{`{"instances":[1],"instances":[2]}`, `schema: two fields are called instances`},
		{`{"instances":{"a":1}}`, `schema: instances is not an array`},
		{`{"instances":[[1,2],[3]]}`, `shape: "instances": row 1 is not like the rows before`},
		{`{"instances":[[1,2],[3,4,5]]}`, `shape: "instances": row 1 is not like the rows before`},
		{`{"instances":[[1,2],3]}`, `shape: "instances": row 1 is not like the rows before`},
		{`{"instances":[{"a":1},[3]]}`, `shape: row 1 is not an object like the rows before`},
		{`{"inputs":{"a":[1,2],"b":[1]}}`, `shape: "b" has 1 rows, others have 2`},
		{`{"inputs":{"a":[1],"b":[1,2]}}`, `shape: "b" has more than 1 rows`},
		{`{"examples":[{"a":1}],"context":{"a":2}} `, `schema: context and an example set the same feature`},
		{`{"instances":[1`, `truncated: the body ends where the end of an array or object is expected`},
	})
}

func TestTFServingResponse(t *testing.T) {
	check(t, protocolNamed(t, "tfserving", nil), false, []bodyCase{
		{`{"predictions":[0.1,0.9]}`, `predictions | 0.1 | 0.9`},
		{`{"predictions":[[0.1],[0.9]]}`, `predictions | 0.1 | 0.9`},
		{`{"predictions":[[0.1,0.9]]}`, `predictions[0] predictions[1] | 0.1 0.9`},
		{`{"predictions":[{"p":0.1,"label":"a"}]}`, `p label | 0.1 "a"`},
		{`{"outputs":[[0.1,0.9]]}`, `outputs[0] outputs[1] | 0.1 0.9`},
		{`{"outputs":{"a":[1],"b":[2]}}`, `a b | 1 2`},
		{`{"results":[1.5,2]}`, `results | 1.5 | 2`},
		{`{"results":[[["cat",0.2],["dog",0.8]],[["cat",1]]]}`, `results.label results.score | "dog" 0.8 | "cat" 1`},
		{`{"results":[[["cat"]]]}`, `schema: a class is not [label, score]`},
		{`{"error":"no"}`, `schema: none of predictions, outputs, results`},
	})
}
