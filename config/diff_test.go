package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weir-gateway/weir/config"
)

func TestDiffSaysWhatChangesInWords(t *testing.T) {
	before := parse(t, `
listen: {http: 127.0.0.1:8080}
models:
  flights: {protocol: oip, assign: {header: x-user}, monitor: {slices: [origin]}}
  iris: {protocol: mlflow, monitor: off}
  wine: {protocol: oip}`)
	after := parse(t, `
listen: {http: 127.0.0.1:9090}
drain_timeout: 1m
models:
  flights:
    protocol: oip
    assign: {cookie: user}
    monitor: {slices: [origin, carrier], features: {predict: [a, b]}}
    rollout: {steps: [{weight: 2}, {weight: 10, min_requests: 2000}], guardrails: [{metric: errors, margin: 0.25}]}
  iris: {protocol: mlflow}
  fish: {protocol: json, route: {prefix: /fish}, monitor: off}`)

	var got []string
	for _, c := range config.Diff(before, after) {
		got = append(got, c.String())
	}
	// The new model is written out in full; what matters here is its beginning.
	for i, line := range got {
		if fish, _, cut := strings.Cut(line, ", timeout"); cut && strings.HasPrefix(line, "models.fish") {
			got[i] = fish + " …"
		}
		if head, _, cut := strings.Cut(line, ", timeout"); cut && strings.HasPrefix(line, "models.wine") {
			got[i] = head + " …"
		}
		if _, tail, cut := strings.Cut(line, "off → "); cut {
			got[i] = "models.iris.monitor: off → " + tail[:len("{window: 10m")] + " …"
		}
	}
	want := []string{
		"listen.http: 127.0.0.1:8080 → 127.0.0.1:9090 (takes a restart)",
		"drain_timeout: 30s → 1m",
		"models.fish: added {protocol: json, route: {prefix: /fish} …",
		"models.flights.assign.header: removed x-user",
		"models.flights.assign.cookie: added user",
		"models.flights.monitor.slices: [origin] → [origin, carrier]",
		"models.flights.monitor.features.predict: added [a, b]",
		"models.flights.rollout.steps[0].weight: 1 → 2",
		"models.flights.rollout.steps[0].min_time: 1m → 0s",
		"models.flights.rollout.steps[2]: removed {weight: 50, min_requests: 2000}",
		"models.flights.rollout.guardrails[0].margin: 0.5 → 0.25",
		"models.flights.rollout.guardrails[1]: removed {metric: latency, quantile: 0.99, margin: 20}",
		"models.flights.rollout.guardrails[2]: removed {metric: prediction, margin: 0.1}",
		"models.iris.monitor: off → {window: 10m …",
		"models.wine: removed {protocol: oip, route: {prefix: /v2/models/wine} …",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestEqualConfigurationsHaveNoDiff(t *testing.T) {
	text := "models: {flights: {protocol: oip}}"
	if changes := config.Diff(parse(t, text), parse(t, "# the same\n"+text)); len(changes) > 0 {
		t.Errorf("got %v", changes)
	}
}

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	c, err := config.Parse("weir.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
