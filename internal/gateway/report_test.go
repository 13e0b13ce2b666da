package gateway_test

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/weir-gateway/weir/internal/gateway"
)

// reconfigure writes a configuration with the lines at the top level, and has
// the gateway read it.
func (r *running) reconfigure(lines ...string) error {
	r.t.Helper()
	r.configure()
	text, err := os.ReadFile(r.config)
	if err != nil {
		r.t.Fatal(err)
	}
	text = append([]byte(strings.Join(lines, "\n")+"\n"), text...)
	if err := os.WriteFile(r.config, text, 0o644); err != nil {
		r.t.Fatal(err)
	}
	return r.Reload(r.t.Context())
}

func (r *running) logLines(path string) (all []map[string]any) {
	r.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			r.t.Fatalf("%v: %s", err, line)
		}
		all = append(all, fields)
	}
	return all
}

func TestTheAccessLogComesAndGoesWithTheConfiguration(t *testing.T) {
	one := newModelServer(t)
	r := start(t)
	r.register("1", one)
	r.switchTo("1")
	r.infer()
	if err := r.reconfigure("access_log: {output: ./access.log, sample: 1}"); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(r.dir, "access.log")
	_, _, answer := r.infer("x-request-id", "r-1")
	one.fail.Store(true)
	r.infer()
	lines := func(n int) []map[string]any {
		eventually(t, "the lines", func() bool { return len(r.logLines(path)) >= n })
		return r.logLines(path)
	}
	first := lines(2)[0]
	for key, want := range map[string]any{
		"level": "INFO", "msg": "request", "request_id": "r-1", "model": "m", "version": "1", "generation": 1.0, "decision": "random",
		"method": "POST", "path": "/v2/models/m/infer", "status": 200.0, "bytes_in": float64(len(fmt.Sprintf(inferBody, 1.5, "JFK"))), "bytes_out": float64(len(answer)),
	} {
		if first[key] != want {
			t.Errorf("%s = %v, want %v", key, first[key], want)
		}
	}
	if second := lines(2)[1]; second["level"] != "ERROR" || second["status"] != 500.0 {
		t.Errorf("the failure: %v", second)
	}

	// Rotation: the file is moved away, and a reload goes on in a new one.
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := r.reconfigure("access_log: {output: ./access.log, sample: 0, errors: true}"); err != nil {
		t.Fatal(err)
	}
	one.fail.Store(false)
	r.infer() // not logged
	one.fail.Store(true)
	r.infer()
	if got := lines(1); len(got) != 1 || got[0]["status"] != 500.0 {
		t.Errorf("after the rotation: %v", got)
	}
	// A line is counted once it is written, so a moment after it can be read.
	eventually(t, "three lines counted", func() bool { return metric(r.metrics(t), "weir_access_log_lines_total") == 3 })
	if metric(r.metrics(t), `weir_access_log_dropped_total{reason="queue_full"}`) != 0 {
		t.Error("a line was dropped")
	}
}

func TestAnAccessLogThatCannotBeOpenedRefusesTheConfiguration(t *testing.T) {
	r := start(t)
	err := r.reconfigure("access_log: {output: ./no/such/folder/access.log}")
	if err == nil || !strings.Contains(err.Error(), "access_log.output") || !strings.Contains(err.Error(), "no/such/folder") {
		t.Errorf("reload: %v", err)
	}
	if err := r.reconfigure("access_log: {output: stderr}"); err == nil || !strings.Contains(err.Error(), "no standard error") {
		t.Errorf("reload without a standard error: %v", err)
	}
	if err := r.reconfigure(); err != nil {
		t.Errorf("the configuration that was good: %v", err)
	}
	bad := filepath.Join(t.TempDir(), "weir.yaml")
	text := "listen: {http: 127.0.0.1:0, admin: 127.0.0.1:0}\naccess_log: {output: .}\nmodels: {m: {protocol: oip}}\n"
	if err := os.WriteFile(bad, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := gateway.New(gateway.Options{ConfigPath: bad}); err == nil || !strings.Contains(err.Error(), "neither a file") {
		t.Errorf("start: %v", err)
	}
}

// collect runs a collector that keeps the spans it gets.
func collect(t *testing.T) (endpoint string, spans chan *trace.Span) {
	t.Helper()
	spans = make(chan *trace.Span, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		message := new(collector.ExportTraceServiceRequest)
		if err == nil {
			err = proto.Unmarshal(body, message)
		}
		if err != nil {
			t.Error(err)
			return
		}
		for _, s := range message.ResourceSpans[0].ScopeSpans[0].Spans {
			spans <- s
		}
	}))
	t.Cleanup(server.Close)
	return server.URL, spans
}

func TestASpanHasTheIdsThatTheModelServerSaw(t *testing.T) {
	endpoint, spans := collect(t)
	one, heads := newModelServer(t), make(chan http.Header, 10)
	serve := one.Config.Handler
	one.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			heads <- r.Header.Clone()
		}
		serve.ServeHTTP(w, r)
	})
	r := start(t)
	r.register("1", one)
	r.switchTo("1")
	const trace, parent = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for _, c := range []struct {
		name, sample, sent string
		got                string // pattern
		recorded           bool
	}{
		{"begun here, sampled", "1", "", "^00-([0-9a-f]{32})-([0-9a-f]{16})-01$", true},
		{"begun here, not sampled", "0", "", "^00-([0-9a-f]{32})-([0-9a-f]{16})-00$", false},
		{"begun by the client, sampled", "0", "00-" + trace + "-" + parent + "-01", "^00-(" + trace + ")-([0-9a-f]{16})-01$", true},
		{"begun by the client, not sampled", "1", "00-" + trace + "-" + parent + "-00", "^00-(" + trace + ")-(" + parent + ")-00$", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := r.reconfigure("tracing: {endpoint: \""+endpoint+"\", sample: "+c.sample+"}", "access_log: {output: ./access.log, sample: 1}"); err != nil {
				t.Fatal(err)
			}
			headers := []string{"x-request-id", c.name}
			if c.sent != "" {
				headers = append(headers, "traceparent", c.sent, "tracestate", "a=b")
			}
			r.infer(headers...)
			head := <-heads
			saw := regexp.MustCompile(c.got).FindStringSubmatch(head.Get("traceparent"))
			if saw == nil || c.sent != "" && head.Get("tracestate") != "a=b" {
				t.Fatalf("the model server got %q, %q", head.Get("traceparent"), head.Get("tracestate"))
			}
			path := filepath.Join(r.dir, "access.log")
			eventually(t, "the line", func() bool {
				text, _ := os.ReadFile(path)
				return strings.Contains(string(text), saw[1])
			})
			if !c.recorded {
				return
			}
			s := <-spans
			if hex.EncodeToString(s.TraceId) != saw[1] || hex.EncodeToString(s.SpanId) != saw[2] || s.Name != "POST /v2/models/m" {
				t.Errorf("the model server got %s, the collector %v", head.Get("traceparent"), s)
			}
			if c.sent == "" && s.ParentSpanId != nil || c.sent != "" && (hex.EncodeToString(s.ParentSpanId) != parent || saw[2] == parent) {
				t.Errorf("parent %x", s.ParentSpanId)
			}
		})
	}
	r.shutDown() // sends what is queued
	if len(spans) > 0 {
		t.Errorf("also %v", <-spans)
	}
}

func TestACollectorThatIsAwayHarmsNobody(t *testing.T) {
	one := newModelServer(t)
	r := start(t)
	r.register("1", one)
	r.switchTo("1")
	if err := r.reconfigure(`tracing: {endpoint: "http://127.0.0.1:1", sample: 1}`); err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if status, _, _ := r.infer(); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
	}
}
