package admin

import (
	"errors"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/admin/api"
)

func TestReadinessNamesWhatIsMissing(t *testing.T) {
	f := newFixture(t)
	var ready api.Readiness
	f.gateway.checks = []api.Check{{Name: "serving", OK: true, Required: true}, {Name: "registry", Detail: "not read for 3m"}}
	f.want(f.call("GET", "/-/ready", ""), 200, &ready)
	if !ready.Ready || len(ready.Checks) != 2 || ready.Checks[1].Detail != "not read for 3m" {
		t.Errorf("ready %+v", ready)
	}
	f.gateway.checks[0].OK = false
	f.want(f.call("GET", "/-/ready", ""), 503, &ready)
	if ready.Ready {
		t.Error("ready although a required check fails")
	}
	f.want(f.call("GET", "/-/healthy", ""), 200, nil)
}

func TestReloadIsAPost(t *testing.T) {
	f := newFixture(t)
	f.want(f.call("POST", "/-/reload", ""), 200, nil)
	a := f.call("GET", "/-/reload", "")
	f.wantProblem(a, 405, api.TypeMethodNotAllowed)
	if a.header.Get("Allow") != "POST" {
		t.Errorf("Allow %q", a.header.Get("Allow"))
	}
	f.gateway.reload = errors.New("weir.yaml:3:5: listen.http: is no address")
	p := f.wantProblem(f.call("POST", "/-/reload", ""), 500, api.TypeReloadFailed)
	if !strings.Contains(p.Detail, "weir.yaml:3:5") || !strings.Contains(p.Detail, "stays in force") {
		t.Errorf("detail %q", p.Detail)
	}
}

func TestWhatIsNotThereIsAProblem(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{"/", "/api/v1", "/api/v1/models/", "/api/v1/models/flights/feedbacks", "/api/v2/models", "/favicon.ico"} {
		f.wantProblem(f.call("GET", path, ""), 404, api.TypeNotFound)
	}
	a := f.call("DELETE", "/api/v1/models/flights/traffic", "")
	f.wantProblem(a, 405, api.TypeMethodNotAllowed)
	if a.header.Get("Allow") != "GET, HEAD, PUT" {
		t.Errorf("Allow %q", a.header.Get("Allow"))
	}
}

func TestPagesOfOtherSitesChangeNothing(t *testing.T) {
	f := newFixture(t)
	f.wantProblem(f.call("POST", "/-/reload", "", "Origin", "https://evil.example"), 403, api.TypeForbidden)
	f.wantProblem(f.call("POST", "/-/reload", "", "Sec-Fetch-Site", "cross-site"), 403, api.TypeForbidden)
	f.want(f.call("POST", "/-/reload", "", "Origin", f.url), 200, nil)
}

func TestDocumentsOfTheGateway(t *testing.T) {
	f := newFixture(t)
	if a := f.call("GET", "/metrics", ""); a.status != 200 || string(a.body) != "weir_up 1\n" {
		t.Errorf("metrics %d %q", a.status, a.body)
	}
	var doc struct{ OpenAPI string }
	f.want(f.call("GET", "/api/v1/openapi.json", ""), 200, &doc)
	if !strings.HasPrefix(doc.OpenAPI, "3.1") {
		t.Errorf("openapi %q", doc.OpenAPI)
	}
	var config struct{ Listen struct{ HTTP string } }
	f.want(f.call("GET", "/api/v1/config", ""), 200, &config)
	if config.Listen.HTTP != "127.0.0.1:8080" {
		t.Errorf("config %+v", config)
	}
}
