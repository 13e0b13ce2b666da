package gateway_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/rollout"
	"github.com/weir-gateway/weir/rollout/hook"
)

// ci is a service that is called: it checks the signature and answers as told.
type ci struct {
	*httptest.Server
	mu     sync.Mutex
	frozen bool
	told   []string
}

func newCI(t *testing.T, secret string) *ci {
	t.Helper()
	c := &ci{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		h := r.Header
		if got := h.Get(hook.HeaderSignature); got != hook.Sign([]byte(secret), h.Get(hook.HeaderID), h.Get(hook.HeaderTimestamp), body) {
			t.Errorf("signature %q", got)
		}
		var m rollout.Message
		if err := json.Unmarshal(body, &m); err != nil || m.ID != h.Get(hook.HeaderID) || m.Model != "m" || m.Candidate != "2" {
			t.Errorf("message %s: %v", body, err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.told = append(c.told, m.Type)
		if c.frozen && m.Type == rollout.BeforeStep {
			http.Error(w, "frozen until Monday\nask ops", http.StatusConflict)
		}
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *ci) freeze(frozen bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.frozen = frozen
}

func (c *ci) saw() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.told, " ")
}

func TestAHookHoldsAStepUntilItSaysYes(t *testing.T) {
	t.Setenv("WEIR_TEST_HOOK", "a secret of theirs")
	service := newCI(t, "a secret of theirs")
	service.freeze(true)
	one, two := newModelServer(t), newModelServer(t)
	r := start(t, "upstream: {health: {interval: 100ms}}",
		"rollout: {strategy: blue-green, automation: automatic, bake: 0s, preview: {min_requests: 0}, guardrails: [{metric: errors}],",
		"  hooks: [{url: "+service.URL+", on: [before_step, after_step, held, promoted], secret_env: WEIR_TEST_HOOK}]}")
	r.register("1", one)
	r.register("2", two)
	r.switchTo("1")
	before := r.RoutedGeneration("m")
	r.blueGreen()
	eventually(t, "held", func() bool { return r.walk().Status == rollout.Held })
	if why := r.walk().Why; !strings.HasSuffix(why, "answered 409: frozen until Monday") {
		t.Errorf("why: %s", why)
	}
	if now := r.RoutedGeneration("m"); now != before {
		t.Errorf("generation %d although the hook said no", now)
	}
	service.freeze(false)
	if _, err := r.admin.ResumeRollout(t.Context(), "m", "thawed"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "promoted", func() bool { return r.walk().Status == rollout.Promoted })
	if _, version, _ := r.infer(); version != "2" {
		t.Errorf("version %s answered", version)
	}
	// Questions don't wait for messages, so that only those have an order.
	want := "held after_step after_step promoted"
	told := func() string {
		return strings.Join(strings.Fields(strings.ReplaceAll(service.saw(), rollout.BeforeStep, "")), " ")
	}
	eventually(t, want, func() bool { return told() == want })
	if asked := strings.Count(service.saw(), rollout.BeforeStep); asked < 3 {
		t.Errorf("asked %d times: before standby, again, and before the switch", asked)
	}
}

func TestAHookWithoutItsSecretHoldsTheWalk(t *testing.T) {
	service := newCI(t, "")
	one, two := newModelServer(t), newModelServer(t)
	r := start(t, "rollout: {hooks: [{url: "+service.URL+", on: [before_step], secret_env: WEIR_TEST_NO_SUCH}]}")
	r.register("1", one)
	r.register("2", two)
	r.switchTo("1")
	if _, err := r.admin.StartRollout(t.Context(), "m", api.RolloutRequest{Version: "2"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "held", func() bool { return r.walk().Status == rollout.Held })
	if why := r.walk().Why; !strings.HasSuffix(why, "the variable WEIR_TEST_NO_SUCH is empty") || service.saw() != "" {
		t.Errorf("why: %s; told %q", why, service.saw())
	}
}
