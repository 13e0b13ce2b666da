package monitor

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-gateway/weir/monitor/tabular"
	"github.com/weir-gateway/weir/protocol"
)

// fakeProtocol reads bodies of the form "name=value,name=value;…" with a row
// between semicolons; "panic" panics and anything without = is an error.
type fakeProtocol struct{}

func (fakeProtocol) Name() string                    { return "fake" }
func (fakeProtocol) IsInference(string, string) bool { return true }

func (fakeProtocol) DecodeResponse(b *protocol.Batch, body protocol.Body) error {
	return fakeProtocol{}.DecodeRequest(b, body)
}

func (fakeProtocol) DecodeRequest(b *protocol.Batch, body protocol.Body) error {
	b.Reset()
	if string(body.Bytes) == "panic" {
		panic("a bug in a decoder")
	}
	rows := strings.Split(string(body.Bytes), ";")
	for r, row := range rows {
		for field := range strings.SplitSeq(row, ",") {
			name, value, ok := strings.Cut(field, "=")
			if !ok {
				b.Reset()
				return &protocol.Error{Kind: protocol.NotJSON, Detail: "no ="}
			}
			k := 0
			for k < len(b.Columns) && b.Columns[k].Name != name {
				k++
			}
			if k == len(b.Columns) {
				b.Columns = append(b.Columns, protocol.Column{Name: name, Cells: make([]protocol.Cell, len(rows))})
			}
			b.Columns[k].Cells[r] = fakeCell(value)
		}
	}
	b.Rows = len(rows)
	return nil
}

func fakeCell(v string) protocol.Cell {
	if v == "null" {
		return protocol.Cell{}
	}
	if v == "{}" {
		return protocol.Cell{Kind: protocol.Invalid}
	}
	if x, ok := tabular.Number(v); ok {
		return protocol.Cell{Kind: protocol.Number, Number: x}
	}
	return protocol.Cell{Kind: protocol.Text, Text: []byte(v)}
}

// clock is a time that only moves when told.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// rig is a monitor whose exchanges are handled before offer returns.
type rig struct {
	*Monitor
	t      *testing.T
	clock  *clock
	mu     sync.Mutex
	alarms []Alarm
}

func newRig(t *testing.T, change func(*Options)) *rig {
	t.Helper()
	r := &rig{t: t, clock: newClock()}
	o := Options{
		Model: "flights", Protocol: fakeProtocol{}, Now: r.clock.Now,
		OnAlarm: func(a Alarm) { r.mu.Lock(); r.alarms = append(r.alarms, a); r.mu.Unlock() },
	}
	if change != nil {
		change(&o)
	}
	r.Monitor = New(o)
	t.Cleanup(r.Close)
	return r
}

func (r *rig) offer(x Exchange) {
	r.t.Helper()
	done := make(chan struct{})
	x.Done = func() { close(done) }
	if x.Version == "" {
		x.Version = "1"
	}
	if !r.Offer(&x) {
		r.t.Fatalf("the exchange was refused: %v", r.drops.snapshot())
	}
	<-done
}

func (r *rig) call(request, response string) {
	r.t.Helper()
	r.offer(Exchange{Request: body(request), Response: body(response), Status: 200, Latency: 3 * time.Millisecond})
}

func body(s string) protocol.Body { return protocol.Body{Bytes: []byte(s), JSONLength: -1} }

// summary returns a summary that has gone through JSON, which refuses NaN.
func (r *rig) summary(version, slice string) Summary {
	r.t.Helper()
	s, err := r.Summary(version, slice)
	if err != nil {
		r.t.Fatal(err)
	}
	data, err := json.Marshal(s)
	if err != nil {
		r.t.Fatal(err)
	}
	var back Summary
	if err := json.Unmarshal(data, &back); err != nil {
		r.t.Fatal(err)
	}
	return back
}

func find(t *testing.T, s Summary, name string) FeatureSummary {
	t.Helper()
	for _, f := range s.Features {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("there is no feature %s in %+v", name, s.Features)
	return FeatureSummary{}
}

func mustProfile(t *testing.T, table string, o ProfileOptions) *Profile {
	t.Helper()
	p, err := BuildProfile(strings.NewReader(table), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// trainingTable is a table of a delay, a carrier and a class.
func trainingTable(rows int, rng *rand.Rand) string {
	var b strings.Builder
	b.WriteString("delay,carrier,late\n")
	for range rows {
		fmt.Fprintf(&b, "%d,%s,%d\n", delay(rng), carrier(rng), late(rng))
	}
	return b.String()
}

func delay(rng *rand.Rand) int      { return int(20*rng.ExpFloat64()) - 10 }
func carrier(rng *rand.Rand) string { return []string{"UA", "UA", "UA", "DL", "DL", "B6"}[rng.IntN(6)] }
func late(rng *rand.Rand) int       { return max(0, rng.IntN(5)-3) }

func TestExchangesBecomeTheSummaryOfTheContract(t *testing.T) {
	r := newRig(t, nil)
	for i := range 100 {
		r.call(fmt.Sprintf("delay=%d,carrier=UA;delay=null,carrier=DL", i), "late=1;late=0")
	}
	r.offer(Exchange{Request: body("delay=1,carrier=UA"), Failed: true, Latency: time.Second})
	s := r.summary("1", "")
	if s.Model != "flights" || s.Version != "1" || s.Slice != nil || s.Observations != 201 {
		t.Errorf("head %+v", s)
	}
	d := find(t, s, "delay")
	if d.Role != "input" || d.Kind != "numeric" || d.Count != 101 || d.Missing != 100 || d.Categories != nil {
		t.Errorf("delay %+v", d)
	}
	if q := d.Quantiles["0.5"]; q < 48 || q > 50 || d.Mean == nil || *d.Mean < 48 || *d.Mean > 50 {
		t.Errorf("median %v, mean %v", q, *d.Mean)
	}
	if c := find(t, s, "carrier"); c.Kind != "categorical" || c.Categories["UA"] != 101 || c.Categories["DL"] != 100 {
		t.Errorf("carrier %+v", c)
	}
	if l := find(t, s, "late"); l.Role != "output" || l.Classes["1"] != 100 || l.Classes["0"] != 100 {
		t.Errorf("late %+v", l)
	}
	if w := s.Software; w.Requests != 101 || w.Errors != 1 || w.Latency["0.5"] < 0.003 || w.Latency["0.5"] > 0.0031 {
		t.Errorf("software %+v", w)
	}
	var raw map[string]any
	data, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"model", "version", "slice", "observations", "since", "dropped", "features", "software"} {
		if _, ok := raw[key]; !ok {
			t.Errorf("the JSON lacks %s: %s", key, data)
		}
	}
	feature := raw["features"].([]any)[0].(map[string]any)
	for _, key := range []string{
		"name", "role", "kind", "count", "missing", "invalid", "unseen", "mean", "quantiles", "categories",
		"scores", "evidence_log10", "alarms",
	} {
		if _, ok := feature[key]; !ok {
			t.Errorf("the feature's JSON lacks %s: %v", key, feature)
		}
	}
}

func TestUnknownVersionsAndSlicesAreErrors(t *testing.T) {
	r := newRig(t, nil)
	if _, err := r.Summary("9", ""); !errors.Is(err, ErrUnknown) {
		t.Errorf("error %v", err)
	}
	r.call("a=1", "b=1")
	if _, err := r.Summary("1", "a=2"); !errors.Is(err, ErrUnknown) {
		t.Errorf("error %v", err)
	}
	if _, err := r.Profile("9"); !errors.Is(err, ErrUnknown) {
		t.Errorf("error %v", err)
	}
}

func TestBodiesThatCannotBeReadAreCountedAndNothingElse(t *testing.T) {
	r := newRig(t, nil)
	r.offer(Exchange{Request: body("garbage"), Response: body("late=1"), Latency: time.Millisecond})
	r.offer(Exchange{Request: body("panic"), Response: body("late=1")})
	r.offer(Exchange{Request: body(""), Response: body("garbage")})
	r.call("a=1", "late=1")
	s := r.summary("1", "")
	for reason, want := range map[string]uint64{
		"request_not_json": 1, "panic": 1, "request_not_captured": 1, "response_not_json": 1, "queue_full": 0,
	} {
		if got, ok := s.Dropped[reason]; !ok || got != want {
			t.Errorf("dropped %s = %d, want %d (%v)", reason, got, want, s.Dropped)
		}
	}
	if find(t, s, "late").Count != 2 || find(t, s, "a").Count != 1 || s.Software.Requests != 3 {
		t.Errorf("%+v", s)
	}
}

func TestAFullQueueRefusesWithoutWaitingAndCounts(t *testing.T) {
	started, release := make(chan struct{}, 9), make(chan struct{})
	m := New(Options{
		Model: "flights", Protocol: fakeProtocol{}, Queue: 2, QueueBytes: 100,
		OnPrediction: func(*Exchange, protocol.Cell) { started <- struct{}{}; <-release },
	})
	done := 0
	x := func(request string) *Exchange {
		return &Exchange{Version: "1", Request: body(request), Response: body("b=1"), Done: func() { done++ }}
	}
	m.Offer(x("a=1"))
	<-started // the worker is busy with it from now on
	accepted := 0
	for range 10 {
		if m.Offer(&Exchange{Version: "1", Request: body("a=1"), Response: body("b=1")}) {
			accepted++
		}
	}
	if m.Offer(&Exchange{Version: "1", Request: body(strings.Repeat("a", 101))}) {
		t.Error("a body beyond the bytes of the queue was accepted")
	}
	close(release)
	m.Close()
	if refused := x("a=1"); m.Offer(refused) {
		t.Error("a closed monitor accepts exchanges")
	}
	d := m.drops.snapshot()
	if accepted != 2 || d["queue_full"] != 8 || d["queue_bytes"] != 1 || d["closed"] != 1 {
		t.Errorf("accepted %d, dropped %v", accepted, d)
	}
	if done != 2 {
		t.Errorf("Done was called %d times, want once for each of two", done)
	}
	if m.bytes.Load() != 0 {
		t.Errorf("%d bytes are still counted as queued", m.bytes.Load())
	}
	m.Close() // a second time: nothing
}

func TestCardinalityIsBoundedAndCounted(t *testing.T) {
	r := newRig(t, func(o *Options) {
		o.MaxVersions, o.MaxFeatures, o.MaxSlices, o.MaxCategories = 2, 3, 2, 2
		o.Slices = []string{"origin", "header:x-tenant"}
	})
	for i := range 10 {
		r.offer(Exchange{
			Request: body(fmt.Sprintf("origin=o%d,f%d=1,g%d=2", i, i, i)), Response: body("late=0"),
			Headers: []string{fmt.Sprint("t", i)},
		})
	}
	for i := range 5 {
		r.offer(Exchange{Version: fmt.Sprint("v", i), Request: body("origin=x")})
	}
	s := r.summary("1", "")
	if len(s.Features) != 3 || s.Dropped["features"] == 0 {
		t.Errorf("%d features, dropped %v", len(s.Features), s.Dropped)
	}
	if o := find(t, s, "origin"); len(o.Categories) != 2 || o.CategoriesRest != 8 {
		t.Errorf("categories %v, rest %d", o.Categories, o.CategoriesRest)
	}
	want := "origin=(other) origin=o0 origin=o1 header:x-tenant=(other) header:x-tenant=t0 header:x-tenant=t1"
	if got := strings.Join(s.Slices, " "); got != want || s.Dropped["slices"] != 16 {
		t.Errorf("slices %s, dropped %v", got, s.Dropped)
	}
	if len(r.Versions()) != 2 || s.Dropped["versions"] != 4 {
		t.Errorf("versions %v, dropped %v", r.Versions(), s.Dropped)
	}
	if o := r.summary("1", "origin=(other)"); o.Observations != 8 || o.Slice == nil || *o.Slice != "origin=(other)" {
		t.Errorf("rest slice %+v", o)
	}
	if o := r.summary("1", "header:x-tenant=t1"); o.Observations != 1 || o.Software.Requests != 1 {
		t.Errorf("tenant slice %+v", o)
	}
	r.clock.advance(time.Hour) // an idle version makes room
	r.offer(Exchange{Version: "new", Request: body("origin=x")})
	if v := r.Versions(); len(v) != 2 || v[0] != "new" && v[1] != "new" {
		t.Errorf("versions %v", v)
	}
}

func TestTheWindowSlides(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Window = 4 * time.Minute })
	for range 100 {
		r.call("x=1", "y=0")
	}
	r.clock.advance(3 * time.Minute)
	for range 100 {
		r.call("x=3", "y=0")
	}
	if s := r.summary("1", ""); s.Window.Observations != 200 || *find(t, s, "x").Mean != 2 {
		t.Errorf("%+v", s.Window)
	}
	r.clock.advance(2 * time.Minute)
	s := r.summary("1", "")
	x := find(t, s, "x")
	if s.Window.Observations != 100 || *x.Mean != 3 || x.Quantiles["0.01"] != 3 || x.Count != 200 {
		t.Errorf("window %+v, x %+v", s.Window, x)
	}
	r.clock.advance(time.Hour)
	x = find(t, r.summary("1", ""), "x")
	if x.Mean != nil || len(x.Quantiles) != 0 || x.Count != 200 {
		t.Errorf("after the window: %+v", x)
	}
}

func TestShadowsAreComparedWithThePrimary(t *testing.T) {
	var told []bool
	r := newRig(t, func(o *Options) { o.OnPair = func(_ *Exchange, agreed bool) { told = append(told, agreed) } })
	pair := func(shadow, primary string, failed bool) {
		r.offer(Exchange{Version: "2", Shadow: true, Request: body("x=1"), Response: body(shadow), Primary: body(primary), Failed: failed})
	}
	pair("class=1,p=0.9", "class=1,p=0.8", false)  // the class decides
	pair("class=1,p=0.9", "class=0,p=0.9", false)  // another class
	pair("class=a", "class=a", false)              // text
	pair("class=a", "class=b", false)              //
	pair("p=0.5", "p=0.50000001", false)           // within the tolerance
	pair("p=0.5;p=0.25", "p=0.51;p=0.25", false)   // one of two rows
	pair("p=0.5;p=0.25", "p=0.5;p=0.3", false)     // the other of two: the first is what OnPair is about
	pair("p=0.5", "p=0.5;p=0.5", false)            // another shape
	pair("q=0.5", "p=0.5", false)                  // nothing in common
	pair("", "p=0.5", true)                        // the shadow failed
	pair("p=1", "", false)                         // nothing to compare with
	pair("p=1e308,q=0.5", "p=-1e308,q=0.5", false) // no overflow
	c := r.summary("2", "").Shadow
	if c == nil || c.Compared != 10 || c.Disagreed != 5 || c.Ratio != 0.5 || c.Unmatched != 3 {
		t.Errorf("comparison %+v", c)
	}
	if got := fmt.Sprint(told); got != "[true false true false true false true false false false false]" {
		t.Errorf("pairs %v", got)
	}
}

func TestPredictionsAreHandedOn(t *testing.T) {
	var got []float64
	r := newRig(t, func(o *Options) {
		o.OnPrediction = func(x *Exchange, c protocol.Cell) { got = append(got, c.Number+float64(x.Generation)) }
	})
	r.offer(Exchange{Generation: 10, Request: body("a=1;a=2"), Response: body("late=1;late=0")})
	r.offer(Exchange{Generation: 20, Request: body("a=1"), Response: body("late=1"), Failed: true})
	if fmt.Sprint(got) != "[11 10]" {
		t.Errorf("predictions %v", got)
	}
}
