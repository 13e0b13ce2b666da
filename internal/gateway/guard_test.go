package gateway_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/admin/access"
	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/admin/client"
	"github.com/weir-gateway/weir/internal/gateway"
	"github.com/weir-gateway/weir/registry"
)

// guarded is a gateway whose admin API wants tokens, with a token of each role by its name.
type guarded struct {
	*running
	tokens map[string]string
	lines  []string
}

// guard runs a gateway with tokens and more keys of admin.
func guard(t *testing.T, more string) *guarded {
	t.Helper()
	dir := t.TempDir()
	g := &guarded{tokens: map[string]string{}}
	for i, role := range access.Roles() {
		secret, token, err := access.New(role+"-1", access.Role(i+1))
		if err != nil {
			t.Fatal(err)
		}
		g.tokens[role] = secret
		g.lines = append(g.lines, token.Line())
	}
	write(t, filepath.Join(dir, "tokens"), []byte(strings.Join(g.lines, "\n")+"\n"))
	path := filepath.Join(dir, "weir.yaml")
	write(t, path, []byte(`listen: {http: "127.0.0.1:0", admin: "127.0.0.1:0"}
registry: {dir: ./registry}
state_dir: ./state
admin: {tokens: tokens`+more+`}
models:
  m: {protocol: oip}
`))
	g.running = startIn(t, dir, path)
	g.admin = g.as("operator")
	return g
}

// as is a client with the token of the role, which says that it is somebody else.
func (g *guarded) as(role string) *client.Client {
	g.t.Helper()
	c, err := client.New(g.AdminAddress().String(), client.Options{Actor: "mallory", Token: g.tokens[role]})
	if err != nil {
		g.t.Fatal(err)
	}
	return c
}

// told is the head of an answer whose body has been read.
type told struct {
	StatusCode int
	Status     string
	Header     http.Header
}

// ask makes one call with a token ("": none) and gives the answer with its body.
func (g *guarded) ask(token, method, path string, headers ...string) (told, string) {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), method, "http://"+g.AdminAddress().String()+path, strings.NewReader("{}"))
	if err != nil {
		g.t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	tr := &http.Transport{DisableKeepAlives: true}
	answer, err := tr.RoundTrip(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return told{answer.StatusCode, answer.Status, answer.Header}, string(body)
}

func TestEachCallTakesItsRoleAndNoLess(t *testing.T) {
	g := guard(t, "")
	const model = "/api/v1/models/m"
	calls := map[string][]string{
		"viewer": {
			"GET /metrics", "GET /api/v1/config", "GET /api/v1/openapi.json", "GET /api/v1/models", "GET " + model, "GET " + model + "/traffic",
			"GET " + model + "/history", "GET " + model + "/rollout", "GET " + model + "/monitor", "GET " + model + "/diff",
			"GET " + model + "/versions/1/profile", "GET /api/v1/profiles/x", "HEAD /api/v1/models",
		},
		"operator": {
			"PUT " + model + "/versions/1", "PUT " + model + "/traffic", "POST " + model + "/rollback", "POST " + model + "/rollout",
			"POST " + model + "/rollout/pause", "POST " + model + "/rollout/resume", "POST " + model + "/rollout/abort", "POST /api/v1/profiles",
		},
		"approver": {"POST " + model + "/rollout/approve"},
		"admin":    {"GET /api/v1/audit", "POST /-/reload"},
	}
	for i, least := range access.Roles() {
		for _, call := range calls[least] {
			method, path, _ := strings.Cut(call, " ")
			if answer, _ := g.ask("", method, path); answer.StatusCode != 401 {
				t.Errorf("%s without a token: %s", call, answer.Status)
			}
			for j, role := range access.Roles() {
				answer, body := g.ask(g.tokens[role], method, path)
				refused := answer.StatusCode == 401 || answer.StatusCode == 403
				if refused != (j < i) {
					t.Errorf("%s as %s: %s %s", call, role, answer.Status, body)
				}
				if refused && method != "HEAD" && !strings.Contains(body, "needs the role "+least) {
					t.Errorf("%s as %s does not say what it needs: %s", call, role, body)
				}
			}
		}
	}
	for _, path := range []string{"/-/healthy", "/-/ready"} {
		if answer, body := g.ask("", "GET", path); answer.StatusCode == 401 {
			t.Errorf("%s: %s %s", path, answer.Status, body)
		}
	}
}

func TestWhoHasNoTokenIsToldSo(t *testing.T) {
	g := guard(t, ", open_metrics: true")
	for name, c := range map[string]struct{ token, text string }{
		"none":              {"", "needs a token"},
		"one nobody has":    {strings.Replace(g.tokens["admin"], "weir_", "weir_A", 1), "does not know that token"},
		"the file's digest": {strings.Fields(g.lines[3])[2], "does not know that token"},
	} {
		answer, body := g.ask(c.token, "POST", "/-/reload")
		if answer.StatusCode != 401 || answer.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(body, c.text) ||
			!strings.Contains(body, `"urn:weir:problem:unauthorized"`) || len(answer.Header.Values("WWW-Authenticate")) != 2 {
			t.Errorf("%s: %s %v %s", name, answer.Status, answer.Header, body)
		}
	}
	if answer, _ := g.ask("", "GET", "/metrics"); answer.StatusCode != 200 {
		t.Errorf("open metrics: %s", answer.Status)
	}
	// A browser shows it as a password.
	r, _ := http.NewRequestWithContext(t.Context(), "GET", "/", nil)
	r.SetBasicAuth("whoever", g.tokens["viewer"])
	if answer, _ := g.ask("", "GET", "/api/v1/models", "Authorization", r.Header.Get("Authorization")); answer.StatusCode != 200 {
		t.Errorf("as a password: %s", answer.Status)
	}
	// And a page of another site can't use that.
	answer, body := g.ask(g.tokens["admin"], "POST", "/-/reload", "Sec-Fetch-Site", "cross-site")
	if answer.StatusCode != 403 || !strings.Contains(body, "another site") {
		t.Errorf("another site: %s %s", answer.Status, body)
	}
}

func TestTheTokensNameStandsInHistoryAndAudit(t *testing.T) {
	g := guard(t, "")
	g.register("1", newModelServer(t))
	g.register("2", newModelServer(t))
	g.switchTo("1")
	ctx := t.Context()
	if _, err := g.admin.Switch(ctx, "m", "2", "pager 4711"); err != nil {
		t.Fatal(err)
	}
	if _, err := g.as("viewer").Rollback(ctx, "m", 0, "let me"); err == nil {
		t.Fatal("a viewer rolled back")
	}
	var p *api.Problem
	if _, err := g.admin.PutTraffic(ctx, "m", api.TrafficUpdate{Stable: "1", Arms: []registry.Arm{{Version: "1", Weight: registry.Full}}, Reason: "late"}, 1); !errors.As(err, &p) || p.Status != 412 {
		t.Fatalf("a stale write: %v", err)
	}
	history, err := g.admin.History(ctx, "m", 0)
	if err != nil || history.Generations[0].Actor != "operator-1" || history.Generations[1].Actor != "operator-1" {
		t.Errorf("history %+v, %v", history, err)
	}
	if _, err := g.admin.Audit(ctx, 0); err == nil {
		t.Error("an operator read the audit log")
	}
	audit, err := g.as("admin").Audit(ctx, 3)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range audit.Records {
		if !strings.HasPrefix(r.Remote, "127.0.0.1:") || r.Model != "m" || r.Time.IsZero() || r.Before == nil || r.After == nil {
			t.Fatalf("an incomplete record: %+v", r)
		}
		got = append(got, fmt.Sprintf("%s (%s) %s: %s; %s %d; %d to %d", r.Actor, r.Role, r.Call, r.Reason, r.Outcome, r.Status, *r.Before, *r.After))
	}
	want := []string{
		"operator-1 (operator) PUT /api/v1/models/m/traffic: late; refused 412; 2 to 2",
		// A call without the right to be made is not read: its reason stays unknown.
		"viewer-1 (viewer) POST /api/v1/models/m/rollback: ; refused 403; 2 to 2",
		"operator-1 (operator) PUT /api/v1/models/m/traffic: pager 4711; done 200; 1 to 2",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("audit:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	file, err := os.ReadFile(filepath.Join(g.dir, "state", "audit.log"))
	if err != nil || bytes.Count(file, []byte("\n")) != 6 || !json.Valid(file[:bytes.IndexByte(file, '\n')]) {
		t.Errorf("%v, audit.log:\n%s", err, file)
	}
	for _, secret := range g.tokens {
		if bytes.Contains(file, []byte(secret)) || strings.Contains(g.logged.String(), secret) {
			t.Error("a token stands in a log")
		}
	}
}

func TestTokensAreReadAgainAndTheLastGoodStay(t *testing.T) {
	g := guard(t, "")
	file := filepath.Join(g.dir, "tokens")
	status := func(role string) int {
		answer, _ := g.ask(g.tokens[role], "GET", "/api/v1/models")
		return answer.StatusCode
	}
	write(t, file, []byte(strings.Join(g.lines[1:], "\n"))) // without the viewer
	if err := g.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status("viewer") != 401 || status("operator") != 200 {
		t.Error("after a reload the new file does not hold")
	}
	for _, broken := range []string{"", "ci operator " + g.tokens["operator"] + "\n", g.lines[0] + "\nci king 00\n"} {
		write(t, file, []byte(broken))
		err := g.Reload(t.Context())
		if err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("a broken file was taken: %v", err)
		}
		if status("operator") != 200 || status("viewer") != 401 {
			t.Error("a broken file changed something")
		}
	}
	if strings.Contains(g.logged.String(), g.tokens["operator"]) {
		t.Error("the log has a token that somebody put into the file")
	}
	if _, metrics := g.ask(g.tokens["operator"], "GET", "/metrics"); !strings.Contains(metrics, `weir_secrets_last_read_successful{listener="admin"} 0`) {
		t.Error("the gauge does not tell of the broken file")
	}
	eventually(t, "the log to tell", func() bool { return strings.Contains(g.logged.String(), "the last good ones stay") })
	// Nobody asked for a reload of what follow reads; its event comes after those of the three above.
	found, enough := 0, errors.New("enough")
	err := g.as("operator").Events(t.Context(), "", "0", func(e api.Event) error {
		if e.Type == api.EventReload && strings.Contains(string(e.Data), `"ok":false`) {
			if found++; found == 4 {
				return enough
			}
		}
		return nil
	})
	if !errors.Is(err, enough) {
		t.Errorf("events: %v", err)
	}
	write(t, file, []byte(strings.Join(g.lines, "\n"))) // and nobody says so
	eventually(t, "the viewer to be back", func() bool { return status("viewer") == 200 })
	if _, metrics := g.ask(g.tokens["operator"], "GET", "/metrics"); !strings.Contains(metrics, `weir_secrets_last_read_successful{listener="admin"} 1`) {
		t.Error("the gauge does not tell of the mended file")
	}
}

func TestTooManyFailuresAndChangesAreTurnedAway(t *testing.T) {
	g := guard(t, ", max_failures: 3, max_changes: 2")
	for i := range 6 {
		answer, body := g.ask("wrong", "POST", "/-/reload")
		if want := map[bool]int{true: 401, false: 429}[i < 3]; answer.StatusCode != want {
			t.Errorf("failure %d: %s %s", i+1, answer.Status, body)
		}
		if after := answer.Header.Get("Retry-After"); i >= 3 && after != "20" && after != "19" {
			t.Errorf("failure %d: Retry-After %q", i+1, after)
		}
	}
	// Failing is nobody else's business, even at the same address.
	for i := range 4 {
		answer, body := g.ask(g.tokens["operator"], "POST", "/api/v1/profiles")
		if want := map[bool]int{true: 400, false: 429}[i < 2]; answer.StatusCode != want {
			t.Errorf("change %d: %s %s", i+1, answer.Status, body)
		}
	}
	if answer, body := g.ask(g.tokens["operator"], "POST", "/api/v1/models/m/rollback"); answer.StatusCode == 429 {
		t.Errorf("going back: %s", body)
	}
	if answer, body := g.ask(g.tokens["admin"], "POST", "/-/reload"); answer.StatusCode != 200 {
		t.Errorf("another actor: %s %s", answer.Status, body)
	}
	audit, err := g.as("admin").Audit(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, r := range audit.Records {
		counts[fmt.Sprintf("%s %d", r.Actor, r.Status)]++
	}
	if want := "map[admin-1 200:1 operator-1 400:2 operator-1 409:1 operator-1 429:1 unknown 401:3 unknown 429:1]"; fmt.Sprint(counts) != want {
		t.Errorf("audited %v, want %s: of calls that a limit refuses, the first", counts, want)
	}
	_, metrics := g.ask(g.tokens["viewer"], "GET", "/metrics")
	for _, line := range []string{`weir_admin_refused_total{reason="rate_limited"} 5`, `weir_admin_refused_total{reason="unauthenticated"} 3`} {
		if !strings.Contains(metrics, line) {
			t.Errorf("metrics lack %s", line)
		}
	}
}

func TestAnAuditLogThatCantBeWrittenStopsNobodyAndIsTold(t *testing.T) {
	g := guard(t, "")
	if err := os.MkdirAll(filepath.Join(g.dir, "state", "audit.log"), 0o700); err != nil {
		t.Fatal(err)
	}
	g.register("1", newModelServer(t))
	if _, metrics := g.ask(g.tokens["viewer"], "GET", "/metrics"); !strings.Contains(metrics, "weir_audit_failures_total 1") {
		t.Error("the failure is not counted")
	}
	if !strings.Contains(g.logged.String(), "the audit log can't be written") || !strings.Contains(g.logged.String(), "actor=operator-1") {
		t.Error("the log does not have the record")
	}
}

func TestTheAdminAddressSpeaksTLSAndKnowsCertificates(t *testing.T) {
	dir, ca := t.TempDir(), newAuthority(t)
	ca.write("gateway", filepath.Join(dir, "a.crt"), filepath.Join(dir, "a.key"))
	write(t, filepath.Join(dir, "ca.crt"), ca.pem)
	path := filepath.Join(dir, "weir.yaml")
	write(t, path, []byte(`listen: {http: "127.0.0.1:0", admin: "127.0.0.1:0"}
admin: {tls: {cert: a.crt, key: a.key, client_ca: ca.crt}}
registry: {dir: ./registry}
state_dir: ./state
models:
  m: {protocol: oip}
`))
	r := startIn(t, dir, path)
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	_, _, certPEM, keyPEM := ca.make("alice")
	own, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		t.Fatal(err)
	}
	connect := func(scheme string, c *tls.Config) *client.Client {
		out, err := client.New(scheme+"://"+r.AdminAddress().String(), client.Options{Actor: "mallory", TLS: c})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if _, err := connect("https", &tls.Config{RootCAs: roots}).Models(t.Context()); err == nil {
		t.Error("a caller without a certificate was answered")
	}
	if _, err := connect("http", nil).Models(t.Context()); err == nil {
		t.Error("a caller without TLS was answered")
	}
	if _, err := connect("https", nil).Models(t.Context()); err == nil {
		t.Error("the client trusted an authority that it was not told of")
	}
	r.admin = connect("https", &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{own}})
	r.register("1", newModelServer(t))
	r.switchTo("1")
	history, err := r.admin.History(t.Context(), "m", 0)
	if err != nil || history.Generations[0].Actor != "alice" {
		t.Errorf("history %+v, %v", history, err)
	}
	if audit, err := r.admin.Audit(t.Context(), 1); err != nil || audit.Records[0].Actor != "alice" || audit.Records[0].Role != "admin" {
		t.Errorf("audit %+v, %v", audit, err)
	}
}

func TestAnOpenAdminAddressTakesItsWordAndIsToldOf(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "weir.yaml")
	config := `listen: {http: "127.0.0.1:0", admin: "0.0.0.0:0"}
admin: {insecure: %v}
state_dir: ./state
models:
  m: {protocol: oip}
`
	write(t, path, fmt.Appendf(nil, config, false))
	if g, err := gateway.New(gateway.Options{ConfigPath: path}); err == nil {
		g.Close()
		t.Error("started")
	}
	write(t, path, fmt.Appendf(nil, config, true))
	r := startIn(t, dir, path)
	if !strings.Contains(r.logged.String(), "admin.insecure") {
		t.Error("an open admin address is not told of")
	}
}

func TestAGatewayDoesNotStartWithTokensItCantRead(t *testing.T) {
	dir := t.TempDir()
	path, file := filepath.Join(dir, "weir.yaml"), filepath.Join(dir, "tokens")
	write(t, path, []byte("listen: {http: \"127.0.0.1:0\", admin: \"127.0.0.1:0\"}\nadmin: {tokens: tokens}\nmodels:\n  m: {protocol: oip}\n"))
	for range 2 { // missing, then empty
		g, err := gateway.New(gateway.Options{ConfigPath: path})
		if err == nil {
			g.Close()
		}
		if err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("got %v", err)
		}
		write(t, file, nil)
	}
}
