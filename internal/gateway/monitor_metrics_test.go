package gateway_test

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/weir-gateway/weir/monitor"
)

// metric is the value of a metric of model m without further labels; −1: it is not there.
func (r *running) metric(t *testing.T, name string) float64 {
	t.Helper()
	found := regexp.MustCompile(`(?m)^` + name + `\{model="m"\} (\S+)$`).FindStringSubmatch(r.metrics(t))
	if found == nil {
		return -1
	}
	v, err := strconv.ParseFloat(found[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestWhatAMonitorCostsIsShownAndOutlivesAReload(t *testing.T) {
	r := start(t, "monitor: {slices: [origin]}")
	r.register("1", newModelServer(t))
	r.switchTo("1")
	for i := range 20 {
		r.post(fmt.Sprintf(inferBody, i, "JFK"))
	}
	eventually(t, "20 rows", func() bool { return r.metric(t, "weir_monitor_observations_total") == 20 })
	// The exchange is taken off the queue only after it was observed.
	eventually(t, "an empty queue", func() bool {
		return r.metric(t, "weir_monitor_queue_length") == 0 && r.metric(t, "weir_monitor_queue_bytes") == 0
	})
	if taken := r.metric(t, "weir_monitor_memory_bytes"); taken < 30_000 || taken > 1<<20 {
		t.Errorf("%v bytes for two features, an output and a slice", taken)
	}
	before := r.metric(t, "weir_monitor_seconds_total")
	if before <= 0 || before > 10 {
		t.Errorf("20 exchanges took %v s", before)
	}

	r.configure("monitor: {slices: [origin], max_memory: 1MiB}")
	if err := r.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.post(fmt.Sprintf(inferBody, 1, "JFK"))
	eventually(t, "the 21st row", func() bool { return r.metric(t, "weir_monitor_observations_total") == 21 })
	if after := r.metric(t, "weir_monitor_seconds_total"); after < before {
		t.Errorf("a reload made the seconds fall from %v to %v", before, after)
	}
	if s := r.summary(t, "1", ""); s.Memory.Max != 1<<20 {
		t.Errorf("the bound is %d after the reload", s.Memory.Max)
	}
}

func TestASampleOfTheRequestsIsWatchedAndLabelled(t *testing.T) {
	r := start(t, "monitor: {sample: 0.25}")
	r.register("1", newModelServer(t))
	r.switchTo("1")
	for i := range 60 {
		r.post(fmt.Sprintf(inferBody, i, "JFK"), "x-request-id", fmt.Sprint("call-", i))
	}
	// call-0 to call-59 by the share's hash; every gateway has the same ones.
	eventually(t, "all requests observed or left out", func() bool {
		return r.metric(t, "weir_monitor_observations_total")+r.metric(t, "weir_monitor_left_out_total") == 60
	})
	s := r.summary(t, "1", "")
	if s.Observations < 5 || s.Observations > 30 || s.Sampling == nil || s.Sampling.LeftOut != 60-s.Observations {
		t.Fatalf("%d observations, sampling %+v", s.Observations, s.Sampling)
	}
	outcomes := map[string]int{}
	for i := range 60 {
		raw, err := r.admin.Feedback(t.Context(), "m", []monitor.Label{{RequestID: fmt.Sprint("call-", i), Label: 1.0}})
		if err != nil {
			t.Fatal(err)
		}
		for outcome, n := range raw.Outcomes {
			outcomes[outcome] += n
		}
	}
	if left := outcomes["not_sampled"]; left != int(s.Sampling.LeftOut) || outcomes["unknown_id"] != 0 {
		t.Errorf("labels: %v", outcomes)
	}
}
