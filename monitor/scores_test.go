package monitor

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/weir-gateway/weir/protocol"
)

// answerWith handles an exchange of one row whose answer has the outputs.
func answerWith(m *Monitor, id, outputs string) {
	var r reader
	m.handle(&r, &Exchange{
		Version: "1", RequestID: id, At: m.o.Now(), Status: 200,
		Request:  protocol.Body{JSONLength: -1, ContentType: "application/json", Path: "/infer", Bytes: []byte(`{"inputs":[{"name":"x","datatype":"FP64","shape":[1],"data":[1]}]}`)},
		Response: protocol.Body{JSONLength: -1, ContentType: "application/json", Path: "/infer", Bytes: []byte(`{"outputs":[` + outputs + `]}`)},
	})
}

func classAndScore(class string, score float64) string {
	return fmt.Sprintf(`{"name":"p","datatype":"FP64","shape":[1],"data":[%v]},{"name":"class","datatype":"BYTES","shape":[1],"data":[%q]}`, score, class)
}

func scores(t *testing.T, now *time.Time, positive string) *Monitor {
	t.Helper()
	return labelledWith(t, now, func(o *Options) { o.Slices, o.Score, o.Positive = nil, "p", positive })
}

func summaryOf(t *testing.T, m *Monitor) Summary {
	t.Helper()
	s, err := m.Summary("1", "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAClassAndItsScoreGiveAccuracyAndAUC(t *testing.T) {
	for _, c := range []struct{ configured, positive, negative string }{{"late", "late", "on time"}, {"", "Yes", "no"}} {
		now := time.Unix(1000, 0)
		m := scores(t, &now, c.configured)
		for i, x := range []struct {
			class, label string
			score        float64
		}{
			{c.positive, c.positive, 0.9}, {c.negative, c.positive, 0.4}, {c.positive, c.negative, 0.6}, {c.negative, c.negative, 0.2},
		} {
			answerWith(m, fmt.Sprint(i), classAndScore(x.class, x.score))
			if got := m.Label([]Label{{RequestID: fmt.Sprint(i), Label: x.label}}); got.Outcomes["joined"] != 1 {
				t.Fatalf("%+v", got)
			}
		}
		q := summaryOf(t, m).Quality["truth"]
		if q.Classes == nil || q.Classes.Accuracy != 0.5 || q.Classes.Classes[c.positive].Actual != 2 {
			t.Errorf("%+v", q.Classes)
		}
		if q.Scores == nil || q.Scores.AUC == nil || *q.Scores.AUC != 0.75 || math.Abs(q.Scores.Brier-(0.01+0.36+0.36+0.04)/4) > 1e-12 {
			t.Errorf("%+v", q.Scores)
		}
	}
}

func TestWhereNoClassIsKnownToBePositiveThereAreNoScores(t *testing.T) {
	now := time.Unix(1000, 0)
	m := scores(t, &now, "")
	answerWith(m, "a", classAndScore("late", 0.9))
	m.Label([]Label{{RequestID: "a", Label: "late"}})
	if s := summaryOf(t, m); s.Quality["truth"].Classes == nil || s.Quality["truth"].Scores != nil || s.QualityEstimate != nil {
		t.Errorf("%+v, %+v", s.Quality, s.QualityEstimate)
	}
}

func TestAccuracyIsEstimatedBeforeLabelsAndComparedWithThem(t *testing.T) {
	now := time.Unix(1000, 0)
	m := scores(t, &now, "late")
	for i := range 40 {
		answerWith(m, fmt.Sprint(i), classAndScore("late", 0.92))
	}
	e := summaryOf(t, m).QualityEstimate
	if e == nil || math.Abs(e.Accuracy-0.92) > 1e-12 || e.Rows != 40 || e.Calibrated != 0 || e.Checked != nil || e.Low >= 0.92 || e.High <= 0.92 {
		t.Fatalf("%+v", e)
	}
	// Half of them are late.
	for i := range 40 {
		m.Label([]Label{{RequestID: fmt.Sprint(i), Label: []string{"late", "on time"}[i%2]}, {RequestID: fmt.Sprint(i), Label: "late", Source: "human"}})
	}
	e = summaryOf(t, m).QualityEstimate
	if e.Accuracy != 0.5 || e.Calibrated != 40 || e.Labels != 40 || *e.Precision != 0.5 || *e.Recall != 1 {
		t.Errorf("%+v", e)
	}
	// The first 20 were believed, the others had a rate learnt from those before.
	if e.Checked == nil || e.Checked.Labels != 40 || e.Checked.Actual != 0.5 || e.Checked.Expected < 0.7 || e.Checked.Expected > 0.72 {
		t.Errorf("%+v", e.Checked)
	}
	now = now.Add(m.o.Window + time.Minute)
	if e := summaryOf(t, m).QualityEstimate; e != nil {
		t.Errorf("the window is empty, but %+v", e)
	}
}

func TestAScoreThatIsThePredictionIsEstimatedAndOtherNumbersAreNot(t *testing.T) {
	for name, c := range map[string]struct {
		values []float64
		want   float64 // 0: none
	}{
		"scores":       {[]float64{0.9, 0.2}, 0.85},
		"classes":      {[]float64{0, 1}, 0},
		"a regression": {[]float64{0.5, 3.5}, 0},
	} {
		now := time.Unix(1000, 0)
		m := labelledWith(t, &now, func(o *Options) { o.Slices = nil })
		for i, x := range c.values {
			answerWith(m, fmt.Sprint(i), fmt.Sprintf(`{"name":"y","datatype":"FP64","shape":[1],"data":[%v]}`, x))
		}
		e := summaryOf(t, m).QualityEstimate
		if (e != nil) != (c.want > 0) || e != nil && math.Abs(e.Accuracy-c.want) > 1e-12 {
			t.Errorf("%s: %+v", name, e)
		}
	}
}
