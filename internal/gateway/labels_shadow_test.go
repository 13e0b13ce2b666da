package gateway_test

import (
	"fmt"
	"testing"

	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/registry"
)

func TestPeopleAgreeWithAShadowBeforeItAnswersAnybody(t *testing.T) {
	one, two := newModelServer(t), newModelServer(t)
	two.late.Store(1)
	r := start(t, "monitor: {slices: [origin]}")
	r.register("1", one)
	r.register("2", two)
	r.switchTo("1")
	if _, err := r.admin.Shadow(t.Context(), "m", []registry.Shadow{{Version: "2", Sample: 1}}, "test"); err != nil {
		t.Fatal(err)
	}
	labels := []monitor.Label{}
	for i := range 4 {
		id := fmt.Sprint("call-", i)
		r.post(fmt.Sprintf(inferBody, i, "JFK"), "X-Request-Id", id)
		labels = append(labels, monitor.Label{RequestID: id, Label: min(i, 1), Source: "human"}) // late but for the first
	}
	eventually(t, "4 observations of both", func() bool {
		return r.summary(t, "1", "").Observations == 4 && r.summary(t, "2", "").Observations == 4
	})
	got, err := r.admin.Feedback(t.Context(), "m", labels)
	if err != nil || got.Labels != 4 || got.Outcomes["joined"] != 4 {
		t.Fatalf("%+v, %v", got, err)
	}
	for version, accuracy := range map[string]float64{"1": 0.25, "2": 0.75} {
		for _, slice := range []string{"", "origin=JFK"} {
			if q := r.summary(t, version, slice).Quality["human"]; q.Labels != 4 || q.Classes == nil || q.Classes.Accuracy != accuracy {
				t.Errorf("version %s, slice %q: %+v, want accuracy %v of 4", version, slice, q, accuracy)
			}
		}
		if a := metric(r.metrics(t), `weir_quality{metric="accuracy",model="m",source="human",version="`+version+`"}`); a != accuracy {
			t.Errorf("weir_quality of version %s is %v, want %v", version, a, accuracy)
		}
	}
}
