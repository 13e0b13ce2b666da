package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/weir-gateway/weir/admin/api"
)

// writeWait bounds one write to an event stream: a client that does not read for so long is gone or might as well be.
const writeWait = 10 * time.Second

// getEvents streams events as text/event-stream. It ends when the client leaves, is cut, or the hub closes.
func (s *server) getEvents(w http.ResponseWriter, r *http.Request) error {
	subscription, unsubscribe := s.Events.Subscribe(r.Header.Get("Last-Event-ID"))
	defer unsubscribe()
	stream := eventStream{w: w, control: http.NewResponseController(w), model: r.URL.Query().Get("model")}

	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx in front would otherwise hold events back
	w.WriteHeader(http.StatusOK)
	if !stream.comment("weir") || !stream.resume(subscription) {
		return nil
	}

	keepAlive := time.NewTicker(s.KeepAlive)
	defer keepAlive.Stop()
	for {
		select {
		case <-r.Context().Done():
			return nil
		case <-keepAlive.C:
			if !stream.comment("keep-alive") {
				return nil
			}
		case e, ok := <-subscription.Events():
			if !ok {
				if subscription.WasCut() {
					stream.sendNotice(api.EventCut, "this reader was too slow; come back with Last-Event-ID")
				}
				return nil
			}
			if !stream.send(e) {
				return nil
			}
		}
	}
}

// eventStream writes one client's events; its methods report whether the client is still there.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	model   string // deliver only this model's events and those of no model; "" is all
}

func (s *eventStream) resume(sub *Subscription) bool {
	if sub.Gap && !s.sendNotice(api.EventGap, "events since the last one this reader saw are no longer kept") {
		return false
	}
	for _, e := range sub.Missed {
		if !s.send(e) {
			return false
		}
	}
	return true
}

func (s *eventStream) send(e api.Event) bool {
	if s.model != "" && e.Model != "" && e.Model != s.model {
		return true
	}
	data, err := json.Marshal(e)
	if err != nil {
		// A publisher's data that is not JSON must not end everybody's stream; the event itself still arrives.
		e.Data = nil
		if data, err = json.Marshal(e); err != nil {
			return true
		}
	}
	// JSON has no raw line breaks, but RawMessage may carry some between its tokens, and one would end the field.
	var line bytes.Buffer
	if json.Compact(&line, data) != nil {
		return true
	}
	return s.write(fmt.Sprintf("id: %s\nevent: %s\ndata: %s\n\n", e.ID, e.Type, line.Bytes()))
}

// sendNotice tells about the stream itself. It has no id, so that Last-Event-ID stays that of the last real event.
func (s *eventStream) sendNotice(kind, reason string) bool {
	return s.write(fmt.Sprintf("event: %s\ndata: {\"type\":%q,\"data\":{\"reason\":%q}}\n\n", kind, kind, reason))
}

func (s *eventStream) comment(text string) bool { return s.write(": " + text + "\n\n") }

func (s *eventStream) write(text string) bool {
	// A server without deadlines (a test's recorder) is served all the same.
	_ = s.control.SetWriteDeadline(time.Now().Add(writeWait))
	if _, err := s.w.Write([]byte(text)); err != nil {
		return false
	}
	return s.control.Flush() == nil
}
