package gateway_test

import (
	"fmt"
	"testing"
)

func TestTheReportIsOfWhatTheGatewaySaw(t *testing.T) {
	one := newModelServer(t)
	r := start(t, "monitor: {slices: [origin]}")
	r.register("1", one)
	r.switchTo("1")
	for i := range 30 {
		r.post(fmt.Sprintf(inferBody, i, []string{"JFK", "EWR", "LGA"}[i%3]))
	}
	eventually(t, "30 requests", func() bool { return r.summary(t, "1", "").Software.Requests == 30 })
	got, err := r.admin.Report(t.Context(), "m", "", "")
	if err != nil {
		t.Fatal(err)
	}
	if got.Version != "1" || got.Observations != 30 || got.Software.Requests != 30 || got.Serving.Routed != 1 || len(got.Serving.Endpoints) != 1 {
		t.Errorf("%+v", got)
	}
	for _, f := range got.Features {
		if f.Name == "x" && (f.Current == nil || f.Current.Count != 30 || *f.Current.Max != 29 || f.Reference != nil) {
			t.Errorf("x: %+v", f)
		}
	}
	if jfk, err := r.admin.Report(t.Context(), "m", "1", "origin=JFK"); err != nil || jfk.Observations != 10 || *jfk.Slice != "origin=JFK" {
		t.Errorf("slice: %+v, %v", jfk, err)
	}
}
