package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what a Tracer is made with.
type Options struct {
	Log      *slog.Logger  // for a collector that can't be reached
	Version  string        // of Weir, told to the collector; may be empty
	Instance string        // what tells this gateway from others; may be empty
	Queue    int           // spans that wait; 2048
	Interval time.Duration // between two requests to the collector; 1 s
	Backoff  time.Duration // before the first of the further attempts; 1 s, and doubled for each
}

// Settings are what a reload may change.
type Settings struct {
	Endpoint string // of the collector, as config checks it; "": tracing is off
}

// Stats are what became of spans since New.
type Stats struct {
	Sent      uint64 // taken by a collector
	QueueFull uint64 // dropped: too many waited
	Refused   uint64 // dropped: a collector did not want them
	Failed    uint64 // dropped: no collector answered in time
}

// Tracer sends spans. Its methods are safe for concurrent use, but for Add after Close.
type Tracer struct {
	o     Options
	queue chan *record
	free  sync.Pool

	target atomic.Pointer[target] // nil: off, which costs a request one load

	sent, full, refused, failed atomic.Uint64

	stopping context.Context // ends when Close begins
	stop     context.CancelFunc
	sending  context.Context // ends when Close has waited long enough
	abort    context.CancelFunc
	wait     sync.WaitGroup
}

// target is a collector.
type target struct{ url string }

// New returns a tracer that is off.
func New(o Options) *Tracer {
	if o.Queue <= 0 {
		o.Queue = 2048
	}
	if o.Interval <= 0 {
		o.Interval = time.Second
	}
	if o.Backoff <= 0 {
		o.Backoff = time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	t := &Tracer{o: o, queue: make(chan *record, o.Queue)}
	t.free.New = func() any { return new(record) }
	t.stopping, t.stop = context.WithCancel(context.Background())
	t.sending, t.abort = context.WithCancel(context.Background())
	t.wait.Go(newSender(t).run)
	return t
}

// Change is new settings that were checked and are not yet in force.
type Change struct {
	tracer *Tracer
	target *target
}

// Prepare checks s. It changes nothing before Commit.
func (t *Tracer) Prepare(s Settings) (*Change, error) {
	if s.Endpoint == "" {
		return &Change{t, nil}, nil
	}
	u, err := traces(s.Endpoint)
	if err != nil {
		return nil, err
	}
	return &Change{t, &target{url: u}}, nil
}

// Commit puts the settings in force. Spans already queued go to the new endpoint;
// where there is none any more they are dropped and counted as failed.
func (c *Change) Commit() { c.tracer.target.Store(c.target) }

// traces returns the URL that spans are posted to: the endpoint's own path, or
// OTLP's where it has none.
func traces(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", fmt.Errorf("tracing: %w", err)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	return u.String(), nil
}

// Sampler returns OpenTelemetry's TraceIdRatioBased sampler for a share, 0 to 1,
// of all traces: given the last 64 bits of a trace's id, everybody on its way who
// samples by the same share decides alike.
func Sampler(share float64) func(low uint64) bool {
	if share >= 1 {
		return func(uint64) bool { return true }
	}
	bound := uint64(max(share, 0) * (1 << 63))
	return func(low uint64) bool { return low>>1 < bound }
}

// On says whether spans are wanted at all.
func (t *Tracer) On() bool { return t.target.Load() != nil }

// Add queues s, and copies of it what does not live for ever. It never waits.
func (t *Tracer) Add(s *Span) {
	r := t.free.Get().(*record)
	r.hold(s)
	select {
	case t.queue <- r:
	default:
		t.full.Add(1)
		t.free.Put(r)
	}
}

// Stats returns the counters.
func (t *Tracer) Stats() Stats {
	return Stats{Sent: t.sent.Load(), QueueFull: t.full.Load(), Refused: t.refused.Load(), Failed: t.failed.Load()}
}

// closeTimeout is how long Close waits for a collector.
const closeTimeout = 3 * time.Second

// Close sends what is queued, for 3 seconds at most, and waits for that.
func (t *Tracer) Close() {
	t.stop()
	limit := time.AfterFunc(closeTimeout, t.abort)
	defer limit.Stop()
	t.wait.Wait()
	t.abort()
}
