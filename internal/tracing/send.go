package tracing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	collector "go.opentelemetry.io/proto/slim/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	trace "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

const (
	batchSpans     = 512
	attempts       = 5                // of sending one batch
	requestTimeout = 10 * time.Second // of one attempt, OTLP's default
	longestPause   = 30 * time.Second // between attempts, whatever a collector asks for
	largestAnswer  = 64 << 10
)

// sender is what the sending goroutine has for itself.
type sender struct {
	tracer *Tracer
	client *http.Client
	spans  *trace.ScopeSpans
	whole  *collector.ExportTraceServiceRequest // of which spans is the changing part
	body   []byte
	broken bool // the last batch did not get through
}

func newSender(t *Tracer) *sender {
	s := &sender{tracer: t, client: &http.Client{
		Transport:     &http.Transport{MaxIdleConns: 1, IdleConnTimeout: time.Minute},
		Timeout:       requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a POST would become a GET
	}}
	s.spans = &trace.ScopeSpans{Scope: &common.InstrumentationScope{Name: "weir", Version: t.o.Version}}
	s.whole = &collector.ExportTraceServiceRequest{ResourceSpans: []*trace.ResourceSpans{{
		Resource: process(t.o), ScopeSpans: []*trace.ScopeSpans{s.spans},
	}}}
	return s
}

// run sends spans until Close.
func (s *sender) run() {
	defer s.client.CloseIdleConnections()
	t := s.tracer
	tick := time.NewTicker(t.o.Interval)
	defer tick.Stop()
	for {
		select {
		case r := <-t.queue:
			s.add(r)
		case <-tick.C:
			s.flush()
		case <-t.stopping.Done():
			s.rest()
			return
		}
	}
}

// rest sends what is queued when the tracer is closed.
func (s *sender) rest() {
	for {
		select {
		case r := <-s.tracer.queue:
			s.add(r)
		default:
			s.flush()
			return
		}
	}
}

func (s *sender) add(r *record) {
	s.spans.Spans = append(s.spans.Spans, r.message())
	r.Span = Span{}
	if cap(r.arena) <= 4<<10 {
		s.tracer.free.Put(r)
	}
	if len(s.spans.Spans) >= batchSpans {
		s.flush()
	}
}

// flush sends the batch, in as many attempts as it may take.
func (s *sender) flush() {
	n := uint64(len(s.spans.Spans))
	if n == 0 {
		return
	}
	refused, err := s.deliver()
	switch {
	case errors.Is(err, errRefused):
		s.tracer.refused.Add(n)
	case err != nil:
		s.tracer.failed.Add(n)
	default:
		refused = min(refused, n)
		s.tracer.refused.Add(refused)
		s.tracer.sent.Add(n - refused)
	}
	s.note(n, refused, err)
	clear(s.spans.Spans)
	s.spans.Spans = s.spans.Spans[:0]
}

// note says when a collector begins and ceases to fail.
func (s *sender) note(n, refused uint64, err error) {
	log := s.tracer.o.Log
	switch {
	case err == nil && refused == 0:
		if s.broken {
			s.broken = false
			log.Info("spans reach the collector again")
		}
	case s.broken: // has been said
	case err == nil:
		s.broken = true
		log.Warn("the collector refused spans; more are counted in weir_spans_dropped_total", "spans", n, "refused", refused)
	default:
		s.broken = true
		log.Warn("spans are lost; more are counted in weir_spans_dropped_total", "spans", n, "error", err)
	}
}

var (
	errOff     = errors.New("tracing was switched off")
	errRefused = errors.New("the collector refused the spans")
	errLater   = errors.New("the collector can't take spans now")
)

// deliver sends the batch until somebody answers for it. refused is how many
// spans of a batch the collector took were not among them.
func (s *sender) deliver() (refused uint64, err error) {
	if s.body, err = (proto.MarshalOptions{}).MarshalAppend(s.body[:0], s.whole); err != nil {
		return 0, fmt.Errorf("%w: %w", errRefused, err) // can't be: every text in it was cleaned
	}
	pause := s.tracer.o.Backoff
	for attempt := 1; ; attempt++ {
		to := s.tracer.target.Load()
		if to == nil {
			return 0, errOff
		}
		var asked time.Duration
		if refused, asked, err = s.post(to.url); err == nil || errors.Is(err, errRefused) || attempt == attempts {
			return refused, err
		}
		if !sleep(s.tracer.stopping, min(max(pause, asked), longestPause)) {
			return 0, err // the process ends; there is no time for more
		}
		pause *= 2
	}
}

// post makes one attempt. asked is how long the collector wants to be left alone.
func (s *sender) post(url string) (refused uint64, asked time.Duration, err error) {
	req, err := http.NewRequestWithContext(s.tracer.sending, http.MethodPost, url, bytes.NewReader(s.body))
	if err != nil {
		return 0, 0, fmt.Errorf("%w: %w", errRefused, err)
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("User-Agent", "weir")
	answer, err := s.client.Do(req)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = answer.Body.Close() }() // read, or not wanted
	content, err := io.ReadAll(io.LimitReader(answer.Body, largestAnswer))
	switch answer.StatusCode {
	case http.StatusOK:
		if err != nil {
			return 0, 0, nil // it was taken
		}
		var said collector.ExportTraceServiceResponse
		if proto.Unmarshal(content, &said) != nil {
			return 0, 0, nil // likewise
		}
		return uint64(max(0, said.GetPartialSuccess().GetRejectedSpans())), 0, nil
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After")) // a date counts as nothing: then our own pause holds
		return 0, time.Duration(seconds) * time.Second, fmt.Errorf("%w: status %d", errLater, answer.StatusCode)
	}
	return 0, 0, fmt.Errorf("%w: status %d from %s", errRefused, answer.StatusCode, req.URL.Redacted())
}

// sleep returns false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
