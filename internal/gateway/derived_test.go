package gateway_test

import (
	"fmt"
	"strings"
	"testing"
)

// An embedding may have more elements than a table may have columns.
func TestTextsAndEmbeddingsAreWatchedByTheirNumbers(t *testing.T) {
	one := newModelServer(t)
	r := start(t, "monitor: {text: [origin], embeddings: {vector: {dims: 1500}}}")
	r.register("1", one)
	r.switchTo("1")
	vector := strings.Repeat("1,", 1499) + "1"
	eventually(t, "the monitor begins", func() bool {
		r.post(fmt.Sprintf(`{"inputs":[{"name":"origin","shape":[1],"datatype":"BYTES","data":["JFK 42"]},`+
			`{"name":"vector","shape":[1,1500],"datatype":"FP32","data":[[%s]]}]}`, vector))
		return r.summary(t, "1", "").Software.Requests > 0
	})
	r.post(`{"inputs":[{"name":"origin","shape":[1],"datatype":"BYTES","data":["JFK 42"]},{"name":"vector","shape":[1,3],"datatype":"FP32","data":[[1,2,3]]}]}`)
	r.settled("1")
	seen := 0
	for _, f := range r.summary(t, "1", "").Features {
		switch f.Name {
		case "origin.length":
			seen++
			if f.Count == 0 || *f.Mean != 6 {
				t.Errorf("%+v", f)
			}
		case "vector.norm":
			seen++
			if f.Count == 0 || f.Invalid != 1 || *f.Mean < 38.7 || *f.Mean > 38.8 { // √1500
				t.Errorf("%+v", f)
			}
		case "origin", "vector[0]":
			t.Errorf("%+v", f)
		}
	}
	if seen != 2 {
		t.Errorf("%d of 2 features", seen)
	}
	if s := metric(r.metrics(t), `weir_feature_missing_ratio{feature="vector.p8",model="m",version="1"}`); s != 0 {
		t.Errorf("weir_feature_missing_ratio is %v", s)
	}
}

// Clients name inputs: whatever they are called, metrics stay readable.
func TestAnInputCalledLikeAnOutputHasASeriesOfItsOwn(t *testing.T) {
	one := newModelServer(t)
	r := start(t)
	r.register("1", one)
	r.switchTo("1")
	eventually(t, "the monitor begins", func() bool {
		r.post(`{"inputs":[{"name":"late","shape":[1],"datatype":"FP64","data":[3]},{"name":"late (output)","shape":[1],"datatype":"FP64","data":[3]}]}`)
		return r.summary(t, "1", "").Software.Requests > 0
	})
	text := r.metrics(t)
	for _, name := range []string{"late", "late (output)", "late (output) (output)"} {
		if got := metric(text, `weir_feature_missing_ratio{feature="`+name+`",model="m",version="1"}`); got != 0 {
			t.Errorf("%s: %v: %.300s", name, got, text)
		}
	}
}
