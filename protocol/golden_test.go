package protocol

import (
	"strings"
	"testing"
)

var iris = map[string][]string{"predict": {"sepal_length", "sepal_width", "petal_length", "petal_width"}}

// As MLServer 1.7.1 with a scikit-learn model answered on the wire. Its input and
// its output are both called predict; names for four columns are not for one.
func TestMLServerBodies(t *testing.T) {
	p := protocolNamed(t, "oip", iris)
	check(t, p, true, []bodyCase{{
		`{"inputs":[{"name":"predict","shape":[2,4],"datatype":"FP64","data":[[5.1,3.5,1.4,0.2],[6.2,2.9,4.3,1.3]]}]}`,
		`sepal_length sepal_width petal_length petal_width | 5.1 3.5 1.4 0.2 | 6.2 2.9 4.3 1.3`,
	}})
	check(t, p, false, []bodyCase{
		{
			`{"model_name":"iris","model_version":"v1","id":"ed1bda40-8f40-46d8-8910-e9fa98f3242e","parameters":{},"outputs":[{"name":"predict","shape":[2,1],"datatype":"INT64","parameters":{"content_type":"np"},"data":[0,1]}]}`,
			`predict | 0 | 1`,
		},
		{
			`{"model_name":"iris","model_version":"v1","id":"me","parameters":{},"outputs":[{"name":"predict_proba","shape":[2,3],"datatype":"FP64","parameters":{"content_type":"np"},"data":[0.981656829444016,0.01834315616093856,1.4395045350105303e-8,0.008456920632808663,0.9351317068206194,0.05641137254657186]},{"name":"predict","shape":[2,1],"datatype":"INT64","parameters":{"content_type":"np"},"data":[0,1]}]}`,
			`predict_proba[0] predict_proba[1] predict_proba[2] predict | 0.981656829444016 0.01834315616093856 1.4395045350105303e-08 0 | 0.008456920632808663 0.9351317068206194 0.05641137254657186 1`,
		},
		{
			`{"detail":[{"type":"model_attributes_type","loc":["body"],"msg":"Input should be a valid dictionary or object to extract fields from","input":"{}"}]}`,
			`schema: no field outputs`,
		},
	})
}

// As tritonclient 2.73.0 packs three binary tensors and one in JSON.
func TestTritonClientBody(t *testing.T) {
	const head = `{"id":"1","inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","parameters":{"binary_data_size":24}},{"name":"j","shape":[2],"datatype":"INT64","data":[7,8]},{"name":"name","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":13}},{"name":"h","shape":[2,1],"datatype":"FP16","parameters":{"binary_data_size":4}}],"outputs":[{"name":"total","parameters":{"binary_data":true}}]}`
	const raw = "\x00\x00\x80?\x00\x00\x00@\x00\x00`@\x00\x00\x80\xbf\x00\x00\x00\x00\x00\x00\xc0\x7f" +
		"\x03\x00\x00\x00Ada\x02\x00\x00\x00\xc3\x89\x008\xff{"
	var b Batch
	got := decodeInto(&b, protocolNamed(t, "oip", nil), true, Body{Bytes: []byte(head + raw), JSONLength: 388, ContentType: "application/octet-stream"})
	if want := `x[0] x[1] x[2] j name h | 1 2 3.5 7 "Ada" 0.5 | -1 0 - 8 "É" 65504`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// As MLflow 3.17.2 answered on the wire.
func TestMLflowBodies(t *testing.T) {
	p := protocolNamed(t, "mlflow", nil)
	check(t, p, false, []bodyCase{
		{`{"predictions": [0, 1]}`, `predictions | 0 | 1`},
		{
			`{"error_code": "BAD_REQUEST", "message": "Invalid input. Provided dataframe_split field is not a valid dataframe representation in 'split' format. Error: '1 columns passed, passed data had 2 columns'", "sqlstate": "KAM00", "error_class": "INVALID_PARAMETER_VALUE"}`,
			`schema: no field predictions`,
		},
	})
	var b Batch
	csv := strings.Join(iris["predict"], ",") + "\n5.1,3.5,1.4,0.2\n6.2,2.9,4.3,1.3\n"
	got := decodeInto(&b, p, true, Body{Bytes: []byte(csv), JSONLength: -1, ContentType: "text/csv"})
	if want := `sepal_length sepal_width petal_length petal_width | 5.1 3.5 1.4 0.2 | 6.2 2.9 4.3 1.3`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
