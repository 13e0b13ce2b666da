package replay_test

import (
	"context"
	"encoding/json"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/weir-gateway/weir/internal/demo/data"
	"github.com/weir-gateway/weir/internal/demo/model"
	"github.com/weir-gateway/weir/internal/demo/replay"
	"github.com/weir-gateway/weir/internal/demo/server"
)

// Goroutines of fasthttp: two of its server sleep up to ten seconds before
// they notice their end, or live with the process; the client's cleaner ends
// after its connections have been idle for a while.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"),
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*HostClient).connsCleaner"),
	)
}

// rows gives n rows, and counts up the delay to tell them apart.
func rows(n int) func() (model.Row, bool) {
	i := -1
	return func() (model.Row, bool) {
		i++
		r := model.Row{Texts: [...]string{"UA", "EWR", "IAH"}}
		r.Numbers[model.DepDelay] = float64(i)
		r.Numbers[model.Pressure] = math.NaN()
		return r, i < n
	}
}

func player(t *testing.T, c replay.Config) *replay.Player {
	t.Helper()
	p, err := replay.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

type lateAfter15 struct{}

func (lateAfter15) Probability(r model.Row) float64 {
	if r.Numbers[model.DepDelay] >= 15 && math.IsNaN(r.Numbers[model.Pressure]) && r.Texts[model.Dest] == "IAH" {
		return 0.9
	}
	return 0.1
}

func TestRowsArriveAtAModelServerAsTheyAre(t *testing.T) {
	s, err := server.Start(server.Config{Name: "flights", Version: "1", Model: lateAfter15{}})
	if err != nil {
		t.Fatal(err)
	}
	p := player(t, replay.Config{URL: s.URL() + "/v2/models/flights/infer"})
	p.Play(t.Context(), rows(100))
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	want := replay.Counts{
		Sent:     100,
		Versions: map[string]replay.VersionCounts{"": {Answers: 100, Late: 85}}, // no gateway, no version header
		Statuses: map[int]uint64{200: 100},
	}
	if d := cmp.Diff(want, p.Counts()); d != "" {
		t.Error(d)
	}
}

func TestARequestIsJSONWithNullForMissing(t *testing.T) {
	f, err := data.Load()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Inputs []struct {
			Name, Datatype string
			Shape          []int
			Data           []any
		}
	}
	if err := json.Unmarshal(replay.AppendRequest(nil, model.RowOf(f, 0)), &doc); err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	for _, in := range doc.Inputs {
		if len(in.Shape) != 1 || in.Shape[0] != 1 || len(in.Data) != 1 {
			t.Errorf("%s has shape %v and %d values", in.Name, in.Shape, len(in.Data))
		}
		got[in.Name+" "+in.Datatype] = in.Data[0]
	}
	want := map[string]any{
		"dep_delay FP64": 2.0, "hour INT64": 5.0, "weekday INT64": 2.0, "distance FP64": 1400.0, "temp FP64": 39.02,
		"humid FP64": 64.43, "wind_speed FP64": 12.658579999999999, "precip FP64": 0.0, "pressure FP64": 1011.9,
		"visib FP64": 10.0, "carrier BYTES": "UA", "origin BYTES": "EWR", "dest BYTES": "IAH",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	r, _ := rows(1)()
	if b := string(replay.AppendRequest(nil, r)); !strings.Contains(b, `"pressure","shape":[1],"datatype":"FP64","data":[null]`) {
		t.Errorf("a missing pressure is not null in %s", b)
	}
}

func TestAnswersAreCountedByVersionAndStatus(t *testing.T) {
	n := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n++
		switch n % 4 {
		case 0:
			w.WriteHeader(503)
			_, _ = w.Write([]byte("no version is available"))
		case 1:
			w.Header().Set("X-Weir-Version", "2")
			_, _ = w.Write([]byte(`{"outputs":[{"name":"late","data":[1]}]}`))
		default:
			w.Header().Set("X-Weir-Version", "1")
			_, _ = w.Write([]byte(`{"outputs":[{"name":"late","data":[0]}]}`))
		}
	}))
	defer s.Close()
	p := player(t, replay.Config{URL: s.URL, Connections: 1})
	p.Play(t.Context(), rows(40))
	want := replay.Counts{
		Sent: 40, Failed: 10, FirstFailure: "no version is available",
		Versions: map[string]replay.VersionCounts{"1": {Answers: 20}, "2": {Answers: 10, Late: 10}},
		Statuses: map[int]uint64{200: 30, 503: 10},
	}
	if d := cmp.Diff(want, p.Counts()); d != "" {
		t.Error(d)
	}
}

func TestARequestWithoutAnAnswerIsAFailure(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
	p := player(t, replay.Config{URL: "http://" + ln.Addr().String() + "/", Connections: 2})
	p.Play(t.Context(), rows(5))
	if c := p.Counts(); c.Sent != 5 || c.Failed != 5 || c.FirstFailure == "" {
		t.Errorf("%+v, want 5 sent and failed", c)
	}
}

func TestPlayingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { cancel() }))
	defer s.Close()
	p := player(t, replay.Config{URL: s.URL, Connections: 3})
	p.Play(ctx, rows(math.MaxInt))
	if c := p.Counts(); c.Failed != 0 || c.Sent == 0 {
		t.Errorf("%+v, want answered requests only", c)
	}
}

func TestARateIsNotExceeded(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	p := player(t, replay.Config{URL: s.URL, Connections: 8, Rate: 500})
	start := time.Now()
	p.Play(t.Context(), rows(51))
	// 51 requests have 50 gaps of 2 ms; a slow machine only makes it longer.
	if took := time.Since(start); took < 100*time.Millisecond {
		t.Errorf("51 requests at 500 a second took %v", took)
	}
}

func TestAURLThatCannotBeCalledIsRefused(t *testing.T) {
	for _, u := range []string{"", "https://x/", "http:///path", "::"} {
		if _, err := replay.New(replay.Config{URL: u}); err == nil {
			t.Errorf("%q was accepted", u)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	r, _ := rows(1)()
	var body []byte
	for b.Loop() {
		body = replay.AppendRequest(body[:0], r)
	}
	b.SetBytes(int64(len(body)))
}

// BenchmarkReplay is the client and a model server together, without a gateway.
func BenchmarkReplay(b *testing.B) {
	f, err := data.Load()
	if err != nil {
		b.Fatal(err)
	}
	m, err := model.TrainTrees(model.Known(f, time.January, time.March), 1)
	if err != nil {
		b.Fatal(err)
	}
	s, err := server.Start(server.Config{Name: "flights", Version: "2", Model: m})
	if err != nil {
		b.Fatal(err)
	}
	p, err := replay.New(replay.Config{URL: s.URL() + "/v2/models/flights/infer"})
	if err != nil {
		b.Fatal(err)
	}
	i := f.From(time.March, 1)
	sent := 0
	b.ResetTimer()
	p.Play(b.Context(), func() (model.Row, bool) {
		sent, i = sent+1, i+1
		return model.RowOf(f, i), sent <= b.N
	})
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
	if err := s.Close(); err != nil {
		b.Error(err)
	}
}
