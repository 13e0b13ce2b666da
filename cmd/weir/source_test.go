package main

import (
	"bytes"
	"testing"

	"github.com/weir-gateway/weir/admin/api"
)

func TestStatusTellsOfTheSource(t *testing.T) {
	cases := map[string]*api.Source{
		"mlflow aliases: champion=3 next=4\nmlflow version 5 is not taken over: it has no endpoints\n": {
			Kind: "mlflow", Connected: true, Aliases: map[string]string{"next": "4", "champion": "3"},
			Skipped: []api.SkippedVersion{{Version: "5", Reason: "it has no endpoints"}},
		},
		"mlflow can't be read: it answered 502\n": {Kind: "mlflow", Error: "it answered 502"},
		"": {Kind: "mlflow"}, // before the first look
	}
	for want, source := range cases {
		var out bytes.Buffer
		a := &app{out: &out}
		a.showSource(api.Model{Name: "flights", Source: source})
		if out.String() != want {
			t.Errorf("%+v\nis told as %q\nwant       %q", source, out.String(), want)
		}
	}
}
