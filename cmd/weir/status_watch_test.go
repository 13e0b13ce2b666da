package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
)

// watch runs "weir status flights --watch" on models that follow each other, the
// last one three times, and ends it as Ctrl-C does.
func watch(t *testing.T, terminal bool, models ...api.Model) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := int(asked.Add(1))
		if n > len(models)+2 {
			cancel()
		}
		_ = json.NewEncoder(w).Encode(models[min(n, len(models))-1])
	}))
	defer server.Close()
	var stdout, stderr bytes.Buffer
	a := &app{
		in: strings.NewReader(""), out: &stdout, err: &stderr, terminal: terminal, colour: terminal,
		getenv: func(name string) string { return map[string]string{"WEIR_ADMIN": server.URL}[name] },
		width:  func() int { return 80 },
		pace:   time.Millisecond,
	}
	if code := a.execute(ctx, []string{"status", "flights", "--watch"}); code != exitDone {
		t.Errorf("it ended with %d: %s", code, stderr.String())
	}
	return stdout.String()
}

func routedBy(generation, requests uint64) api.Model {
	weight := registry.Full
	return api.Model{
		Name: "flights", Configured: true, Routed: generation,
		Traffic: &registry.Traffic{Model: "flights", Generation: generation, Stable: "1", Arms: []registry.Arm{{Version: "1", Weight: registry.Full}}},
		Versions: []api.Version{{
			Registered: registry.Version{Model: "flights", Version: "1"}, Role: api.RoleStable, Weight: &weight,
			Monitor: &api.MonitorSummary{Requests: requests},
		}},
	}
}

func TestAWatchedStatusInAPipeIsPrintedAgainWhenMoreThanCountsHaveChanged(t *testing.T) {
	out := watch(t, false, routedBy(1, 10), routedBy(1, 20), routedBy(2, 30))
	if strings.Contains(out, "\x1b") {
		t.Errorf("escape sequences in a pipe: %q", out)
	}
	if n := strings.Count(out, "flights generation 1"); n != 1 {
		t.Errorf("generation 1 was printed %d times:\n%s", n, out)
	}
	if n := strings.Count(out, "flights generation 2"); n != 1 {
		t.Errorf("generation 2 was printed %d times:\n%s", n, out)
	}
}

func TestAWatchedStatusOnATerminalIsDrawnInPlace(t *testing.T) {
	out := watch(t, true, routedBy(1, 10), routedBy(1, 20))
	if n := strings.Count(out, "generation 1"); n < 2 {
		t.Errorf("it was drawn %d times", n)
	}
	if !strings.Contains(out, "A\r\x1b[J") {
		t.Errorf("it was not drawn in place: %q", out)
	}
}
