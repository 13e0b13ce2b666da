package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/rollout/judge"
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

func TestAChangeThatIsNoneOfTheMonitorsForgetsNothing(t *testing.T) {
	r := start(t, "timeout: 3s")
	r.register("1", newModelServer(t))
	r.switchTo("1")
	r.post(fmt.Sprintf(inferBody, 1, "JFK"), "X-Request-Id", "before")
	eventually(t, "an observation", func() bool { return r.summary(t, "1", "").Observations == 1 })
	change := func(lines ...string) {
		t.Helper()
		r.configure(lines...)
		if err := r.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	change("timeout: 4s") // with the same monitor
	r.post(fmt.Sprintf(inferBody, 2, "JFK"), "X-Request-Id", "after")
	eventually(t, "both observations in one window", func() bool {
		s := r.summary(t, "1", "")
		return s.Observations == 2 && s.Window.Observations == 2
	})
	got, err := r.admin.Feedback(t.Context(), "m", []monitor.Label{{RequestID: "before", Label: 0}, {RequestID: "after", Label: 0}})
	if err != nil || got.Outcomes["joined"] != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	change("timeout: 4s", "monitor: {window: 5m}") // another monitor
	if got, err = r.admin.Feedback(t.Context(), "m", []monitor.Label{{RequestID: "before", Label: 1, Source: "human"}}); err != nil || got.Outcomes["unknown_id"] != 1 {
		t.Errorf("by another monitor: %+v, %v", got, err)
	}
}

func TestACandidateWhosePredictionsAreWrongIsRolledBackOnceLabelsSaySo(t *testing.T) {
	one, two := newModelServer(t), newModelServer(t)
	r := start(t, "pin: {header: x-pin}", `rollout: {automation: automatic, steps: [{weight: 50}], guardrails: [{metric: quality, margin: 5}]}`)
	r.register("1", one)
	r.register("2", two)
	r.switchTo("1")
	two.late.Store(1)
	if _, err := r.admin.StartRollout(t.Context(), "m", api.RolloutRequest{Version: "2"}); err != nil {
		t.Fatal(err)
	}
	const requests, pinned = 200, 300
	var all []monitor.Label
	for i := range requests {
		r.post(fmt.Sprintf(inferBody, i, "JFK"), "X-Request-Id", fmt.Sprint("call-", i))
		all = append(all, monitor.Label{RequestID: fmt.Sprint("call-", i), Label: 0})
	}
	for i := range pinned { // chosen by the client: no fair sample
		r.post(fmt.Sprintf(inferBody, i, "JFK"), "X-Request-Id", fmt.Sprint("pinned-", i), "X-Pin", "2")
		all = append(all, monitor.Label{RequestID: fmt.Sprint("pinned-", i), Label: 1})
	}
	eventually(t, "the observations", func() bool {
		return r.summary(t, "1", "").Observations+r.summary(t, "2", "").Observations == requests+pinned
	})
	eventually(t, "verdicts that wait for labels", func() bool {
		walk, err := r.admin.Rollout(t.Context(), "m")
		return err == nil && len(walk.Verdicts) == 2 && walk.Verdicts[1].Outcome == judge.Hold && strings.Contains(walk.Why, "quality: no label")
	})
	if got, err := r.admin.Feedback(t.Context(), "m", all); err != nil || got.Outcomes["joined"] != requests+pinned {
		t.Fatalf("%+v, %v", got, err)
	}
	eventually(t, "the rollback", func() bool {
		walk, err := r.admin.Rollout(t.Context(), "m")
		return err == nil && walk.Status == "rolled-back"
	})
	walk, err := r.admin.Rollout(t.Context(), "m")
	if err != nil {
		t.Fatal(err)
	}
	v := walk.Verdicts[1]
	if v.Outcome != judge.Fail || v.CandidateUnits+v.StableUnits != requests || v.Candidate != 1 || v.Stable != 0 {
		t.Errorf("%+v: %s", v, walk.Why)
	}
}
