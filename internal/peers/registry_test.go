package peers

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// flightsFromMLflow are two models that follow one: one by looking every second,
// one by webhooks alone.
const flightsFromMLflow = `  flights:
    protocol: oip
    source: {mlflow: {url: "URL", poll: 1s}}
  hooked:
    protocol: oip
    source: {mlflow: {url: "URL", name: flights, poll: 24h, webhook_secret_env: WEIR_TEST_SECRET, endpoints: ["http://127.0.0.1:9/v{version}"]}}
`

// sourced is what Weir tells of a model with a source.
type sourced struct {
	Traffic  any `json:"traffic"`
	Versions []struct {
		Registered struct {
			Version   string   `json:"version"`
			Endpoints []string `json:"endpoints"`
			By        string   `json:"by"`
			Lineage   struct {
				Git, Data, Artifact, Run string
				Params                   map[string]string
			} `json:"lineage"`
		} `json:"registered"`
	} `json:"versions"`
	Source struct {
		Connected bool              `json:"connected"`
		Error     string            `json:"error"`
		Aliases   map[string]string `json:"aliases"`
		Skipped   []struct{ Version, Reason string }
	} `json:"source"`
}

func (w *weir) model(name string) (m sourced) {
	w.t.Helper()
	status, _, body, err := call(http.MethodGet, w.admin+"/api/v1/models/"+name, "", nil)
	if err != nil || status != http.StatusOK || json.Unmarshal(body, &m) != nil {
		w.t.Fatalf("GET models/%s: %d %s %v", name, status, body, err)
	}
	if m.Traffic != nil {
		w.t.Fatalf("%s got traffic: %s", name, body)
	}
	return m
}

// tracking is MLflow's server with a database of its own.
type tracking struct {
	t              *testing.T
	bin, dir, port string
	url            string
}

func (s *tracking) start() (end func()) {
	return serve(s.t, s.dir, s.url+"/health", s.bin, "mlflow", "server", "--host", "127.0.0.1", "--port", s.port, "--workers", "1",
		"--backend-store-uri", "sqlite:///"+filepath.Join(s.dir, "mlflow.db"), "--default-artifact-root", filepath.Join(s.dir, "artifacts"))
}

// do is one step of testdata/mlflow_registry.py.
func (s *tracking) do(args ...string) string {
	s.t.Helper()
	return run(s.t, filepath.Join(s.bin, "python"), append([]string{script(s.t, "mlflow_registry.py"), s.url}, args...)...)
}

// trained is what the step train prints.
type trained struct{ Version, Run, Data string }

func (s *tracking) train(endpoints ...string) (v trained) {
	s.t.Helper()
	out := s.do(append([]string{"train"}, endpoints...)...)
	lines := strings.Split(strings.TrimSpace(out), "\n") // MLflow's own words come before
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &v); err != nil {
		s.t.Fatalf("%v in %q", err, out)
	}
	return v
}

func startTracking(t *testing.T) (s *tracking, end func()) {
	t.Helper()
	s = &tracking{t: t, bin: environment(t, "mlflow"), dir: t.TempDir(), port: freePorts(t, 1)[0]}
	s.url = "http://127.0.0.1:" + s.port
	for name, value := range map[string]string{
		"MLFLOW_DISABLE_TELEMETRY":         "true",
		"GIT_PYTHON_REFRESH":               "quiet",
		"MLFLOW_WEBHOOK_ALLOWED_SCHEMES":   "http,https", // the gateway of the test has no certificate
		"MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true",
		"WEIR_TEST_SECRET":                 "s3cret",
	} {
		t.Setenv(name, value)
	}
	return s, s.start()
}

func TestVersionsAreRegisteredAsMLflowHasThem(t *testing.T) {
	mlflow, end := startTracking(t)
	w := startWeir(t, strings.ReplaceAll(flightsFromMLflow, "URL", mlflow.url))
	await(t, "the first look", nil, func() bool { return strings.Contains(w.model("hooked").Source.Error, "no registered model") })
	mlflow.do("webhook", w.admin+"/api/v1/hooks/mlflow/hooked", "s3cret")

	one := mlflow.train("http://127.0.0.1:9001/a", "http://127.0.0.1:9002/a")
	await(t, "version 1", nil, func() bool { return len(w.model("flights").Versions) == 1 })
	got := w.model("flights").Versions[0].Registered
	if got.Version != one.Version || got.By != "mlflow" || strings.Join(got.Endpoints, " ") != "http://127.0.0.1:9001/a http://127.0.0.1:9002/a" {
		t.Errorf("registered %+v", got)
	}
	l := got.Lineage
	if l.Git != "9f1c2ab" || l.Data != one.Data || l.Run != "mlflow:"+one.Run || l.Artifact != "s3://models/flights" ||
		len(l.Params) != 2 || l.Params["l2"] != "0.1" || l.Params["depth"] != "4" {
		t.Errorf("lineage %+v of %+v", l, one)
	}
	// The other looks once a day: it was the webhook.
	await(t, "version 1 by webhook", nil, func() bool { return len(w.model("hooked").Versions) == 1 })

	two := mlflow.train()
	await(t, "version 2 to be skipped", nil, func() bool {
		s := w.model("flights").Source.Skipped
		return len(s) == 1 && s[0].Version == two.Version && strings.Contains(s[0].Reason, "weir.endpoints")
	})
	mlflow.do("tag", two.Version, "weir.endpoints", "http://127.0.0.1:9003/a")
	await(t, "version 2", nil, func() bool { m := w.model("flights"); return len(m.Versions) == 2 && len(m.Source.Skipped) == 0 })

	mlflow.do("alias", "champion", one.Version)
	await(t, "the alias", nil, func() bool { return w.model("flights").Source.Aliases["champion"] == one.Version })
	mlflow.do("alias", "champion", two.Version)
	await(t, "the alias to move", nil, func() bool { return w.model("flights").Source.Aliases["champion"] == two.Version })
	await(t, "the alias by webhook", nil, func() bool { return w.model("hooked").Source.Aliases["champion"] == two.Version })

	end()
	await(t, "the loss", nil, func() bool { return !w.model("flights").Source.Connected })
	if m := w.model("flights"); len(m.Versions) != 2 || m.Source.Aliases["champion"] != two.Version {
		t.Errorf("while MLflow is down: %+v", m)
	}
	mlflow.start()
	await(t, "its return", nil, func() bool { return w.model("flights").Source.Connected })
	mlflow.do("unalias", "champion")
	await(t, "the end of the alias", nil, func() bool { return len(w.model("flights").Source.Aliases) == 0 })
}
