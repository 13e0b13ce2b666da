package monitor

import (
	"testing"
	"time"
)

// A label is about the request: who answered it, and who got a copy, is judged by it.
func TestALabelIsJoinedWithTheShadowsOwnPrediction(t *testing.T) {
	now := time.Unix(1000, 0)
	told := 0
	m := labelledWith(t, &now, func(o *Options) {
		o.OnKept = func(x *Exchange) func(Truth) { return func(Truth) { told++ } }
	})
	predictAs(m, true, "2", "a", "acme", []string{"JFK"}, []string{"late"}) // before the client's own
	predict(m, "1", "a", "acme", []string{"JFK"}, []string{"on"})
	predictAs(m, true, "3", "a", "acme", []string{"JFK"}, []string{"on"})
	predict(m, "1", "b", "zoo", []string{"LHR"}, []string{"on"})
	predictAs(m, true, "2", "b", "zoo", []string{"LHR"}, []string{"on"})
	got := m.Label([]Label{
		{RequestID: "a", Label: "late", Source: "human"},
		{RequestID: "b", Label: "late", Source: "human"},
		{RequestID: "a", Label: "late"},
	})
	if got.Labels != 3 || got.Outcomes["joined"] != 3 || len(got.Outcomes) != 1 {
		t.Errorf("the answer is not about the clients' predictions: %+v", got)
	}
	for _, c := range []struct{ version, slice, source, want string }{
		{"1", "", "human", "0 of 2"},
		{"2", "", "human", "0.5 of 2"},
		{"2", "", "truth", "1 of 1"},
		{"2", "origin=JFK", "human", "1 of 1"},
		{"2", "header:x-tenant=zoo", "human", "0 of 1"},
		{"3", "", "human", "0 of 1"}, // no copy of b
	} {
		if a := accuracy(t, m, c.version, c.slice, c.source); a != c.want {
			t.Errorf("version %s, slice %q, source %s: %s, want %s", c.version, c.slice, c.source, a, c.want)
		}
	}
	if told != 1 {
		t.Errorf("the comparison of a rollout was told %d truths; the one of the client's answer counts", told)
	}
	m.Label([]Label{{RequestID: "a", Label: "late"}})
	if n := m.labels.counts[labelCount{"2", labelDuplicate}]; n != 1 || m.labels.counts[labelCount{"2", labelJoined}] != 3 {
		t.Errorf("%v", m.labels.counts)
	}
}

// Copies wait beside the clients' predictions, and as many: they push out none of those.
func TestCopiesPushOutNoClientsPrediction(t *testing.T) {
	now := time.Unix(1000, 0)
	m := labelledWith(t, &now, func(o *Options) { o.LabelMax = 2 })
	predict(m, "1", "a", "acme", []string{"JFK"}, []string{"on"})
	for _, id := range []string{"a", "b", "c", "c"} {
		predictAs(m, true, "2", id, "acme", []string{"JFK"}, []string{"on"})
	}
	if m.labels.copies.order.Len() != 2 || m.labels.copied["2"] != 2 || m.labels.counts[labelCount{"", labelEvictedCopy}] != 1 || m.labels.counts[labelCount{"", labelReusedID}] != 0 {
		t.Errorf("%d copies wait, %v", m.labels.copies.order.Len(), m.labels.counts)
	}
	if got := m.Label([]Label{{RequestID: "a", Label: "on"}, {RequestID: "c", Label: "on"}}); got.Outcomes["joined"] != 1 || got.Outcomes["unknown_id"] != 1 {
		t.Errorf("%+v", got)
	}
	if a, b := accuracy(t, m, "1", "", "truth"), accuracy(t, m, "2", "", "truth"); a != "1 of 1" || b != "1 of 1" {
		t.Errorf("version 1: %s, version 2: %s", a, b)
	}
	for _, id := range []string{"d", "e"} {
		predictAs(m, true, "3", id, "acme", []string{"JFK"}, []string{"on"})
	}
	if _, left := m.labels.copied["2"]; left || m.labels.copies.bytes == 0 {
		t.Errorf("version 2 has no copies any more: %v", m.labels.copied)
	}
}
