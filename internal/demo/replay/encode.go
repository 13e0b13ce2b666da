package replay

import (
	"math"
	"strconv"

	"github.com/weir-gateway/weir/internal/demo/model"
)

// AppendRequest appends the inference request for one row: a tensor a column
// with a shape of [1]. A missing number is null, as it would come out of a
// data frame.
func AppendRequest(b []byte, r model.Row) []byte {
	b = append(b, `{"inputs":[`...)
	for i, name := range model.NumberNames() {
		kind := "FP64"
		if i == model.Hour || i == model.Weekday {
			kind = "INT64"
		}
		b = appendHead(b, name, kind)
		if v := r.Numbers[i]; math.IsNaN(v) {
			b = append(b, "null"...)
		} else {
			b = strconv.AppendFloat(b, v, 'f', -1, 64)
		}
		b = append(b, `]},`...)
	}
	for i, name := range model.TextNames() {
		b = appendHead(b, name, "BYTES")
		b = append(b, '"')
		b = append(b, r.Texts[i]...) // letters only: nothing to escape
		b = append(b, `"]},`...)
	}
	b[len(b)-1] = ']'
	return append(b, '}')
}

func appendHead(b []byte, name, kind string) []byte {
	b = append(b, `{"name":"`...)
	b = append(b, name...)
	b = append(b, `","shape":[1],"datatype":"`...)
	b = append(b, kind...)
	return append(b, `","data":[`...)
}
