package mlflow

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/registry"
)

func set(name, digest, context string) dataset {
	var d dataset
	d.Dataset.Name, d.Dataset.Digest = name, digest
	if context != "" {
		d.Tags = []tag{{"mlflow.data.context", context}}
	}
	return d
}

func TestTheTrainingDataIsNamed(t *testing.T) {
	cases := map[string][]dataset{
		"":               {set("nothing", "", "")},
		"a@1, b@2":       {set("b", "2", ""), set("a", "1", ""), set("b", "2", "eval")},
		"b@2":            {set("a", "1", "eval"), set("b", "2", "training")},
		"7":              {set("", "7", "")},
		"a@1, train@2":   {set("train", "2", "training"), set("a", "1", "training"), set("c", "3", "")},
		"also the@blank": {set("also the", "blank", "")},
	}
	for want, sets := range cases {
		if got := dataOf(sets); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestWhateverARunHoldsTheLineageCanBeRegistered(t *testing.T) {
	var r run
	for i := range 2 * maxParams {
		r.Data.Params = append(r.Data.Params, tag{fmt.Sprintf("p%04d", i), strings.Repeat("ü", 3000)})
		r.Inputs.Datasets = append(r.Inputs.Datasets, set(strings.Repeat("d", 300), fmt.Sprint(i), ""))
	}
	r.Data.Params = append(r.Data.Params, tag{"", "nameless"}, tag{strings.Repeat("k", 2000), "long"}, tag{"bad", "\xff"})
	r.Data.Tags = []tag{{"mlflow.source.git.commit", strings.Repeat("f", 5000)}}
	v := modelVersion{Version: "1", Source: "s3://" + strings.Repeat("x", 5000), Run: strings.Repeat("r", 5000)}
	l := lineageOf(v, r)
	if err := (registry.Version{Model: "m", Version: "1", Endpoints: []string{"http://a"}, Lineage: l}).Validate(); err != nil {
		t.Error(err)
	}
	if len(l.Params) != maxParams || !strings.Contains(l.Data, "1024 data sets") {
		t.Errorf("%d parameters, data %q", len(l.Params), clip(l.Data, 40))
	}
}

func TestAPasswordInAnArtifactsAddressStaysOut(t *testing.T) {
	l := lineageOf(modelVersion{Source: "https://me:secret@store/models/1"}, run{})
	if l.Artifact != "https://store/models/1" {
		t.Error(l.Artifact)
	}
}
