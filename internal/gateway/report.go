package gateway

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/weir-gateway/weir/config"
	"github.com/weir-gateway/weir/internal/accesslog"
	"github.com/weir-gateway/weir/internal/tracing"
	"github.com/weir-gateway/weir/proxy"
)

// reporter tells of single requests: to the access log and to a collector of
// traces. Both live as long as the gateway, off where they are not configured.
type reporter struct {
	log    *accesslog.Log
	traces *tracing.Tracer
}

// version is what the Go tool stamped into the binary; empty where it didn't.
func version() string {
	if build, ok := debug.ReadBuildInfo(); ok {
		return build.Main.Version
	}
	return ""
}

func newReporter(o Options, cfg *config.Config) *reporter {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	host, _ := os.Hostname()    // a name is a help, no need
	return &reporter{
		log: accesslog.New(accesslog.Options{Stderr: o.Stderr, Log: o.Logger, Seed: binary.NativeEndian.Uint64(random[:]), Now: o.Now}),
		traces: tracing.New(tracing.Options{
			Log: o.Logger, Version: version(), Instance: host + "/" + cfg.Listen.HTTP,
		}),
	}
}

// prepare opens what cfg asks for. It changes nothing before commit.
func (r *reporter) prepare(cfg *config.Config) (commit func(), err error) {
	log, err := r.log.Prepare(accesslog.Settings{
		Output: cfg.AccessLogPath(), Sample: cfg.AccessLog.Sample, Errors: cfg.AccessLog.Errors,
	})
	if err != nil {
		return nil, fmt.Errorf("gateway: access_log.output: %w", err)
	}
	traces, err := r.traces.Prepare(tracing.Settings{Endpoint: cfg.Tracing.Endpoint})
	if err != nil {
		log.Discard()
		return nil, fmt.Errorf("gateway: tracing.endpoint: %w", err)
	}
	return func() {
		log.Commit()
		traces.Commit()
	}, nil
}

// traceSampler is what the data plane decides by; nil where nobody wants spans.
func traceSampler(cfg *config.Config) func(low uint64) bool {
	if cfg.Tracing.Endpoint == "" {
		return nil
	}
	return tracing.Sampler(cfg.Tracing.Sample)
}

// report tells of a request that was answered. It runs in the request's goroutine
// and copies what is wanted, which mostly is nothing.
func (r *reporter) report(x *proxy.Exchange) {
	if r.log.Wants(failed(x)) {
		r.line(x)
	}
	if x.Recorded && r.traces.On() {
		r.span(x)
	}
}

// place reads the request's place in its trace from what the model server got.
func place(x *proxy.Exchange) (c tracing.Context) {
	if len(x.Trace) < 55 { // made by hand, in a test
		return c
	}
	_, _ = hex.Decode(c.Trace[:], []byte(x.Trace[3:35])) // the data plane has checked it
	_, _ = hex.Decode(c.Span[:], []byte(x.Trace[36:52]))
	if x.Parent != "" {
		_, _ = hex.Decode(c.Parent[:], []byte(x.Parent))
	}
	return c
}

func (r *reporter) line(x *proxy.Exchange) {
	r.log.Add(&accesslog.Entry{
		End:        x.Start.Add(x.Duration),
		RequestID:  x.RequestID,
		TraceID:    place(x).Trace,
		Model:      x.Route.Model,
		Version:    x.Version.Name,
		Generation: x.Generation,
		Decision:   x.Decision.String(),
		Method:     x.Method,
		Prefix:     x.Route.Prefix,
		Rest:       x.Rest,
		Status:     statusOf(x),
		Fault:      faultOf(x),
		Failed:     failed(x),
		Duration:   x.Duration,
		Upstream:   x.Upstream,
		BytesIn:    x.Request.Size,
		BytesOut:   x.Response.Size,
		Client:     x.Client,
	})
}

func (r *reporter) span(x *proxy.Exchange) {
	s := tracing.Span{
		Context:    place(x),
		Start:      x.Start,
		Duration:   x.Duration,
		Upstream:   x.Upstream,
		RequestID:  x.RequestID,
		Method:     x.Method,
		Prefix:     x.Route.Prefix,
		Rest:       x.Rest,
		Status:     statusOf(x),
		Fault:      faultOf(x),
		Failed:     failed(x),
		Model:      x.Route.Model,
		Version:    x.Version.Name,
		Generation: x.Generation,
		Decision:   x.Decision.String(),
		BytesIn:    x.Request.Size,
		BytesOut:   x.Response.Size,
		Client:     x.Client,
	}
	if x.Fault == proxy.FaultClientGone {
		s.Status = 0 // it saw none, or not to its end
	}
	r.traces.Add(&s)
}

// faultOf is the fault's name, empty where there is none.
func faultOf(x *proxy.Exchange) string {
	if x.Fault == proxy.FaultNone {
		return ""
	}
	return x.Fault.String()
}

// close writes and sends what is queued. No request is under way any more.
func (r *reporter) close() {
	r.log.Close()
	r.traces.Close()
}

// collect reports what became of lines and spans, at 0 too while they are off, so
// that an alert sees the first that is lost.
func (r *reporter) collect(out chan<- prometheus.Metric) {
	log, traces := r.log.Stats(), r.traces.Stats()
	counter(out, accessLogLines, log.Lines)
	counter(out, accessLogDropped, log.QueueFull, "queue_full")
	counter(out, accessLogDropped, log.WriteError, "write_failed")
	counter(out, spansSent, traces.Sent)
	counter(out, spansDropped, traces.QueueFull, "queue_full")
	counter(out, spansDropped, traces.Refused, "refused")
	counter(out, spansDropped, traces.Failed, "failed")
}
