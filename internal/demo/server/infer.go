package server

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/valyala/fasthttp"
	"github.com/valyala/fastjson"

	"github.com/weir-gateway/weir/internal/demo/model"
)

// maxRows bounds what a shape may make the server allocate.
const maxRows = 10_000

func (s *Server) infer(ctx *fasthttp.RequestCtx) {
	parser := s.parsers.Get()
	defer s.parsers.Put(parser)
	doc, err := parser.ParseBytes(ctx.PostBody())
	if err != nil {
		refuse(ctx, fasthttp.StatusBadRequest, "the body is not JSON: "+err.Error())
		return
	}
	rows, err := readRows(doc)
	if err != nil {
		refuse(ctx, fasthttp.StatusBadRequest, err.Error())
		return
	}
	probabilities := make([]float64, len(rows))
	for i, r := range rows {
		p := s.config.Model.Probability(r)
		if math.IsNaN(p) || math.IsInf(p, 0) {
			refuse(ctx, fasthttp.StatusInternalServerError, fmt.Sprintf("the model has no probability for row %d", i))
			return
		}
		probabilities[i] = p
	}
	ctx.SetContentType("application/json")
	ctx.Response.SetBodyRaw(s.appendAnswer(make([]byte, 0, 256+32*len(rows)), doc.GetStringBytes("id"), probabilities))
}

// readRows reads the inputs of a request into rows; missing values are NaN
// and "".
func readRows(doc *fastjson.Value) ([]model.Row, error) {
	inputs := doc.GetArray("inputs")
	if len(inputs) == 0 {
		return nil, fmt.Errorf("the request has no inputs")
	}
	n, err := rowsOf(inputs[0])
	if err != nil {
		return nil, err
	}
	rows := make([]model.Row, n)
	for i := range rows {
		for j := range rows[i].Numbers {
			rows[i].Numbers[j] = math.NaN()
		}
	}
	for _, in := range inputs {
		if err := readTensor(in, rows); err != nil {
			return nil, fmt.Errorf("input %q: %w", in.GetStringBytes("name"), err)
		}
	}
	return rows, nil
}

func rowsOf(in *fastjson.Value) (int, error) {
	shape := in.GetArray("shape")
	if len(shape) == 0 || len(shape) > 2 {
		return 0, fmt.Errorf("input %q: the shape has to be [n] or [n,1]", in.GetStringBytes("name"))
	}
	n, err := shape[0].Int()
	if err != nil || n < 1 || n > maxRows || (len(shape) == 2 && shape[1].GetInt() != 1) {
		return 0, fmt.Errorf("input %q: the shape has to be [n] or [n,1] with n from 1 to %d", in.GetStringBytes("name"), maxRows)
	}
	return n, nil
}

func readTensor(in *fastjson.Value, rows []model.Row) error {
	name := string(in.GetStringBytes("name"))
	n, err := rowsOf(in)
	if err != nil {
		return err
	}
	data := in.GetArray("data")
	if n != len(rows) || len(data) != n {
		return fmt.Errorf("%d values with a shape of %d, where the first input has %d rows", len(data), n, len(rows))
	}
	number, text := place(name)
	kind := string(in.GetStringBytes("datatype"))
	switch {
	case number < 0 && text < 0:
		return fmt.Errorf("the model has no such input")
	case (text >= 0) != (kind == "BYTES"):
		return fmt.Errorf("datatype %q does not fit this input", kind)
	}
	for i, v := range data {
		switch v.Type() {
		case fastjson.TypeNull:
		case fastjson.TypeNumber:
			if number < 0 {
				return fmt.Errorf("value %d is a number, not a string", i)
			}
			rows[i].Numbers[number] = v.GetFloat64()
		case fastjson.TypeString:
			if text < 0 {
				return fmt.Errorf("value %d is a string, not a number", i)
			}
			rows[i].Texts[text] = string(v.GetStringBytes())
		default:
			return fmt.Errorf("value %d is of type %s", i, v.Type())
		}
	}
	return nil
}

// place finds an input among the model's; -1: not among the numbers, or texts.
func place(name string) (number, text int) {
	for i, n := range model.NumberNames() {
		if n == name {
			return i, -1
		}
	}
	for i, n := range model.TextNames() {
		if n == name {
			return -1, i
		}
	}
	return -1, -1
}

func (s *Server) appendAnswer(b, id []byte, probabilities []float64) []byte {
	n := strconv.Itoa(len(probabilities))
	b = append(b, `{"model_name":"`+s.config.Name+`","model_version":"`+s.config.Version+`",`...)
	if len(id) > 0 {
		b = append(b, `"id":`...)
		b = appendString(b, id)
		b = append(b, ',')
	}
	b = append(b, `"outputs":[{"name":"late","datatype":"INT64","shape":[`+n+`],"data":[`...)
	for i, p := range probabilities {
		if i > 0 {
			b = append(b, ',')
		}
		if p >= model.Threshold {
			b = append(b, '1')
		} else {
			b = append(b, '0')
		}
	}
	b = append(b, `]},{"name":"probability","datatype":"FP64","shape":[`+n+`],"data":[`...)
	for i, p := range probabilities {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendFloat(b, p, 'g', 6, 64)
	}
	return append(b, `]}]}`...)
}

// appendString quotes s as JSON; what is not valid UTF-8 is replaced.
func appendString(b, s []byte) []byte {
	var arena fastjson.Arena
	return arena.NewString(strings.ToValidUTF8(string(s), "�")).MarshalTo(b)
}
