package gateway_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-gateway/weir/admin/api"
)

// tracking is a tracking server with one version of the model m more at every
// number that a test sets.
type tracking struct {
	*httptest.Server
	versions atomic.Int64
	down     atomic.Bool
	looks    atomic.Int64
}

func newTracking(t *testing.T, endpoint string) *tracking {
	t.Helper()
	s := &tracking{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := s.versions.Load()
		switch {
		case s.down.Load():
			http.Error(w, "<html>", http.StatusBadGateway)
		case strings.HasSuffix(r.URL.Path, "/registered-models/get"):
			s.looks.Add(1)
			fmt.Fprintf(w, `{"registered_model":{"name":"m","aliases":[{"alias":"champion","version":"%d"}]}}`, n)
		default:
			var all []string
			for v := n; v > 0; v-- {
				all = append(all, fmt.Sprintf(`{"name":"m","version":"%d","status":"READY","tags":[{"key":"weir.endpoints","value":%q}]}`, v, endpoint))
			}
			fmt.Fprintf(w, `{"model_versions":[%s]}`, strings.Join(all, ","))
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// hook sends a delivery signed with the secret.
func (r *running) hook(id, secret string) int {
	r.t.Helper()
	const body = `{"entity":"model_version"}`
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(id + "." + stamp + "." + body))
	req, err := http.NewRequest(http.MethodPost, "http://"+r.AdminAddress().String()+"/api/v1/hooks/mlflow/m", strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("X-MLflow-Delivery-Id", id)
	req.Header.Set("X-MLflow-Timestamp", stamp)
	req.Header.Set("X-MLflow-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	client := &http.Client{}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

func (r *running) source() *api.Source {
	r.t.Helper()
	m, err := r.admin.Model(r.t.Context(), "m")
	if err != nil {
		r.t.Fatal(err)
	}
	return m.Source
}

func (r *running) versions() int {
	r.t.Helper()
	m, err := r.admin.Model(r.t.Context(), "m")
	if err != nil {
		r.t.Fatal(err)
	}
	return len(m.Versions)
}

func TestVersionsComeFromMLflowAndTrafficStaysAsItIs(t *testing.T) {
	t.Setenv("WEIR_TEST_SECRET", "s3cret")
	server := newModelServer(t)
	mlflow := newTracking(t, server.URL)
	mlflow.versions.Store(1)
	r := start(t, `source: {mlflow: {url: "`+mlflow.URL+`", poll: 1h, webhook_secret_env: WEIR_TEST_SECRET}}`)
	eventually(t, "version 1", func() bool { return r.versions() == 1 })
	if status, _, _ := r.infer(); status != 503 {
		t.Errorf("without traffic: %d", status)
	}
	r.switchTo("1")

	// A poll an hour: what comes now comes by the webhook.
	mlflow.versions.Store(2)
	if status := r.hook("a", "guessed"); status != 403 {
		t.Errorf("a forged delivery: %d", status)
	}
	if status := r.hook("b", "s3cret"); status != 204 {
		t.Errorf("a delivery: %d", status)
	}
	if status := r.hook("b", "s3cret"); status != 403 {
		t.Errorf("the same delivery again: %d", status)
	}
	eventually(t, "version 2", func() bool { return r.versions() == 2 })
	if status, version, _ := r.infer(); status != 200 || version != "1" {
		t.Errorf("after version 2 was registered: %d from %s", status, version)
	}
	eventually(t, "the alias", func() bool { s := r.source(); return s.Connected && s.Aliases["champion"] == "2" })

	mlflow.down.Store(true)
	r.hook("c", "s3cret")
	eventually(t, "that MLflow is lost", func() bool {
		return strings.Contains(r.metrics(t), `weir_source_connected{model="m"} 0`) && metric(r.metrics(t), `weir_source_errors_total{model="m"}`) == 1
	})
	if s := r.source(); s.Connected || !strings.Contains(s.Error, "502") || s.Aliases["champion"] != "2" || r.versions() != 2 {
		t.Errorf("while MLflow is down: %+v, %d versions", s, r.versions())
	}
	mlflow.down.Store(false)
	r.hook("d", "s3cret")
	eventually(t, "that MLflow is back", func() bool { return strings.Contains(r.metrics(t), `weir_source_connected{model="m"} 1`) })
}

func TestAReloadBeginsAndEndsSources(t *testing.T) {
	server := newModelServer(t)
	mlflow := newTracking(t, server.URL)
	mlflow.versions.Store(1)
	r := start(t)
	if r.source() != nil {
		t.Errorf("a source without configuration: %+v", r.source())
	}
	if status := r.hook("a", ""); status != 404 {
		t.Errorf("a webhook without a source: %d", status)
	}
	r.configure(`source: {mlflow: {url: "` + mlflow.URL + `", poll: 1h}}`)
	if err := r.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "version 1", func() bool { return r.versions() == 1 })
	if status := r.hook("a", ""); status != 404 {
		t.Errorf("a webhook without a secret: %d", status)
	}
	r.configure()
	if err := r.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the end of the source", func() bool { return r.source() == nil })
	if r.versions() != 1 || mlflow.looks.Load() != 1 {
		t.Errorf("%d versions, %d looks", r.versions(), mlflow.looks.Load())
	}
}
