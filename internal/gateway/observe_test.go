package gateway_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/registry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func (r *running) summary(t *testing.T, version, slice string) (s monitor.Summary) {
	t.Helper()
	raw, err := r.admin.Monitor(t.Context(), "m", version, slice)
	if err != nil {
		return s
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return s
}

func TestTheMonitorSeesEveryRowAndCountsWhatItCannotRead(t *testing.T) {
	one := newModelServer(t)
	r := start(t, "monitor: {slices: [origin]}")
	r.register("1", one)
	r.switchTo("1")
	for i := range 90 {
		r.post(fmt.Sprintf(inferBody, i, []string{"JFK", "EWR", "LGA"}[i%3]))
	}
	r.post(`{"inputs":[{"name":"x","shape":[1],"datatype":"FP64","data":[null]},{"name":"origin","shape":[1],"datatype":"BYTES","data":["JFK"]}]}`)
	if status, _, _ := r.post(`{"inputs":`); status != 200 {
		t.Errorf("a body that can't be decoded was not forwarded untouched: %d", status)
	}
	eventually(t, "92 requests", func() bool { return r.summary(t, "1", "").Software.Requests == 92 })
	s := r.summary(t, "1", "")
	if s.Observations != 92 { // of one row only the answer could be read
		t.Errorf("%d observations, want 92: %+v", s.Observations, s)
	}
	found := false
	for _, f := range s.Features {
		if f.Name == "x" {
			found = true
			if f.Count != 90 || f.Missing != 1 || f.Kind != "numeric" {
				t.Errorf("x: %+v", f)
			}
		}
	}
	if !found {
		t.Errorf("no feature x in %+v", s.Features)
	}
	if s.Software.Requests != 92 {
		t.Errorf("%d requests, want 92", s.Software.Requests)
	}
	// The server answers 0 to all: no gap, and one series that says so.
	if got := metric(r.metrics(t), `weir_fairness_gap{field="origin",model="m",version="1"}`); got != 0 {
		t.Errorf("weir_fairness_gap is %v, want 0", got)
	}
	if len(s.Fairness) != 1 || len(s.Fairness[0].Slices) != 3 {
		t.Errorf("%+v", s.Fairness)
	}
	if jfk := r.summary(t, "1", "origin=JFK"); jfk.Observations != 31 {
		t.Errorf("slice origin=JFK has %d observations, want 31", jfk.Observations)
	}
	var dropped uint64
	for _, n := range s.Dropped {
		dropped += n
	}
	if dropped != 1 {
		t.Errorf("dropped: %v, want the one body that can't be decoded", s.Dropped)
	}
}

func TestAHungShadowFailsAndBlocksNobodyAndIsCounted(t *testing.T) {
	one, two := newModelServer(t), newModelServer(t)
	r := start(t, "shadow: {queue: 4, workers: 2, timeout: 100ms}")
	r.register("1", one)
	r.register("2", two)
	r.switchTo("1")
	if _, err := r.admin.Shadow(t.Context(), "m", []registry.Shadow{{Version: "2", Sample: 1}}, "test"); err != nil {
		t.Fatal(err)
	}
	two.hang.Store(true)
	finish := r.load(4)
	eventually(t, "2,000 answers", func() bool { return one.calls.Load() > 2000 })
	if got := finish(); got.failed > 0 || got.versions["2"] > 0 {
		t.Errorf("%d of %d requests failed (%s), the shadow answered %d", got.failed, got.sent, got.first, got.versions["2"])
	}
	eventually(t, "dropped and timed-out copies", func() bool {
		text := r.metrics(t)
		return metric(text, `weir_shadow_requests_total{model="m",outcome="queue_full",version="2"}`) > 0 &&
			metric(text, `weir_shadow_requests_total{model="m",outcome="timeout",version="2"}`) > 0
	})
}

func TestAShadowThatDisagreesIsFound(t *testing.T) {
	one, two := newModelServer(t), newModelServer(t)
	two.late.Store(1)
	r := start(t)
	r.register("1", one)
	r.register("2", two)
	r.switchTo("1")
	if _, err := r.admin.Shadow(t.Context(), "m", []registry.Shadow{{Version: "2", Sample: 1}}, "test"); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, version, body := r.infer(); version != "1" || !strings.Contains(body, "[0]") {
			t.Fatalf("version %s answered %s", version, body)
		}
	}
	eventually(t, "20 compared pairs", func() bool {
		return metric(r.metrics(t), `weir_shadow_disagreement_ratio{model="m",version="2"}`) == 1
	})
}

func TestADisagreementThatIsNotTheServicesNoiseIsAnExcess(t *testing.T) {
	one, two := newModelServer(t), newModelServer(t)
	two.late.Store(1)
	r := start(t, "idempotent: true", "shadow: {noise_sample: 1}")
	r.register("1", one)
	r.register("2", two)
	r.switchTo("1")
	if _, err := r.admin.Shadow(t.Context(), "m", []registry.Shadow{{Version: "2", Sample: 1}}, "test"); err != nil {
		t.Fatal(err)
	}
	before, requests := one.calls.Load(), int64(0)
	eventually(t, "an excess that is certain", func() bool {
		for range 20 {
			r.infer()
			requests++
		}
		text := r.metrics(t)
		return metric(text, `weir_shadow_excess_low{model="m",version="2"}`) > 0.5 &&
			metric(text, `weir_shadow_noise_ratio{model="m",version="2"}`) == 0
	})
	if asked := one.calls.Load() - before; asked <= requests {
		t.Errorf("version 1 was asked %d times for %d requests", asked, requests)
	}
	// Second answers are in no count of the version's own.
	watched := r.summary(t, "1", "").Software.Requests
	if counted := metric(r.metrics(t), `weir_requests_total{code="200",model="m",version="1"}`); watched > uint64(requests) || counted != float64(requests) {
		t.Errorf("%d requests were counted as %v and watched as %d", requests, counted, watched)
	}
}

func TestThePredictionsOfBothVersionsAreCounted(t *testing.T) {
	one := newModelServer(t)
	r := start(t)
	r.register("1", one)
	r.switchTo("1")
	for i := range 30 {
		one.late.Store(int64(i % 3 / 2))
		r.infer()
	}
	eventually(t, "predictions by class", func() bool {
		text := r.metrics(t)
		return metric(text, `weir_predictions_total{class="0",model="m",version="1"}`) == 20 &&
			metric(text, `weir_predictions_total{class="1",model="m",version="1"}`) == 10
	})
}

// metric reads one sample of the exposition format; −1 where it is not there.
func metric(text, series string) float64 {
	found := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(series) + ` (\S+)$`).FindStringSubmatch(text)
	if found == nil {
		return -1
	}
	v, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		return -1
	}
	return v
}
