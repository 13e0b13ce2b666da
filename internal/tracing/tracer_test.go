package tracing_test

import (
	"bytes"
	"encoding/hex"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	trace "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/weir-gateway/weir/internal/tracing"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// receiver is a collector that answers as a test wants it to.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []*collector.ExportTraceServiceRequest
	calls  int
	answer func(call int, w http.ResponseWriter) // nil: 200 and nothing
}

func receive(t testing.TB, answer func(call int, w http.ResponseWriter)) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		message := new(collector.ExportTraceServiceRequest)
		if err := proto.Unmarshal(body, message); err != nil {
			t.Errorf("not a request of OTLP: %v", err)
		}
		if req.Method != http.MethodPost || req.URL.Path != "/v1/traces" || req.Header.Get("Content-Type") != "application/x-protobuf" {
			t.Errorf("%s %s %s", req.Method, req.URL, req.Header.Get("Content-Type"))
		}
		r.mu.Lock()
		r.calls++
		call := r.calls
		r.got = append(r.got, message)
		r.mu.Unlock()
		if r.answer != nil {
			r.answer(call, w)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) spans() (all []*trace.Span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, message := range r.got {
		for _, rs := range message.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				all = append(all, ss.Spans...)
			}
		}
	}
	return all
}

func span() *tracing.Span {
	return &tracing.Span{
		Context: tracing.Context{Trace: [16]byte{0xaa, 15: 1}, Span: [8]byte{7: 2}, Parent: [8]byte{7: 3}},
		Start:   time.Unix(1000, 0), Duration: 1500 * time.Microsecond, Upstream: time.Millisecond,
		RequestID: "r-1", Method: "POST", Prefix: "/v2/models/flights", Rest: "/infer", Status: 502, Fault: "reset", Failed: true,
		Model: "flights", Version: "3", Generation: 17, Decision: "sticky", BytesIn: 200, BytesOut: 90,
		Client: netip.MustParseAddr("192.0.2.7"),
	}
}

func apply(t testing.TB, tr *tracing.Tracer, endpoint string) {
	t.Helper()
	next, err := tr.Prepare(tracing.Settings{Endpoint: endpoint})
	if err != nil {
		t.Fatal(err)
	}
	next.Commit()
}

func attributes(s *trace.Span) map[string]string {
	all := map[string]string{}
	for _, a := range s.Attributes {
		text, _, _ := strings.Cut(prototext.MarshalOptions{}.Format(a.Value), "\n")
		_, value, _ := strings.Cut(text, ":")
		all[a.Key] = strings.Trim(strings.TrimSpace(value), `"`)
	}
	return all
}

func TestASpanArrivesWhole(t *testing.T) {
	r := receive(t, nil)
	tr := tracing.New(tracing.Options{Version: "1.2.3", Instance: "a:8080"})
	apply(t, tr, r.URL)
	tr.Add(span())
	tr.Close()
	got := r.spans()
	if len(got) != 1 {
		t.Fatalf("%d spans", len(got))
	}
	s := got[0]
	if hex.EncodeToString(s.TraceId) != "aa000000000000000000000000000001" || hex.EncodeToString(s.SpanId) != "0000000000000002" ||
		hex.EncodeToString(s.ParentSpanId) != "0000000000000003" {
		t.Errorf("ids %x %x %x", s.TraceId, s.SpanId, s.ParentSpanId)
	}
	if s.Name != "POST /v2/models/flights" || s.Kind != trace.Span_SPAN_KIND_SERVER || s.Flags != 0x301 ||
		s.Status.Code != trace.Status_STATUS_CODE_ERROR || s.StartTimeUnixNano != 1000e9 || s.EndTimeUnixNano-s.StartTimeUnixNano != 1_500_000 {
		t.Errorf("%v", s)
	}
	want := map[string]string{
		"http.request.method": "POST", "url.scheme": "http", "url.path": "/v2/models/flights/infer", "http.route": "/v2/models/flights",
		"http.response.status_code": "502", "http.request.body.size": "200", "http.response.body.size": "90", "error.type": "reset",
		"client.address": "192.0.2.7", "weir.request_id": "r-1", "weir.model": "flights", "weir.version": "3", "weir.generation": "17",
		"weir.decision": "sticky", "weir.fault": "reset", "weir.upstream_seconds": "0.001",
	}
	a := attributes(s)
	for key, value := range want {
		if a[key] != value {
			t.Errorf("%s = %q, want %q", key, a[key], value)
		}
		delete(a, key)
	}
	if len(a) > 0 {
		t.Errorf("also %v", a)
	}
	resource := prototext.Format(r.got[0].ResourceSpans[0].Resource)
	for _, part := range []string{"service.name", "weir", "service.version", "1.2.3", "service.instance.id", "a:8080"} {
		if !strings.Contains(resource, part) {
			t.Errorf("the resource lacks %s: %s", part, resource)
		}
	}
	if tr.Stats() != (tracing.Stats{Sent: 1}) {
		t.Errorf("%+v", tr.Stats())
	}
}

func TestWhatClientsMakeUpDoesNotBreakABatch(t *testing.T) {
	r := receive(t, nil)
	tr := tracing.New(tracing.Options{})
	apply(t, tr, r.URL)
	s := span()
	s.Method, s.Prefix, s.Rest = "BREW\xff", "/\xfe", "/"+strings.Repeat("\xfd", 1<<16)
	s.Parent, s.Status, s.Fault, s.Failed, s.Client = [8]byte{}, 0, "client-gone", false, netip.Addr{}
	tr.Add(s)
	*s = tracing.Span{}
	tr.Close()
	got := r.spans()
	if len(got) != 1 {
		t.Fatalf("%d spans, %+v", len(got), tr.Stats())
	}
	a := attributes(got[0])
	if a["http.request.method"] != "_OTHER" || a["http.request.method_original"] == "" || got[0].Name != "HTTP /\uFFFD" || got[0].Flags != 1 ||
		got[0].Status.Code != trace.Status_STATUS_CODE_UNSET || got[0].ParentSpanId != nil {
		t.Errorf("%v", got[0])
	}
	for _, key := range []string{"http.response.status_code", "error.type", "client.address"} {
		if v, there := a[key]; there {
			t.Errorf("%s = %s", key, v)
		}
	}
}

func TestTheSamplerKeepsItsShareAndDecidesByTheId(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		share     float64
		low, high int
	}{{0, 0, 0}, {0.01, 850, 1150}, {0.5, 49_000, 51_000}, {1, 100_000, 100_000}} { // ± 4.7 standard deviations and more
		sampled, n := tracing.Sampler(c.share), 0
		for range 100_000 {
			if low := rng.Uint64(); sampled(low) {
				n++
				if !tracing.Sampler(min(1, c.share*1.5))(low) {
					t.Fatalf("%x is sampled at a share of %v, and not at a larger one", low, c.share)
				}
			}
		}
		if n < c.low || n > c.high {
			t.Errorf("%d of 100,000 at a share of %v", n, c.share)
		}
	}
}

func TestWhatACollectorMakesOfABatchIsCounted(t *testing.T) {
	partial, err := proto.Marshal(&collector.ExportTraceServiceResponse{PartialSuccess: &collector.ExportTracePartialSuccess{RejectedSpans: 4}})
	if err != nil {
		t.Fatal(err)
	}
	status := func(codes ...int) func(int, http.ResponseWriter) {
		return func(call int, w http.ResponseWriter) { w.WriteHeader(codes[min(call, len(codes))-1]) }
	}
	for name, c := range map[string]struct {
		answer func(int, http.ResponseWriter)
		calls  int
		want   tracing.Stats
	}{
		"taken":             {nil, 1, tracing.Stats{Sent: 512}},
		"taken in part":     {func(_ int, w http.ResponseWriter) { _, _ = w.Write(partial) }, 1, tracing.Stats{Sent: 508, Refused: 4}},
		"an answer of junk": {func(_ int, w http.ResponseWriter) { _, _ = w.Write([]byte("hello")) }, 1, tracing.Stats{Sent: 512}},
		"refused":           {status(400), 1, tracing.Stats{Refused: 512}},
		"redirected":        {status(307), 1, tracing.Stats{Refused: 512}},
		"busy at first":     {status(503, 429, 502, 200), 4, tracing.Stats{Sent: 512}},
		"busy for good":     {status(503), 5, tracing.Stats{Failed: 512}},
		"dies":              {func(int, http.ResponseWriter) { panic(http.ErrAbortHandler) }, 5, tracing.Stats{Failed: 512}},
	} {
		t.Run(name, func(t *testing.T) {
			r := receive(t, c.answer)
			tr := tracing.New(tracing.Options{Interval: time.Hour, Backoff: time.Microsecond})
			apply(t, tr, r.URL)
			for range 512 { // a full batch, which is sent at once
				tr.Add(span())
			}
			for all(tr.Stats()) < 512 {
				time.Sleep(time.Millisecond)
			}
			tr.Close()
			r.mu.Lock()
			defer r.mu.Unlock()
			if got := tr.Stats(); got != c.want || r.calls != c.calls {
				t.Errorf("%+v after %d calls, want %+v after %d", got, r.calls, c.want, c.calls)
			}
		})
	}
}

func all(s tracing.Stats) uint64 { return s.Sent + s.QueueFull + s.Refused + s.Failed }

func TestAHungCollectorHoldsUpNobodyAndEverySpanIsAccountedFor(t *testing.T) {
	hung := make(chan struct{})
	r := receive(t, func(int, http.ResponseWriter) { <-hung })
	defer close(hung)
	var told bytes.Buffer
	tr := tracing.New(tracing.Options{Queue: 64, Interval: time.Millisecond, Log: slog.New(slog.NewTextHandler(&told, nil))})
	apply(t, tr, r.URL)
	for range 10_000 {
		tr.Add(span())
	}
	tr.Close() // waits for its three seconds
	if s := tr.Stats(); all(s) != 10_000 || s.QueueFull == 0 || s.Failed == 0 {
		t.Errorf("%+v", s)
	}
	if strings.Count(told.String(), "spans are lost") != 1 {
		t.Errorf("told:\n%s", told.String())
	}
}

func TestNobodyAtTheEndpoint(t *testing.T) {
	r := receive(t, nil)
	address := r.URL
	r.Close()
	tr := tracing.New(tracing.Options{Backoff: time.Microsecond})
	apply(t, tr, address)
	tr.Add(span())
	tr.Close()
	if s := tr.Stats(); s != (tracing.Stats{Failed: 1}) {
		t.Errorf("%+v", s)
	}
}

func TestAnEndpointWithAPathIsTakenAsItIs(t *testing.T) {
	asked := make(chan string, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked <- r.URL.Path }))
	defer server.Close()
	tr := tracing.New(tracing.Options{})
	apply(t, tr, server.URL+"/otlp/v1/traces")
	tr.Add(span())
	tr.Close()
	if got := <-asked; got != "/otlp/v1/traces" {
		t.Errorf("asked %s", got)
	}
}

func TestAddingDoesNotAllocateWhileOff(t *testing.T) {
	tr := tracing.New(tracing.Options{})
	defer tr.Close()
	s := span()
	if n := testing.AllocsPerRun(1000, func() {
		if tr.On() {
			tr.Add(s)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// What a span costs altogether: on the request's goroutine, the sender's, and
// that of a collector that only reads.
func BenchmarkSpan(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer server.Close()
	tr := tracing.New(tracing.Options{})
	defer tr.Close()
	apply(b, tr, server.URL)
	s := span()
	b.ReportAllocs()
	sent := uint64(0)
	for b.Loop() {
		tr.Add(s)
		for sent++; sent-tr.Stats().Sent > 1500; {
			time.Sleep(50 * time.Microsecond)
		}
	}
	if s := tr.Stats(); s.QueueFull+s.Failed > 0 {
		b.Fatalf("%+v", s)
	}
}
