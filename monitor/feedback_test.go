package monitor

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/weir-gateway/weir/protocol"
)

func labelled(t *testing.T, now *time.Time) *Monitor {
	t.Helper()
	return labelledWith(t, now, func(*Options) {})
}

func labelledWith(t *testing.T, now *time.Time, change func(*Options)) *Monitor {
	t.Helper()
	p, err := protocol.New("oip", protocol.Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Model: "m", Protocol: p, Slices: []string{"origin", "header:x-tenant"}, Now: func() time.Time { return *now }}
	change(&o)
	return newIdle(o)
}

func predict(m *Monitor, version, id, tenant string, origins, predictions []string) {
	predictAs(m, false, version, id, tenant, origins, predictions)
}

func predictAs(m *Monitor, shadow bool, version, id, tenant string, origins, predictions []string) {
	quote := func(s []string) string {
		out := ""
		for i, v := range s {
			if i > 0 {
				out += ","
			}
			out += fmt.Sprintf("%q", v)
		}
		return out
	}
	tensor := func(key, name string, s []string) protocol.Body {
		return protocol.Body{JSONLength: -1, ContentType: "application/json", Path: "/infer", Bytes: fmt.Appendf(nil,
			`{%q:[{"name":%q,"datatype":"BYTES","shape":[%d],"data":[%s]}]}`, key, name, len(s), quote(s))}
	}
	var r reader
	x := &Exchange{
		Version: version, RequestID: id, At: m.o.Now(), Status: 200, Headers: []string{tenant}, Shadow: shadow,
		Request: tensor("inputs", "origin", origins), Response: tensor("outputs", "class", predictions),
	}
	m.handle(&r, x)
}

func accuracy(t *testing.T, m *Monitor, version, slice, source string) string {
	t.Helper()
	s, err := m.Summary(version, slice)
	if err != nil {
		t.Fatal(err)
	}
	q, ok := s.Quality[source]
	if !ok || q.Classes == nil {
		return "none"
	}
	return fmt.Sprintf("%v of %d", q.Classes.Accuracy, q.Labels)
}

func TestLabelsGiveTheAccuracyOfVersionsAndSlices(t *testing.T) {
	now := time.Unix(1000, 0)
	m := labelled(t, &now)
	predict(m, "1", "a", "acme", []string{"JFK", "LHR"}, []string{"late", "late"})
	predict(m, "1", "b", "zoo", []string{"JFK"}, []string{"late"})
	predict(m, "2", "c", "acme", []string{"JFK"}, []string{"on"})
	one := 1
	got := m.Label([]Label{
		{RequestID: "a", Label: []any{"late", "on"}},
		{RequestID: "b", Label: "late", Source: "truth"},
		{RequestID: "c", Label: "on"},
		{RequestID: "a", Label: "late", Row: &one, Source: "human"},
	})
	if got.Labels != 5 || got.Outcomes["joined"] != 5 || len(got.Bad) != 0 {
		t.Errorf("%+v", got)
	}
	for _, c := range []struct{ version, slice, source, want string }{
		{"1", "", "truth", fmt.Sprintf("%v of 3", 2.0/3)},
		{"1", "", "human", "1 of 1"},
		{"1", "", "other", "none"},
		{"1", "origin=JFK", "truth", "1 of 2"},
		{"1", "origin=LHR", "truth", "0 of 1"},
		{"1", "origin=LHR", "human", "1 of 1"},
		{"1", "header:x-tenant=acme", "truth", "0.5 of 2"},
		{"1", "header:x-tenant=zoo", "truth", "1 of 1"},
		{"2", "", "truth", "1 of 1"},
		{"2", "origin=JFK", "truth", "1 of 1"},
	} {
		if have := accuracy(t, m, c.version, c.slice, c.source); have != c.want {
			t.Errorf("version %s slice %q source %s: %s, want %s", c.version, c.slice, c.source, have, c.want)
		}
	}
}

func TestALabelThatIsNotJoinedIsCountedAndNamed(t *testing.T) {
	now := time.Unix(1000, 0)
	m := labelled(t, &now)
	predict(m, "1", "old", "acme", []string{"JFK"}, []string{"late"})
	now = now.Add(m.o.LabelTTL)
	predict(m, "1", "a", "acme", []string{"JFK", "LHR"}, []string{"late", "on"})
	now = now.Add(time.Second)
	zero, two := 0, 2
	got := m.Label([]Label{
		{RequestID: "a", Label: "late", Row: &zero},
		{RequestID: "a", Label: "on", Row: &zero},
		{RequestID: "a", Label: "on", Row: &two},
		{RequestID: "a", Label: "on"},
		{RequestID: "a", Label: 1.0, Row: &zero, Source: "human"},
		{RequestID: "a", Label: "late", Row: &zero, Source: "gossip"},
		{RequestID: "nobody", Label: "late"},
		{RequestID: "old", Label: "late"},
		{RequestID: "a", Label: map[string]any{}, Row: &zero, Source: "other"},
	})
	want := map[string]int{
		"joined": 1, "duplicate": 1, "no_such_row": 2, "wrong_type": 2, "bad_source": 1, "unknown_id": 1, "expired": 1,
	}
	if !maps.Equal(got.Outcomes, want) || len(got.Bad) != 8 || got.Bad[0] != (BadLabel{1, "a", "duplicate"}) {
		t.Errorf("%+v", got)
	}
	total := 0
	m.LabelCounts(func(_, outcome string, n uint64) {
		total += int(n)
		if int(n) > want[outcome] {
			t.Errorf("%s is counted %d times", outcome, n)
		}
	})
	if total != 9 {
		t.Errorf("%d labels are counted", total)
	}
}

func TestPredictionsThatWaitForLabelsAreBounded(t *testing.T) {
	now := time.Unix(1000, 0)
	one := labelled(t, &now)
	predict(one, "1", "a", "acme", []string{"JFK"}, []string{"late"})
	size := one.labels.answers.bytes
	for what, bound := range map[string]func(o *Options){
		"requests": func(o *Options) { o.LabelMax = 2 },
		"bytes":    func(o *Options) { o.LabelBytes = 3*size - 1 },
	} {
		m := labelledWith(t, &now, bound)
		for _, id := range []string{"a", "b", "c"} {
			predict(m, "1", id, "acme", []string{"JFK"}, []string{"late"})
		}
		got := m.Label([]Label{{RequestID: "a", Label: "late"}, {RequestID: "b", Label: "late"}, {RequestID: "c", Label: "late"}})
		if got.Outcomes["unknown_id"] != 1 || got.Outcomes["joined"] != 2 || got.Bad[0].RequestID != "a" {
			t.Errorf("%s: not the oldest alone is gone: %+v", what, got)
		}
		if m.labels.counts[labelCount{"", labelEvicted}] != 1 || len(m.labels.index) != 2 || m.labels.answers.bytes != 2*size {
			t.Errorf("%s: %v, %d predictions, %d bytes", what, m.labels.counts, len(m.labels.index), m.labels.answers.bytes)
		}
	}
}

func TestALabelMayComeAsLateAsConfigured(t *testing.T) {
	now := time.Unix(1000, 0)
	m := labelledWith(t, &now, func(o *Options) { o.LabelTTL = 100 * time.Hour })
	predict(m, "1", "a", "acme", []string{"JFK"}, []string{"late"})
	predict(m, "1", "b", "acme", []string{"JFK"}, []string{"late"})
	now = now.Add(100 * time.Hour)
	if got := m.Label([]Label{{RequestID: "a", Label: "late"}}); got.Outcomes["joined"] != 1 {
		t.Errorf("%+v", got)
	}
	now = now.Add(time.Second)
	if got := m.Label([]Label{{RequestID: "b", Label: "late"}}); got.Outcomes["expired"] != 1 {
		t.Errorf("%+v", got)
	}
}

func TestAnIDThatComesAgainReplacesTheFirst(t *testing.T) {
	now := time.Unix(1000, 0)
	m := labelled(t, &now)
	predict(m, "1", "a", "acme", []string{"JFK"}, []string{"late"})
	predict(m, "1", "a", "acme", []string{"JFK"}, []string{"on"})
	m.Label([]Label{{RequestID: "a", Label: "on"}})
	if got := accuracy(t, m, "1", "", "truth"); got != "1 of 1" || m.labels.counts[labelCount{"", labelReusedID}] != 1 {
		t.Errorf("%s, %v", got, m.labels.counts)
	}
}

func TestNumbersGiveErrorsAndScores(t *testing.T) {
	var q pairs
	for _, c := range []struct{ predicted, actual float64 }{{0.75, 1}, {0.25, 1}, {0.25, 0}} {
		r := &keptRow{kind: protocol.Number, number: c.predicted, score: scored{ok: true, score: c.predicted}}
		p, ok := newPair(r, c.actual == 1)
		if !ok {
			t.Fatal(c)
		}
		(&Options{}).score(r, &p)
		q.add(p)
	}
	s := q.summary()
	if s.Classes != nil || s.Scores == nil || *s.Scores.AUC != 0.75 || s.Scores.Brier != (0.0625+0.5625+0.0625)/3 {
		t.Errorf("%+v", s)
	}
	if s.Errors == nil || s.Errors.MAE != 1.25/3 || s.Errors.Bias != -0.75/3 {
		t.Errorf("%+v", s.Errors)
	}
}
