package gateway

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/weir-gateway/weir/config"
	"github.com/weir-gateway/weir/internal/accesslog"
	"github.com/weir-gateway/weir/internal/tracing"
	"github.com/weir-gateway/weir/proxy"
	"github.com/weir-gateway/weir/router"
)

// discard is a standard error that nobody reads.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// ended returns an observer of a model without a monitor, and a request of its.
func ended(tb testing.TB, log accesslog.Settings, traces tracing.Settings) (*observer, *proxy.Exchange) {
	tb.Helper()
	r := newReporter(Options{Stderr: discard{}}, &config.Config{})
	tb.Cleanup(r.close)
	next, err := r.log.Prepare(log)
	if err != nil {
		tb.Fatal(err)
	}
	next.Commit()
	change, err := r.traces.Prepare(traces)
	if err != nil {
		tb.Fatal(err)
	}
	change.Commit()
	o := &observer{model: &model{counters: new(counters), reporter: r}, counters: new(versionCounters)}
	return o, &proxy.Exchange{
		Route:   &router.Route{Model: "flights", Prefix: "/v2/models/flights"},
		Version: &router.Version{Model: "flights", Name: "3"}, Generation: 17, Decision: router.Random,
		Trace: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", RequestID: "4bf92f3577b34da6a3ce929d0e0e4736", Method: "POST", Rest: "/infer", Inference: true, Status: 200,
		Start: time.Now(), Duration: 1500 * time.Microsecond, Upstream: 1400 * time.Microsecond,
		Request: proxy.Body{Size: 200}, Response: proxy.Body{Size: 90},
	}
}

func TestTheEndOfARequestAllocatesNothingWhileLogAndTracesAreOff(t *testing.T) {
	o, x := ended(t, accesslog.Settings{}, tracing.Settings{})
	if n := testing.AllocsPerRun(1000, func() { o.End(x) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkEnd(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer server.Close()
	for _, c := range []struct {
		name   string
		log    accesslog.Settings
		traces tracing.Settings
		every  int // of so many requests one is recorded
	}{
		{"off", accesslog.Settings{}, tracing.Settings{}, 0},
		{"log_errors", accesslog.Settings{Output: "stderr", Errors: true}, tracing.Settings{}, 0},
		{"log_0.01", accesslog.Settings{Output: "stderr", Sample: 0.01, Errors: true}, tracing.Settings{}, 0},
		{"traces_0.001", accesslog.Settings{}, tracing.Settings{Endpoint: server.URL}, 1000},
		{"log_1", accesslog.Settings{Output: "stderr", Sample: 1}, tracing.Settings{}, 0},
		{"traces_1", accesslog.Settings{}, tracing.Settings{Endpoint: server.URL}, 1},
	} {
		b.Run(c.name, func(b *testing.B) {
			o, x := ended(b, c.log, c.traces)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				x.Recorded = c.every > 0 && i%c.every == 0
				o.End(x)
			}
		})
	}
}
