package admin

import (
	"strings"
	"testing"
)

// TestAStartThatAsksForWhatItsStrategyHasNotIsRefused: else somebody would wait
// for an approval that never comes, or trust a guardrail that nobody looks at.
func TestAStartThatAsksForWhatItsStrategyHasNotIsRefused(t *testing.T) {
	f := newFixture(t)
	f.register("2")
	const path = "/api/v1/models/flights/rollout"
	for body, field := range map[string]string{
		`"preview":{"approve":true}`:                     "preview",
		`"strategy":"blue-green","steps":[{"weight":5}]`: "steps",
		`"strategy":"blue-green","guardrails":[{"metric":"errors","margin":1},{"metric":"latency","quantile":0.9,"margin":20}]`: "guardrails[1]",
		`"strategy":"blue-green","guardrails":[{"metric":"errors","margin":1,"slices":["origin"]}]`:                             "guardrails[0]",
	} {
		p := f.wantProblem(f.call("POST", path, `{"version":"2",`+body+`}`), 400, "invalid")
		if !strings.HasPrefix(p.Detail, field+" ") {
			t.Errorf("%s: %s", body, p.Detail)
		}
	}
	if len(f.gateway.plans) > 0 {
		t.Errorf("started %+v", f.gateway.plans)
	}
	f.want(f.call("POST", path, `{"version":"2","preview":{"approve":true},"shadow":{"sample":1}}`), 201, nil)
	f.want(f.call("POST", path, `{"version":"2","strategy":"blue-green","preview":{"approve":true},"guardrails":[{"metric":"errors","margin":1}]}`), 201, nil)
}
