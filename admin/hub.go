package admin

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/weir-gateway/weir/admin/api"
)

const (
	defaultRetained = 256 // events kept for subscribers that come back with Last-Event-ID
	defaultBuffer   = 64  // events a subscriber may be behind before it is cut
)

// HubOptions size a [Hub]; zero fields take defaults.
type HubOptions struct {
	// Retained is the number of past events kept for subscribers that return; default 256.
	Retained int
	// Buffer is the number of events that a subscriber may be behind before it is cut; default 64.
	Buffer int
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Hub hands events to any number of subscribers. Publish never blocks: a subscriber that falls behind its bounded
// buffer is cut and told so, and can come back with the id of the last event it saw.
type Hub struct {
	now      func() time.Time
	epoch    string // distinguishes the ids of this process from those of the one before
	retained int
	buffer   int
	cut      atomic.Uint64

	mu          sync.Mutex
	closed      bool
	sequence    uint64
	recent      []api.Event // oldest first, at most retained
	subscribers map[*Subscription]struct{}
}

// NewHub makes a hub without subscribers.
func NewHub(o HubOptions) *Hub {
	if o.Retained <= 0 {
		o.Retained = defaultRetained
	}
	if o.Buffer <= 0 {
		o.Buffer = defaultBuffer
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Hub{
		now:         o.Now,
		epoch:       strconv.FormatInt(o.Now().UnixMilli(), 36),
		retained:    o.Retained,
		buffer:      o.Buffer,
		subscribers: map[*Subscription]struct{}{},
	}
}

// Publish gives the event its id, and its time where that is zero, and hands it to every subscriber without blocking.
// After Close it does nothing.
func (h *Hub) Publish(e api.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.sequence++
	e.ID = h.id(h.sequence)
	if e.Time.IsZero() {
		e.Time = h.now().UTC()
	}
	if len(h.recent) == h.retained {
		h.recent = append(h.recent[:0], h.recent[1:]...)
	}
	h.recent = append(h.recent, e)
	for s := range h.subscribers {
		select {
		case s.events <- e:
		default:
			h.cut.Add(1)
			h.drop(s, true)
		}
	}
}

// Cut counts the subscribers that were cut because they were too slow.
func (h *Hub) Cut() uint64 { return h.cut.Load() }

// Close ends every subscription. It does not wait for the subscribers to notice.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for s := range h.subscribers {
		h.drop(s, false)
	}
}

// Subscription is one reader's place in the stream.
type Subscription struct {
	// Missed holds the retained events after the id the subscriber gave, oldest first.
	Missed []api.Event
	// Gap is true when events after that id are no longer retained.
	Gap bool

	events chan api.Event
	cut    bool // written under the hub's lock before events is closed, read after
}

// Events delivers what is published from the subscription on. It is closed when the subscriber was cut, has
// unsubscribed, or the hub closed.
func (s *Subscription) Events() <-chan api.Event { return s.events }

// WasCut tells, once Events is closed, whether the subscriber was too slow.
func (s *Subscription) WasCut() bool { return s.cut }

// Subscribe begins a subscription. After is the id of the last event seen, or empty to start with the next one. An id
// of an earlier process gets everything this one retains, with Gap set, for what happened in between is unknown.
// The second result ends the subscription and may be called more than once.
func (h *Hub) Subscribe(after string) (*Subscription, func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &Subscription{events: make(chan api.Event, h.buffer)}
	if after != "" {
		s.Missed, s.Gap = h.since(after)
	}
	if h.closed {
		close(s.events)
		return s, func() {}
	}
	h.subscribers[s] = struct{}{}
	return s, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.drop(s, false)
	}
}

func (h *Hub) since(after string) (missed []api.Event, gap bool) {
	oldest := h.sequence - uint64(len(h.recent)) + 1
	epoch, number, _ := strings.Cut(after, "-")
	seen, err := strconv.ParseUint(number, 10, 64)
	if epoch != h.epoch || err != nil || seen > h.sequence {
		return append(missed, h.recent...), true
	}
	first := seen + 1
	if first < oldest {
		first, gap = oldest, true
	}
	return append(missed, h.recent[first-oldest:]...), gap
}

// drop ends a subscription; the hub's lock is held.
func (h *Hub) drop(s *Subscription, cut bool) {
	if _, ok := h.subscribers[s]; !ok {
		return
	}
	delete(h.subscribers, s)
	s.cut = cut
	close(s.events)
}

func (h *Hub) id(sequence uint64) string { return fmt.Sprintf("%s-%d", h.epoch, sequence) }
