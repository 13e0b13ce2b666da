package protocol

import (
	"encoding/json"
	"strconv"
	"testing"

	"github.com/tidwall/gjson"
	"github.com/valyala/fastjson"
)

// The two bodies of eight features that the budget is about: one matrix, and a
// tensor a column.
const (
	matrixBody = `{"id":"7f4c","inputs":[{"name":"predict","shape":[1,8],"datatype":"FP64","data":[12.5,-3.0,0.061,201.75,1e-3,44,0.5,7]}]}`
	columnBody = `{"inputs":[{"name":"dep_delay","shape":[1],"datatype":"FP64","data":[12.5]},` +
		`{"name":"distance","shape":[1],"datatype":"FP64","data":[2475]},` +
		`{"name":"hour","shape":[1],"datatype":"FP64","data":[17]},` +
		`{"name":"temp","shape":[1],"datatype":"FP64","data":[39.02]},` +
		`{"name":"pressure","shape":[1],"datatype":"FP64","data":[1012.9]},` +
		`{"name":"wind_speed","shape":[1],"datatype":"FP64","data":[12.65858]},` +
		`{"name":"carrier","shape":[1],"datatype":"BYTES","data":["UA"]},` +
		`{"name":"origin","shape":[1],"datatype":"BYTES","data":["EWR"]}]}`
)

func BenchmarkDecodeRequest(b *testing.B) {
	for _, c := range []struct{ name, protocol, body string }{
		{"oip-matrix", "oip", matrixBody},
		{"oip-columns", "oip", columnBody},
		{"tfserving-instances", "tfserving", `{"instances":[[12.5,-3.0,0.061,201.75,1e-3,44,0.5,7]]}`},
		{"mlflow-split", "mlflow", `{"dataframe_split":{"columns":["a","b","c","d","e","f","g","h"],"data":[[12.5,-3.0,0.061,201.75,1e-3,44,0.5,7]]}}`},
		{"json-object", "json", `{"dep_delay":12.5,"distance":2475,"hour":17,"temp":39.02,"pressure":1012.9,"wind_speed":12.65858,"carrier":"UA","origin":"EWR"}`},
	} {
		b.Run(c.name, func(b *testing.B) {
			p, err := New(c.protocol, Options{})
			if err != nil {
				b.Fatal(err)
			}
			var batch Batch
			body := Body{Bytes: []byte(c.body), JSONLength: -1, ContentType: "application/json"}
			b.ReportAllocs()
			b.SetBytes(int64(len(c.body)))
			for b.Loop() {
				if err := p.DecodeRequest(&batch, body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The alternatives that were weighed, doing less than DecodeRequest does: they
// only parse and read the numbers and strings of data.

func BenchmarkAlternatives(b *testing.B) {
	for _, c := range []struct{ name, body string }{{"matrix", matrixBody}, {"columns", columnBody}} {
		body := []byte(c.body)
		b.Run("fastjson-"+c.name, func(b *testing.B) {
			var p fastjson.Parser
			b.ReportAllocs()
			for b.Loop() {
				v, err := p.ParseBytes(body)
				if err != nil {
					b.Fatal(err)
				}
				n := 0.0
				for _, in := range v.GetArray("inputs") {
					n += float64(len(in.GetStringBytes("name")) + len(in.GetStringBytes("datatype")) + len(in.GetArray("shape")))
					for _, e := range in.GetArray("data") {
						n += e.GetFloat64() + float64(len(e.GetStringBytes()))
					}
				}
				sink = n
			}
		})
		b.Run("gjson-"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n := 0.0
				gjson.GetBytes(body, "inputs").ForEach(func(_, in gjson.Result) bool {
					n += float64(len(in.Get("name").Str) + len(in.Get("datatype").Str))
					in.Get("data").ForEach(func(_, e gjson.Result) bool {
						n += e.Num + float64(len(e.Str))
						return true
					})
					return true
				})
				sink = n
			}
		})
		b.Run("encoding-json-"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var m struct {
					Inputs []struct {
						Name, Datatype string
						Shape          []int
						Data           []any
					}
				}
				if err := json.Unmarshal(body, &m); err != nil {
					b.Fatal(err)
				}
				sink = float64(len(m.Inputs))
			}
		})
	}
}

func BenchmarkNumber(b *testing.B) {
	for _, text := range []string{"7", "12.5", "1012.9", "-73.98513412", "0.30000000000000004", "6.02214076e23"} {
		b.Run("own/"+text, func(b *testing.B) {
			in := []byte(text)
			for b.Loop() {
				s := scanner{b: in}
				f, _, err := s.number()
				if err != nil {
					b.Fatal(err)
				}
				sink = f
			}
		})
		b.Run("strconv/"+text, func(b *testing.B) {
			for b.Loop() {
				f, err := strconv.ParseFloat(text, 64)
				if err != nil {
					b.Fatal(err)
				}
				sink = f
			}
		})
	}
}

var sink float64
