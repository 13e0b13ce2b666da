package gateway_test

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/registry"
)

func percent(p float64) registry.Weight {
	return registry.Weight(math.Round(p * float64(registry.Full) / 100))
}

func TestARequestGoesToTheVersionThatServes(t *testing.T) {
	one, two := newModelServer(t), newModelServer(t)
	r := start(t)
	if status, _, body := r.infer(); status != 503 || !strings.Contains(body, "no-traffic") {
		t.Errorf("a model without traffic answers %d %s", status, body)
	}
	r.register("1", one)
	r.register("2", two)
	if status, _, _ := r.infer(); status != 503 {
		t.Error("registering a version changed the traffic")
	}
	r.switchTo("1")
	if status, version, _ := r.infer(); status != 200 || version != "1" {
		t.Errorf("after the switch to 1: %d from %s", status, version)
	}
	r.switchTo("2")
	if status, version, _ := r.infer(); status != 200 || version != "2" {
		t.Errorf("after the switch to 2: %d from %s", status, version)
	}
}

func TestWeightsComeOutWithinThreeSigmaUnderLoad(t *testing.T) {
	one, two := newModelServer(t), newModelServer(t)
	r := start(t)
	r.register("1", one)
	r.register("2", two)
	r.split(registry.Arm{Version: "1", Weight: percent(90)}, registry.Arm{Version: "2", Weight: percent(10)})
	finish := r.load(8)
	eventually(t, "10,000 answers", func() bool { return one.calls.Load()+two.calls.Load() > 10_000 })
	got := finish()
	if got.failed > 0 {
		t.Fatalf("%d of %d requests failed: %s", got.failed, got.sent, got.first)
	}
	n, p := float64(got.sent), 0.1
	if diff := math.Abs(float64(got.versions["2"]) - n*p); diff > 3*math.Sqrt(n*p*(1-p)) {
		t.Errorf("version 2 answered %d of %.0f", got.versions["2"], n)
	}
}

func TestAHundredRollbacksUnderLoadFailNoRequest(t *testing.T) {
	one, two := newModelServer(t), newModelServer(t)
	r := start(t)
	r.register("1", one)
	r.register("2", two)
	r.switchTo("1")
	finish := r.load(8)
	for range 100 {
		r.switchTo("2")
		changed, err := r.admin.Rollback(t.Context(), "m", 0, "test")
		if err != nil {
			t.Fatal(err)
		}
		if !changed.Routed || changed.Traffic.Stable != "1" {
			t.Fatalf("rollback: %+v", changed)
		}
		if _, version, _ := r.infer(); version != "1" {
			t.Fatalf("after the rollback, version %s answered", version)
		}
	}
	if got := finish(); got.failed > 0 || got.sent == 0 {
		t.Errorf("%d of %d requests failed: %s", got.failed, got.sent, got.first)
	}
}

func TestAnEditOfTheRegistryByHandIsRoutedAndABrokenOneIsNot(t *testing.T) {
	one, two := newModelServer(t), newModelServer(t)
	r := start(t)
	r.register("1", one)
	r.register("2", two)
	r.switchTo("1")
	path := filepath.Join(r.dir, "registry", "m.json")
	document, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	finish := r.load(4)

	// A half-written document changes nothing.
	if err := os.WriteFile(path, document[:len(document)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a problem in the log", func() bool { return strings.Contains(r.logged.String(), "m.json") })
	if _, version, _ := r.infer(); version != "1" {
		t.Errorf("with a broken document, version %s answers", version)
	}

	// A good one is a new generation.
	traffic := string(document)
	found := strings.Contains(traffic, `"stable": "1"`)
	if !found {
		t.Fatalf("no traffic in %s", traffic)
	}
	edited := strings.Replace(strings.Replace(traffic, `"stable": "1"`, `"stable": "2"`, 1), "\"arms\": [\n      {\n        \"version\": \"1\"", "\"arms\": [\n      {\n        \"version\": \"2\"", 1)
	if edited == traffic {
		t.Fatalf("the document has another form: %s", traffic)
	}
	if err := os.WriteFile(path, []byte(edited), 0o644); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the edited traffic", func() bool { _, version, _ := r.infer(); return version == "2" })
	if got := finish(); got.failed > 0 {
		t.Errorf("%d of %d requests failed: %s", got.failed, got.sent, got.first)
	}
	history, err := r.admin.History(t.Context(), "m", 0)
	if err != nil || history.Generations[0].Cause != registry.CauseHandEdit {
		t.Errorf("history %+v, error %v", history, err)
	}
}

func TestADeletedDocumentStopsNoTraffic(t *testing.T) {
	one := newModelServer(t)
	r := start(t)
	r.register("1", one)
	r.switchTo("1")
	if err := os.Remove(filepath.Join(r.dir, "registry", "m.json")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a problem in the log", func() bool { return strings.Contains(r.logged.String(), "m.json") })
	if status, _, _ := r.infer(); status != 200 {
		t.Errorf("status %d", status)
	}
}

func TestStandbyIsConnectedAndHealthChecked(t *testing.T) {
	one, two := newModelServer(t), newModelServer(t)
	r := start(t)
	r.register("1", one)
	r.register("2", two)
	r.switchTo("1")
	r.switchTo("2")
	eventually(t, "a healthy standby", func() bool {
		m, err := r.admin.Model(t.Context(), "m")
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range m.Versions {
			if v.Registered.Version == "1" && v.Role == "standby" && len(v.Endpoints) == 1 && v.Endpoints[0].Healthy {
				return true
			}
		}
		return false
	})
	one.Close()
	eventually(t, "an unhealthy standby", func() bool {
		for _, e := range r.Endpoints("m", "1") {
			return !e.Healthy
		}
		return false
	})
}

func TestAGatewayThatStartsWithoutItsRegistryServesWhatItServedBefore(t *testing.T) {
	one := newModelServer(t)
	r := start(t)
	r.register("1", one)
	r.switchTo("1")
	state := filepath.Join(r.dir, "state", "last-good.json")
	eventually(t, "the last good tables", func() bool { _, err := os.Stat(state); return err == nil })
	r.shutDown()
	document := filepath.Join(r.dir, "registry", "m.json")
	good, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(document, []byte(`{"model": "m", `), 0o644); err != nil {
		t.Fatal(err)
	}

	again := startIn(t, r.dir, r.config)
	if status, version, body := again.infer(); status != 200 || version != "1" {
		t.Errorf("without a readable registry: %d from %q: %s", status, version, body)
	}
	// When the registry is back, it goes before what was kept.
	if err := os.WriteFile(document, good, 0o644); err != nil {
		t.Fatal(err)
	}
	two := newModelServer(t)
	eventually(t, "the mended registry", func() bool {
		m, err := again.admin.Model(t.Context(), "m")
		return err == nil && m.Traffic != nil
	})
	again.register("2", two)
	again.switchTo("2")
	if _, version, _ := again.infer(); version != "2" {
		t.Errorf("version %s answers", version)
	}
}
