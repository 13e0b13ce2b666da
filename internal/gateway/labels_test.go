package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/monitor"
)

func TestLabelsThatComeLaterGiveTheAccuracyOfAVersionAndItsSlices(t *testing.T) {
	server := newModelServer(t)
	r := start(t, "monitor: {slices: [origin]}")
	r.register("1", server)
	r.switchTo("1")
	server.late.Store(1)
	origins := []string{"JFK", "JFK", "EWR", "JFK"}
	for i, origin := range origins {
		r.post(fmt.Sprintf(inferBody, i, origin), "X-Request-Id", fmt.Sprint("call-", i))
	}
	eventually(t, "4 observations", func() bool { return r.summary(t, "1", "").Observations == 4 })
	got, err := r.admin.Feedback(t.Context(), "m", []monitor.Label{
		{RequestID: "call-0", Label: true},
		{RequestID: "call-1", Label: 0},
		{RequestID: "call-2", Label: 0},
		{RequestID: "call-3", Label: 1, Source: "human"},
		{RequestID: "call-9", Label: 1},
	})
	if err != nil || got.Outcomes["joined"] != 4 || got.Outcomes["unknown_id"] != 1 || len(got.Bad) != 1 || got.Bad[0].Entry != 4 {
		t.Fatalf("%+v, %v", got, err)
	}
	for _, c := range []struct {
		slice, source string
		labels        uint64
		accuracy      float64
	}{{"", "truth", 3, 1.0 / 3}, {"", "human", 1, 1}, {"origin=JFK", "truth", 2, 0.5}, {"origin=EWR", "truth", 1, 0}} {
		q := r.summary(t, "1", c.slice).Quality[c.source]
		if q.Labels != c.labels || q.Classes == nil || q.Classes.Accuracy != c.accuracy {
			t.Errorf("slice %q, source %s: %+v, want accuracy %v of %d", c.slice, c.source, q, c.accuracy, c.labels)
		}
	}
	metrics := r.metrics(t)
	for _, line := range []string{
		`weir_quality{metric="accuracy",model="m",source="human",version="1"} 1`,
		`weir_quality{metric="mae",model="m",source="truth",version="1"} 0.6666666666666666`,
		`weir_labels_total{model="m",outcome="joined",version="1"} 4`,
		`weir_labels_total{model="m",outcome="unknown_id",version=""} 1`,
	} {
		if !strings.Contains(metrics, line+"\n") {
			t.Errorf("/metrics lacks %s", line)
		}
	}
}
