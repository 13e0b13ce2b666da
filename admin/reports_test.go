package admin

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/monitor/report"
)

func TestAReportTellsWhatTheStableVersionIsAndDoes(t *testing.T) {
	f := newFixture(t)
	f.gateway.summaries = map[string]monitor.Summary{"1": {Version: "1", Observations: 5}}
	const path = "/api/v1/models/flights/report"
	f.register("1", "2")
	f.wantProblem(f.call("GET", path, ""), 400, api.TypeInvalid)
	f.settle("1", 0)
	var report api.Report
	f.want(f.call("GET", path, ""), 200, &report)
	s := report.Serving
	if report.Version != "1" || report.Observations != 5 || s.Role != api.RoleStable || s.Weight == nil || s.Traffic == nil || s.Traffic.Generation != 1 || s.Registered.IsZero() {
		t.Errorf("%+v", report)
	}
	for _, query := range []string{"?version=2", "?version=9", "?version=1&slice=origin%3DXXX"} {
		f.wantProblem(f.call("GET", path+query, ""), 404, api.TypeNotFound)
	}
}

func TestAReportComesAsJSONOrNotAtAll(t *testing.T) {
	for accept, want := range map[string]bool{
		"": true, "*/*": true, "application/json": true, "application/*": true, "text/html, */*;q=0.8": true,
		"text/html": false, "text/html, application/xhtml+xml": false, "*/*, application/json;q=0": false, "application/json;q=0": false,
	} {
		if got := acceptsJSON([]string{accept}); got != want {
			t.Errorf("Accept: %s: JSON accepted %v, want %v", accept, got, want)
		}
	}
}

// Scripts read the report: a member that docs/report.md does not name is nobody's promise.
func TestEveryMemberOfAReportIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/report.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, document := range []any{
		api.Report{},
		api.Serving{},
		monitor.FeatureReport{},
		monitor.Totals{},
		monitor.DatasetReport{},
		monitor.Predictions{},
		monitor.SkewFinding{},
		monitor.Reference{},
		monitor.Software{},
		report.Side{},
		report.Quality{},
		report.Issue{},
		report.Source{},
	} {
		for _, member := range membersOf(reflect.TypeOf(document)) {
			if !strings.Contains(string(text), "`"+member+"`") {
				t.Errorf("%T has %s, which docs/report.md does not name", document, member)
			}
		}
	}
}
