package admin

import (
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout"
)

func TestRegisteringTwiceIsOnceAndDifferentlyIsRefused(t *testing.T) {
	f := newFixture(t)
	const path = "/api/v1/models/flights/versions/3"
	body := `{"endpoints":["http://127.0.0.1:9003"],"lineage":{"git":"9f1c2ab","params":{"l2":"0.1"}}}`
	var answer api.Registered
	f.want(f.call("PUT", path, body, ActorHeader, "ci"), 201, &answer)
	if !answer.Created || !answer.Configured || answer.Version.By != "ci" || answer.Version.Git != "9f1c2ab" || answer.Version.Registered.IsZero() {
		t.Errorf("registered %+v", answer)
	}
	first := answer.Version
	f.want(f.call("PUT", path, body, ActorHeader, "somebody else"), 200, &answer)
	if answer.Created || answer.Version.By != "ci" || !answer.Version.Registered.Equal(first.Registered) {
		t.Errorf("registered again: %+v", answer)
	}
	f.wantProblem(f.call("PUT", path, `{"endpoints":["http://127.0.0.1:9004"]}`), 409, api.TypeConflict)
	f.wantProblem(f.call("GET", traffic, ""), 404, api.TypeNoTraffic)

	f.want(f.call("PUT", "/api/v1/models/trains/versions/1", body), 201, &answer)
	if answer.Configured {
		t.Error("trains is not configured here, and the answer does not say so")
	}
}

func TestInvalidRegistrationNamesTheField(t *testing.T) {
	f := newFixture(t)
	for _, c := range []struct{ path, body, field string }{
		{"flights/versions/1", `{}`, "endpoints"},
		{"flights/versions/1", `{"endpoints":["ftp://x"]}`, "endpoints[0]"},
		{"flights/versions/1", `{"endpoints":"http://x"}`, "endpoints"},
		{"flights/versions/1", `{"endpoints":["http://x"],"lineage":{"sha":"x"}}`, "sha"},
		{"flights/versions/1", `{"endpoints":["http://x"],"by":"mallory"}`, "by"},
		{"flights/versions/1", `{"endpoints":["http://x"],"profile":"sha256:` + strings.Repeat("0", 64) + `"}`, "profile"},
		{"flights/versions/%20", `{"endpoints":["http://x"]}`, "version"},
		{"a%2Fb/versions/1", `{"endpoints":["http://x"]}`, "model"},
	} {
		p := f.wantProblem(f.call("PUT", "/api/v1/models/"+c.path, c.body), 400, api.TypeInvalid)
		if len(p.Fields) != 1 || p.Fields[0].Name != c.field {
			t.Errorf("%s %s: fields %+v, want %s (%s)", c.path, c.body, p.Fields, c.field, p.Detail)
		}
	}
	huge := `{"endpoints":["` + strings.Repeat("x", maxDocument) + `"]}`
	f.wantProblem(f.call("PUT", "/api/v1/models/flights/versions/1", huge), 413, api.TypeBodyTooLarge)
}

func TestModelsTellWhatIsWantedAndWhatIs(t *testing.T) {
	f := newFixture(t)
	f.gateway.configured = []string{"flights", "weather"}
	f.gateway.endpoints = map[string][]api.Endpoint{"1": {{URL: "http://127.0.0.1:9000/1", Healthy: true}}}
	f.gateway.summaries = map[string]monitor.Summary{"1": {
		Observations: 120, Software: monitor.Software{Requests: 100, Errors: 2, Latency: map[string]float64{"0.99": 0.006}},
		Features: []monitor.FeatureSummary{{Name: "delay", AlarmsTotal: 2}, {Name: "late", AlarmsTotal: 1}},
	}}
	f.gateway.walks["flights"] = rollout.Rollout{ID: "9", Candidate: "2", Status: rollout.Held, Why: "no data", Started: time.Unix(1, 0)}
	f.register("1", "2", "3", "4", "5")
	f.settle("4", 0)
	f.want(f.call("PUT", traffic, `{"stable":"1","arms":[{"version":"1","weight":99.5},{"version":"2","weight":0.5}],"shadows":[{"version":"3","sample":0.25}]}`,
		"If-Match", `"1"`), 200, nil)

	var models api.Models
	f.want(f.call("GET", "/api/v1/models", ""), 200, &models)
	if len(models.Models) != 2 || models.Models[0].Name != "flights" || models.Models[1].Name != "weather" {
		t.Fatalf("models %+v", models)
	}
	if w := models.Models[1]; !w.Configured || w.Traffic != nil || w.Versions == nil || w.Rollout != nil {
		t.Errorf("a model that is only configured: %+v", w)
	}
	var m api.Model
	f.want(f.call("GET", "/api/v1/models/flights", ""), 200, &m)
	if m.Routed != 7 || m.Traffic.Generation != 2 || m.Rollout == nil || m.Rollout.Status != rollout.Held {
		t.Errorf("model %+v", m)
	}
	for i, role := range []string{api.RoleStable, api.RoleCandidate, api.RoleShadow, api.RoleStandby, api.RoleIdle} {
		if got := m.Versions[i].Role; got != role {
			t.Errorf("version %s is %s, want %s", m.Versions[i].Registered.Version, got, role)
		}
	}
	one, two, three := m.Versions[0], m.Versions[1], m.Versions[2]
	if one.Monitor == nil || one.Monitor.Alarms != 3 || one.Monitor.Requests != 100 || len(one.Endpoints) != 1 {
		t.Errorf("version 1: %+v", one)
	}
	if two.Weight == nil || two.Weight.String() != "0.5" || two.Monitor != nil || three.Weight != nil || three.Sample != 0.25 {
		t.Errorf("versions 2 and 3: %+v %+v", two, three)
	}
	f.wantProblem(f.call("GET", "/api/v1/models/trains", ""), 404, api.TypeNotFound)
}

func TestMonitorIsTheStableVersionsUnlessNamed(t *testing.T) {
	f := newFixture(t)
	f.gateway.summaries = map[string]monitor.Summary{"1": {Version: "1", Observations: 5}}
	const path = "/api/v1/models/flights/monitor"
	f.register("1", "2")
	f.wantProblem(f.call("GET", path, ""), 400, api.TypeInvalid)
	f.settle("1", 0)
	var summary monitor.Summary
	f.want(f.call("GET", path, ""), 200, &summary)
	if summary.Version != "1" || summary.Observations != 5 {
		t.Errorf("monitor %+v", summary)
	}
	for _, query := range []string{"?version=2", "?version=9", "?version=1&slice=origin%3DXXX"} {
		f.wantProblem(f.call("GET", path+query, ""), 404, api.TypeNotFound)
	}
}

func TestDiffTellsLineageAndProfiles(t *testing.T) {
	f := newFixture(t)
	profile := func(csv string) string {
		t.Helper()
		p, err := monitor.BuildProfile(strings.NewReader(csv), monitor.ProfileOptions{})
		if err != nil {
			t.Fatal(err)
		}
		data, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		var stored api.ProfileStored
		f.want(f.call("POST", "/api/v1/profiles", string(data)), 201, &stored)
		var again api.ProfileStored
		f.want(f.call("POST", "/api/v1/profiles", string(data)), 201, &again)
		if stored != again {
			t.Errorf("the same profile is %s and %s", stored.Digest, again.Digest)
		}
		if got := f.call("GET", "/api/v1/profiles/"+stored.Digest, ""); string(got.body) != string(data) {
			t.Errorf("stored %q, read %q", data, got.body)
		}
		return stored.Digest
	}
	minutes := profile("delay,origin,old\n10,JFK,1\n20,EWR,1\n60,JFK,1\n30,LGA,1\n")
	hours := profile("delay,origin,new\n0.2,JFK,a\n0.3,EWR,b\n1,JFK,a\n0.5,LGA,c\n")
	register := func(version, git, digest string) {
		f.want(f.call("PUT", "/api/v1/models/flights/versions/"+version,
			`{"endpoints":["http://x"],"lineage":{"git":"`+git+`"},"profile":"`+digest+`"}`), 201, nil)
	}
	register("2", "aaa", minutes)
	register("3", "bbb", hours)
	register("4", "bbb", hours)

	var diff api.Diff
	f.want(f.call("GET", "/api/v1/models/flights/diff?from=2&to=3", ""), 200, &diff)
	var got []string
	for _, c := range diff.Changes {
		got = append(got, strings.TrimRight(c.What+" "+c.Name, " "))
	}
	if want := "code,profile,profile delay,profile new,profile old"; strings.Join(got, ",") != want {
		t.Errorf("changes %v, want %s", got, want)
	}
	f.want(f.call("GET", "/api/v1/models/flights/diff?from=3&to=4", ""), 200, &diff)
	if diff.Changes == nil || len(diff.Changes) != 0 {
		t.Errorf("changes between equals: %+v", diff.Changes)
	}
	f.wantProblem(f.call("GET", "/api/v1/models/flights/diff?from=3", ""), 400, api.TypeInvalid)
	f.wantProblem(f.call("GET", "/api/v1/models/flights/diff?from=3&to=9", ""), 404, api.TypeNotFound)
}

func TestProfiles(t *testing.T) {
	f := newFixture(t)
	f.gateway.summaries = map[string]monitor.Summary{"1": {}}
	f.register("1", "2")
	f.wantProblem(f.call("POST", "/api/v1/profiles", `{"rows":1}`), 400, api.TypeInvalid)
	f.wantProblem(f.call("GET", "/api/v1/profiles/sha256:"+strings.Repeat("0", 64), ""), 404, api.TypeNotFound)
	for _, digest := range []string{"sha256:0", "..%2F..%2Fetc%2Fpasswd", "%00"} {
		f.wantProblem(f.call("GET", "/api/v1/profiles/"+digest, ""), 400, api.TypeInvalid)
	}
	a := f.call("GET", "/api/v1/models/flights/versions/1/profile", "")
	f.want(a, 200, nil)
	if _, err := monitor.DecodeProfile(a.body); err != nil {
		t.Errorf("the live profile cannot be read: %v", err)
	}
	f.wantProblem(f.call("GET", "/api/v1/models/flights/versions/2/profile", ""), 404, api.TypeNotFound)
	f.wantProblem(f.call("GET", "/api/v1/models/flights/versions/9/profile", ""), 404, api.TypeNotFound)
}

func TestRolloutStartsByTheConfiguredPlanButForTheBody(t *testing.T) {
	f := newFixture(t)
	const path = "/api/v1/models/flights/rollout"
	f.register("1", "2")
	f.settle("1", 0)
	f.wantProblem(f.call("GET", path, ""), 404, api.TypeNotFound)
	f.wantProblem(f.call("POST", path+"/pause", ""), 404, api.TypeNotFound)
	f.wantProblem(f.call("POST", path, `{}`), 400, api.TypeInvalid)
	f.wantProblem(f.call("POST", path, `{"version":"9"}`), 404, api.TypeNotFound)
	f.wantProblem(f.call("POST", path, `{"version":"2","deadline":60}`), 400, api.TypeInvalid)

	var walk rollout.Rollout
	a := f.call("POST", path, `{"version":"2","automation":"automatic","steps":[{"weight":1,"min_requests":50,"min_time":"90s"},{"weight":50,"approve":true}],"bake":"5m","reason":"try"}`, ActorHeader, "alice")
	f.want(a, 201, &walk)
	p := f.gateway.plans[0]
	if walk.By != "alice" || walk.Reason != "try" || p.Strategy != rollout.Canary || p.Automation != rollout.Automatic ||
		p.FalseAlarm != 0.01 || p.Deadline != time.Hour || p.Bake != 5*time.Minute {
		t.Errorf("walk %+v", walk)
	}
	if len(p.Steps) != 2 || p.Steps[0].Weight != registry.Full/100 || p.Steps[0].MinTime != 90*time.Second || !p.Steps[1].Approve {
		t.Errorf("steps %+v", p.Steps)
	}
	if strings.Contains(string(a.body), "ledger") {
		t.Errorf("the answer carries the ledger: %s", a.body)
	}
	f.want(f.call("POST", path, `{"version":"2","strategy":"blue-green","preview":{"min_time":"10m","min_requests":7,"approve":true},"shadow":{"sample":0.5,"min_pairs":0}}`), 201, nil)
	p = f.gateway.plans[1]
	if p.Strategy != rollout.BlueGreen || p.Preview != (rollout.Preview{MinTime: 10 * time.Minute, MinRequests: 7, Approve: true}) ||
		p.Shadow != (rollout.ShadowStage{Sample: 0.5, MaxDisagreement: 0.2}) {
		t.Errorf("preview %+v, shadow %+v", p.Preview, p.Shadow)
	}
	for _, word := range []string{"pause", "resume", "approve", "abort"} {
		f.want(f.call("POST", path+"/"+word, `{"reason":"because"}`, ActorHeader, "bob"), 200, nil)
	}
	if got, want := strings.Join(f.gateway.said, "; "), "pause flights by bob: because; resume flights by bob: because; approve flights by bob: because; abort flights by bob: because"; got != want {
		t.Errorf("said %s", got)
	}
}
