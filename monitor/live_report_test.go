package monitor

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/monitor/report"
)

// liveReport returns a report that has gone through JSON, which refuses NaN.
func (r *rig) liveReport(version, slice string) *LiveReport {
	r.t.Helper()
	made, err := r.Report(version, slice)
	if err != nil {
		r.t.Fatal(err)
	}
	data, err := json.Marshal(made)
	if err != nil {
		r.t.Fatal(err)
	}
	out := new(LiveReport)
	if err := json.Unmarshal(data, out); err != nil {
		r.t.Fatal(err)
	}
	return out
}

func (r *LiveReport) feature(t *testing.T, name string) *FeatureReport {
	t.Helper()
	for i := range r.Features {
		if r.Features[i].Name == name {
			return &r.Features[i]
		}
	}
	t.Fatalf("no feature %s in %+v", name, r.Features)
	return nil
}

func TestALiveReportTellsWhatHasDriftedAndWhatHasNot(t *testing.T) {
	const seed = 61
	rng := rand.New(rand.NewPCG(seed, 0))
	r := newRig(t, func(o *Options) { o.FalseAlarmEvery = 1e6; o.Slices = []string{"carrier"} })
	p := mustProfile(t, trainingTable(20_000, rng), ProfileOptions{Source: "train.csv", Outputs: []string{"late"}})
	if err := r.SetProfile("1", p); err != nil {
		t.Fatal(err)
	}
	for range 3000 { // delays are half an hour longer, every tenth carrier is missing, and there is a new input
		c := carrier(rng)
		if rng.IntN(10) == 0 {
			c = "null"
		}
		r.call(fmt.Sprintf("delay=%d,carrier=%s,wind=3", delay(rng)+30, c), fmt.Sprintf("late=%d", late(rng)))
	}
	r.clock.advance(time.Minute)
	got := r.liveReport("1", "")
	if got.Window.Observations != 3000 || got.Reference == nil || got.Reference.Source != "train.csv" || got.Reference.Guarantee == nil {
		t.Errorf("seed %d: head %+v, reference %+v", seed, got.Window, got.Reference)
	}
	d := got.feature(t, "delay")
	if d.Drifted == nil || !*d.Drifted || d.AlarmsTotal == 0 || math.Abs(*d.Current.Mean-*d.Reference.Mean-30) > 2 {
		t.Errorf("seed %d: delay %+v", seed, d)
	}
	for name, half := range map[string]*report.Side{"reference": d.Reference, "current": d.Current} {
		if m := half.Quantiles["0.5"]; m < *half.Min || m > *half.Mean { // of an exponential the median is below the mean
			t.Errorf("seed %d: %s median %v, mean %v", seed, name, m, *half.Mean)
		}
	}
	c := got.feature(t, "carrier")
	if c.Drifted == nil || *c.Drifted || math.Abs(c.Current.MissingShare-0.1) > 0.03 || len(c.Reference.Categories) != 3 {
		t.Errorf("seed %d: carrier %+v", seed, c)
	}
	last := c.Scores[len(c.Scores)-1]
	if last.Method != "missing" || last.PValue == nil || *last.PValue > 1e-6 {
		t.Errorf("seed %d: missing carriers: %+v", seed, last)
	}
	set := got.Dataset
	if set.Compared != 3 || set.DriftedCount != 1 || set.Drifted || set.Predictions.Compared != 1 || set.Predictions.DriftedCount != 0 {
		t.Errorf("seed %d: dataset %+v", seed, set)
	}
	if p := set.Predictions; p.Rows != 3000 || math.Abs(p.PerSecond-50) > 0.1 {
		t.Errorf("seed %d: predictions %+v", seed, p)
	}
	if len(got.Quality.OnlyInCurrent) != 1 || got.Quality.OnlyInCurrent[0] != "wind" || len(got.Alarms) == 0 {
		t.Errorf("seed %d: quality %+v, %d alarms", seed, got.Quality, len(got.Alarms))
	}
	if text := fmt.Sprint(got.Quality.Issues); !strings.Contains(text, "missing went from 0.00 %") {
		t.Errorf("seed %d: %s", seed, text)
	}
	if ua := r.liveReport("1", "carrier=UA"); ua.Dataset.Compared != 0 || ua.feature(t, "delay").Current.Count == 0 {
		t.Errorf("seed %d: a slice has no scores: %+v", seed, ua.Dataset)
	}
}

func TestALiveReportWithoutAReferenceOrAWindowFindsNothingWrong(t *testing.T) {
	r := newRig(t, nil)
	if _, err := r.Report("1", ""); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	r.call("delay=1", "late=0")
	got := r.liveReport("1", "")
	if got.Reference != nil || len(got.Quality.Issues) != 0 || got.Dataset.Compared != 0 || got.feature(t, "delay").Current.Count != 1 {
		t.Errorf("%+v", got)
	}
	r.clock.advance(24 * time.Hour)
	if got = r.liveReport("1", ""); got.Window.Observations != 0 || len(got.Quality.Issues) != 0 || got.Observations != 1 {
		t.Errorf("an empty window: %+v", got)
	}
}

func TestAWindowTooSmallToTellHasNoVerdict(t *testing.T) {
	const seed = 62
	rng := rand.New(rand.NewPCG(seed, 0))
	r := newRig(t, nil)
	if err := r.SetProfile("1", mustProfile(t, trainingTable(20_000, rng), ProfileOptions{})); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		r.call(fmt.Sprintf("delay=%d,carrier=%s,late=1", delay(rng), carrier(rng)), "x=1")
	}
	if d := r.liveReport("1", "").feature(t, "delay"); d.Drifted != nil || len(d.Scores) == 0 {
		t.Errorf("seed %d: %+v", seed, d)
	}
}
