package proxy_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/proxy"
)

func TestServerLevelCallsAreAnsweredWithoutAModel(t *testing.T) {
	b := listen(t, echo)
	w := start(t, setup{
		upstreams: map[string][]string{"1": {b.url}}, settings: proxy.Settings{OIP: true}, config: proxy.Config{Version: `v1.2 "x"`},
	})
	c := w.dial()
	for _, path := range []string{"/v2", "/v2/health/live", "/v2/health/ready", "/v2/health/ready?x=1"} {
		a := c.send("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n").recv("GET")
		if a.StatusCode != 200 || !json.Valid([]byte(a.body)) || a.Header.Get("Content-Type") != "application/json" || a.Close {
			t.Errorf("%s: got %d %v %q", path, a.StatusCode, a.Header, a.body)
		}
		if path == "/v2" && !strings.Contains(a.body, `"name":"weir","version":"v1.2 \"x\""`) {
			t.Errorf("the metadata is %s", a.body)
		}
		if a := c.send("HEAD " + path + " HTTP/1.1\r\nHost: h\r\n\r\n").recv("HEAD"); a.StatusCode != 200 {
			t.Errorf("HEAD %s: got %d", path, a.StatusCode)
		}
	}
	if a := w.once("POST /v2/health/live HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"); a.StatusCode != 405 {
		t.Errorf("POST got %d", a.StatusCode)
	}
	for _, path := range []string{"/v2/", "/v2/health", "/v2/models", "/v2/models/other/ready"} {
		if a := w.once("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n"); a.StatusCode != 404 {
			t.Errorf("%s: got %d", path, a.StatusCode)
		}
	}
}

func TestTheServerIsReadyWhileItsModelsHaveHealthyEndpoints(t *testing.T) {
	b := listen(t, nil)
	w := start(t, setup{
		upstreams: map[string][]string{"1": {b.url}}, settings: proxy.Settings{OIP: true}, quiet: true,
		pool: proxy.PoolConfig{HealthPath: "/", HealthInterval: 5 * time.Millisecond, HealthTimeout: patience},
	})
	answer := func(status string) { // to the next health check
		p, _ := b.take(t)
		p.send("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		p.Close()
	}
	is := func(status int) func() bool {
		return func() bool {
			return w.once("GET /v2/health/ready HTTP/1.1\r\nHost: h\r\n\r\n").StatusCode == status
		}
	}
	answer("500 Ill")
	waitFor(t, is(503))
	if a := w.once("GET /v2/health/live HTTP/1.1\r\nHost: h\r\n\r\n"); a.StatusCode != 200 {
		t.Errorf("an ill endpoint makes the gateway dead: %d", a.StatusCode)
	}
	answer("200 OK")
	waitFor(t, is(200))
}

func TestWithoutAModelOfTheProtocolThereAreNoServerLevelCalls(t *testing.T) {
	w, _ := one(t, echo)
	if a := w.once("GET /v2/health/live HTTP/1.1\r\nHost: h\r\n\r\n"); a.StatusCode != 404 {
		t.Errorf("got %d", a.StatusCode)
	}
}
