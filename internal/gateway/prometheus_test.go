package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/weir-gateway/weir/registry"
)

const deploy = "../../deploy"

// TestEveryDashboardQueryAndAlertRuleYieldsData runs a real Prometheus against a
// gateway in which everything happens that the metrics speak of, and fails on
// every query of the dashboard and every rule that is refused or empty.
func TestEveryDashboardQueryAndAlertRuleYieldsData(t *testing.T) {
	binary := prometheusBinary(t)
	r := busyGateway(t)
	finish := r.load(2)
	defer finish()
	prometheus := startPrometheus(t, binary, r.AdminAddress().String())

	queries := map[string]string{}
	for name, query := range dashboardQueries(t) {
		queries["dashboard: "+name] = query
	}
	for name, query := range ruleQueries(t) {
		queries["rules: "+name] = query
	}
	if len(queries) < 40 {
		t.Fatalf("only %d queries were found in %s", len(queries), deploy)
	}
	for name, query := range queries {
		eventually(t, fmt.Sprintf("data for %s: %s", name, query), func() bool {
			results, err := instantQuery(t, prometheus, query)
			if err != nil {
				t.Fatalf("%s: %s: %v", name, query, err)
			}
			return hasNumber(results)
		})
	}
	if bad := unhealthyRules(t, prometheus); bad != "" {
		t.Errorf("rules that Prometheus can't evaluate: %s", bad)
	}
}

// prometheusBinary finds the server; make test installs it.
func prometheusBinary(t *testing.T) string {
	t.Helper()
	binary, err := exec.LookPath("prometheus")
	if err != nil {
		if os.Getenv("WEIR_REQUIRE_PEERS") != "" {
			t.Fatalf("prometheus is not installed: %v", err)
		}
		t.Skip("prometheus is not installed; make test installs it")
	}
	return binary
}

// busyGateway has arms, a shadow that disagrees, profiles, a failed request, a
// rollback and an observation that is dropped.
func busyGateway(t *testing.T) *running {
	t.Helper()
	one, two, three := newModelServer(t), newModelServer(t), newModelServer(t)
	three.late.Store(1)
	r := start(t, "monitor: {max_body: 4KiB, slices: [origin]}", "idempotent: true", "shadow: {max_body: 4KiB, noise_sample: 1}")
	r.register("1", one)
	r.switchTo("1")
	for i := range 600 {
		r.post(fmt.Sprintf(inferBody, i%7, "JFK"))
	}
	var profile []byte
	eventually(t, "a profile of the live window", func() bool {
		var err error
		profile, err = r.admin.LiveProfile(t.Context(), "m", "1")
		return err == nil
	})
	digest, err := r.admin.PutProfile(t.Context(), profile)
	if err != nil {
		t.Fatal(err)
	}
	r.register("2", two, digest)
	r.register("3", three, digest)
	r.switchTo("2")
	if _, err := r.admin.Rollback(t.Context(), "m", 0, "test"); err != nil {
		t.Fatal(err)
	}
	r.split(registry.Arm{Version: "1", Weight: percent(50)}, registry.Arm{Version: "2", Weight: percent(50)})
	if _, err := r.admin.Shadow(t.Context(), "m", []registry.Shadow{{Version: "3", Sample: 1}}, "test"); err != nil {
		t.Fatal(err)
	}
	two.fail.Store(true)
	eventually(t, "a failed request", func() bool { status, _, _ := r.infer(); return status == 500 })
	two.fail.Store(false)
	r.post(fmt.Sprintf(inferBody, 1, strings.Repeat("x", 8<<10))) // too large to be observed
	return r
}

func startPrometheus(t *testing.T, binary, target string) (address string) {
	t.Helper()
	dir := t.TempDir()
	rules, err := filepath.Abs(deploy + "/prometheus/rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	configuration := fmt.Sprintf(`global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 500ms}
rule_files: [%q]
scrape_configs:
  - job_name: weir
    static_configs: [{targets: [%q]}]
`, rules, target)
	path := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(path, []byte(configuration), 0o644); err != nil {
		t.Fatal(err)
	}
	// A port that was free a moment ago; Prometheus cannot choose one itself.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = l.Addr().String()
	_ = l.Close()
	log := &lockedBuffer{}
	cmd := exec.Command(binary, "--config.file="+path, "--storage.tsdb.path="+dir+"/data", "--web.listen-address="+address)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	eventually(t, "Prometheus", func() bool {
		response, err := http.Get("http://" + address + "/-/ready")
		if err != nil {
			return false
		}
		_ = response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
	return address
}

// dashboardQueries returns the queries of all panels, annotations and variables,
// with Grafana's variables filled in.
func dashboardQueries(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(deploy + "/grafana/dashboards/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no dashboards: %v", err)
	}
	queries := map[string]string{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var dashboard struct {
			Panels []struct {
				Title   string
				Type    string
				Targets []struct{ Expr string }
			}
			Annotations struct {
				List []struct{ Name, Expr string }
			}
		}
		if err := json.Unmarshal(content, &dashboard); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		fill := strings.NewReplacer("$__rate_interval", "10s", "$model", ".+")
		for _, p := range dashboard.Panels {
			if p.Type != "row" && len(p.Targets) == 0 {
				t.Errorf("%s: panel %q has no query", file, p.Title)
			}
			for i, target := range p.Targets {
				queries[fmt.Sprintf("%s %d", p.Title, i)] = fill.Replace(target.Expr)
			}
		}
		for _, a := range dashboard.Annotations.List {
			if a.Expr != "" {
				// The annotation marks moments; what it looks at must exist.
				queries["annotation "+a.Name] = strings.TrimSuffix(fill.Replace(a.Expr), " > 0")
			}
		}
	}
	return queries
}

// limit is the comparison at the end of an alert's expression.
var limit = regexp.MustCompile(`^(.*) [<>] [0-9.]+$`)

// ruleQueries returns what the rules record, and what the alerts compare.
func ruleQueries(t *testing.T) map[string]string {
	t.Helper()
	content, err := os.ReadFile(deploy + "/prometheus/rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	var rules struct {
		Groups []struct {
			Rules []struct{ Alert, Record, Expr string }
		}
	}
	if err := yaml.Unmarshal(content, &rules); err != nil {
		t.Fatal(err)
	}
	queries := map[string]string{}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			if r.Record != "" {
				queries[r.Record] = r.Expr
				queries[r.Record+", recorded"] = r.Record
				continue
			}
			compared := limit.FindStringSubmatch(strings.TrimSpace(r.Expr))
			if compared == nil {
				t.Errorf("alert %s is not a comparison of something with a number: %s", r.Alert, r.Expr)
				continue
			}
			queries[r.Alert] = compared[1]
		}
	}
	return queries
}

type sample struct {
	Metric map[string]string
	Value  []any
}

// hasNumber reports whether a result says anything: quantiles of a version that
// has answered nobody are NaN, and so is a ratio of two zeros.
func hasNumber(results []sample) bool {
	return slices.ContainsFunc(results, func(s sample) bool { return len(s.Value) == 2 && s.Value[1] != "NaN" })
}

func instantQuery(t *testing.T, address, query string) ([]sample, error) {
	t.Helper()
	var answer struct {
		Status, Error string
		Data          struct{ Result []sample }
	}
	get(t, "http://"+address+"/api/v1/query?query="+url.QueryEscape(query), &answer)
	if answer.Status != "success" {
		return nil, fmt.Errorf("refused: %s", answer.Error)
	}
	return answer.Data.Result, nil
}

func unhealthyRules(t *testing.T, address string) (bad string) {
	t.Helper()
	var answer struct {
		Data struct {
			Groups []struct {
				Rules []struct{ Name, Health, LastError string }
			}
		}
	}
	get(t, "http://"+address+"/api/v1/rules", &answer)
	for _, g := range answer.Data.Groups {
		for _, r := range g.Rules {
			if r.Health != "ok" {
				bad += fmt.Sprintf("%s: %s %s; ", r.Name, r.Health, r.LastError)
			}
		}
	}
	return bad
}

func get(t *testing.T, address string, into any) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, into); err != nil {
		t.Fatalf("%s: %v: %s", address, err, content)
	}
}

// metrics is the text of /metrics.
func (r *running) metrics(t *testing.T) string {
	t.Helper()
	response, err := http.Get("http://" + r.AdminAddress().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%v: %d %s", err, response.StatusCode, content)
	}
	return string(content)
}
