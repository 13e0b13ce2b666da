package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/admin/api"
)

// stream reads an event stream message by message; a message is its lines.
type stream struct {
	*testing.T
	lines *bufio.Scanner
}

func (f *fixture) stream(path string, headers ...string) *stream {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), time.Minute)
	f.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", f.url+path, http.NoBody)
	if err != nil {
		f.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := f.http.Do(r)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = response.Body.Close() })
	if got := response.Header.Get("Content-Type"); got != "text/event-stream" {
		f.Fatalf("content type %q", got)
	}
	s := &stream{T: f.T, lines: bufio.NewScanner(response.Body)}
	s.lines.Buffer(nil, 4<<20)
	if got := s.next(); got != ": weir" {
		f.Fatalf("the stream begins with %q", got)
	}
	return s
}

// next gives the next message, "" at the stream's end.
func (s *stream) next() string {
	s.Helper()
	var message []string
	for s.lines.Scan() {
		if s.lines.Text() == "" {
			return strings.Join(message, "\n")
		}
		message = append(message, s.lines.Text())
	}
	return ""
}

// event gives the next message's event, with its id and type checked against the message's.
func (s *stream) event() api.Event {
	s.Helper()
	message := s.next()
	var e api.Event
	lines := strings.Split(message, "\n")
	if err := json.Unmarshal([]byte(strings.TrimPrefix(lines[len(lines)-1], "data: ")), &e); err != nil {
		s.Fatalf("%v in %q", err, message)
	}
	if e.ID != "" && lines[0] != "id: "+e.ID || !strings.Contains(message, "event: "+e.Type+"\n") {
		s.Errorf("message %q carries %+v", message, e)
	}
	return e
}

func TestEventsArriveInOrderAndCanBeResumed(t *testing.T) {
	f := newFixture(t)
	s := f.stream("/api/v1/events")
	f.hub.Publish(api.Event{Type: api.EventGeneration, Model: "flights", Data: json.RawMessage("{\"generation\":\n1}")})
	f.hub.Publish(api.Event{Type: api.EventAlarm, Model: "trains"})
	f.hub.Publish(api.Event{Type: api.EventHealth, Model: "flights", Data: json.RawMessage("not JSON")})
	first, second, third := s.event(), s.event(), s.event()
	if first.Type != api.EventGeneration || string(first.Data) != `{"generation":1}` || first.Time.IsZero() {
		t.Errorf("first %+v", first)
	}
	if second.Type != api.EventAlarm || third.Type != api.EventHealth || third.Data != nil {
		t.Errorf("then %+v %+v", second, third)
	}

	again := f.stream("/api/v1/events?model=flights", "Last-Event-ID", first.ID)
	if got := again.event(); got.ID != third.ID {
		t.Errorf("resumed with %+v, want the event after %s of flights, %s", got, first.ID, third.ID)
	}
	other := f.stream("/api/v1/events", "Last-Event-ID", "earlier-7")
	if got := other.event(); got.Type != api.EventGap {
		t.Errorf("an id of an earlier process gets %+v, want a gap", got)
	}
	if got := other.event(); got.ID != first.ID {
		t.Errorf("after the gap %+v, want everything retained", got)
	}
	f.hub.Close()
	if got := s.next(); got != "" {
		t.Errorf("after the end: %q", got)
	}
}

func TestSilentStreamIsKeptAlive(t *testing.T) {
	f := newFixture(t, func(d *Deps) { d.KeepAlive = time.Millisecond })
	if got := f.stream("/api/v1/events").next(); got != ": keep-alive" {
		t.Errorf("got %q", got)
	}
}

func TestHubCutsWhoIsTooSlow(t *testing.T) {
	hub := NewHub(HubOptions{Buffer: 2, Retained: 3})
	defer hub.Close()
	slow, done := hub.Subscribe("")
	defer done()
	for range 5 {
		hub.Publish(api.Event{Type: api.EventHealth})
	}
	var last api.Event
	n := 0
	for e := range slow.Events() {
		last, n = e, n+1
	}
	if n != 2 || !slow.WasCut() || hub.Cut() != 1 {
		t.Errorf("%d events, cut %v, counted %d; want 2, true, 1", n, slow.WasCut(), hub.Cut())
	}
	back, done2 := hub.Subscribe(last.ID)
	defer done2()
	if back.Gap || len(back.Missed) != 3 {
		t.Errorf("came back to %d events, gap %v; want the 3 missed", len(back.Missed), back.Gap)
	}
	hub.Publish(api.Event{Type: api.EventHealth})
	late, done3 := hub.Subscribe(last.ID)
	defer done3()
	if !late.Gap || len(late.Missed) != 3 {
		t.Errorf("came late to %d events, gap %v; want 3 and a gap", len(late.Missed), late.Gap)
	}
}

func TestCutIsTold(t *testing.T) {
	hub := NewHub(HubOptions{Buffer: 1})
	f := newFixture(t, func(d *Deps) { d.Events = hub })
	s := f.stream("/api/v1/events")
	// More than the connection's buffers hold, so that the handler stands still and its one place is taken.
	big := json.RawMessage(`"` + strings.Repeat("x", 1<<20) + `"`)
	for hub.Cut() == 0 {
		hub.Publish(api.Event{Type: api.EventAlarm, Data: big})
	}
	last := ""
	for message := s.next(); message != ""; message = s.next() {
		last = message
	}
	if !strings.HasPrefix(last, "event: cut\n") {
		t.Errorf("the stream ended with %.80q, want a cut message", last)
	}
}

func TestClosedHubEndsAndRefusesSubscriptions(t *testing.T) {
	hub := NewHub(HubOptions{})
	s, done := hub.Subscribe("")
	hub.Close()
	if _, ok := <-s.Events(); ok || s.WasCut() {
		t.Error("a closed hub must end subscriptions without calling them slow")
	}
	done()
	late, done := hub.Subscribe("")
	if _, ok := <-late.Events(); ok {
		t.Error("a closed hub must not deliver")
	}
	done()
	hub.Publish(api.Event{})
	hub.Close()
}
