package gateway

import (
	"sync/atomic"

	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/monitor/sketch"
	"github.com/weir-gateway/weir/protocol"
	"github.com/weir-gateway/weir/proxy"
	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
	"github.com/weir-gateway/weir/rollout/tally"
	"github.com/weir-gateway/weir/router"
)

type latency = sketch.Latency

// versionCounters are what the metrics say about one version.
type versionCounters struct {
	inflight atomic.Int64
	codes    [600]atomic.Uint64 // by status; below 100: nothing that a client could see
	duration latency
	copies   [copyOutcomes]atomic.Uint64
	pairs    pairs
}

// statusClientGone is nginx's code for a client that left before its answer.
const statusClientGone = 499

// observer is what the proxy tells about one version under one generation. It
// runs in the request's goroutine, after the answer was sent: it counts, and
// hands the bodies to the monitor's queue; nothing in it waits.
type observer struct {
	model    *model
	counters *versionCounters
	tally    *tally.Tally // nil where there is nothing to compare
	arm      judge.Arm
}

// observer makes the observer of a version under one generation. Of shadows and
// standby versions nothing is compared: their tally is nil.
func (m *model) observer(v *router.Version, t *registry.Traffic, phase *tally.Tally) *observer {
	o := &observer{model: m, counters: m.counters.version(v.Name)}
	if t.HasArm(v.Name) {
		o.tally, o.arm = phase, judge.Candidate
		if v.Name == t.Stable {
			o.arm = judge.Stable
		}
	}
	return o
}

// Begin implements proxy.Observer.
func (o *observer) Begin() {
	o.counters.inflight.Add(1)
	o.tally.Begin(o.arm)
}

// End implements proxy.Observer.
func (o *observer) End(x *proxy.Exchange) {
	o.counters.inflight.Add(-1)
	if x.Role != proxy.Primary {
		o.counters.copies[outcomeOf(x)].Add(1)
		o.watch(x, 0)
		return
	}
	o.counters.codes[statusOf(x)].Add(1)
	o.counters.duration.Observe(x.Duration)
	o.model.counters.overhead.Observe(x.Duration - x.Upstream)
	o.watch(x, o.count(x))
	o.model.reporter.report(x)
}

// count enters the request into the comparison of the running rollout. Left out
// are requests whose version was not drawn, and calls that are no inference. One
// whose client left counts with the time it had waited: leaving is not the
// version's failure, but a version that lets its clients wait until they leave
// must not look as if it had got fewer of them.
func (o *observer) count(x *proxy.Exchange) tally.Unit {
	if o.tally == nil {
		return 0
	}
	if !x.Inference || x.Decision == router.Pinned {
		o.tally.Discard(o.arm)
		return 0
	}
	return o.tally.Record(tally.Observation{Arm: o.arm, Key: x.Key, Failed: failed(x), Latency: x.Duration})
}

// Dropped implements proxy.Observer.
func (o *observer) Dropped(reason string) {
	o.counters.copies[dropOutcome(reason)].Add(1)
}

// watch hands an inference call to the monitor.
func (o *observer) watch(x *proxy.Exchange, unit tally.Unit) {
	m := o.model
	if m.monitor == nil || !x.Inference || x.Fault == proxy.FaultClientGone {
		return
	}
	if !m.profiles.ready.Load() {
		m.counters.unwatched[reasonStarting].Add(1)
		return
	}
	if x.Request.Truncated || x.Response.Truncated && !failed(x) {
		m.counters.unwatched[reasonBodyTooLarge].Add(1)
		return
	}
	s := m.spare.Get().(*observed)
	s.hold(x, o.tally, unit)
	m.monitor.Offer(&s.Exchange)
}

// observed is an exchange on its way through the monitor.
type observed struct {
	monitor.Exchange
	from      *proxy.Exchange
	model     *model
	tally     *tally.Tally
	unit      tally.Unit
	predicted bool
	slices    []tally.Slice // of the unit, one a field
}

func (m *model) newObserved() any {
	s := &observed{model: m}
	s.Owner, s.Done = s, s.release
	return s
}

func (s *observed) hold(x *proxy.Exchange, t *tally.Tally, unit tally.Unit) {
	x.Retain()
	s.from, s.tally, s.unit, s.predicted, s.slices = x, t, unit, false, s.slices[:0]
	s.Version, s.Shadow, s.Generation = x.Version.Name, x.Role == proxy.Copy, x.Generation
	s.Assigned = x.Decision == router.Random || x.Decision == router.Sticky
	s.At, s.Status, s.Failed, s.Latency = x.Start.Add(x.Duration), statusOf(x), failed(x) || x.Status >= 300, x.Duration
	s.Request, s.Response = body(x.Request, x.Rest), body(x.Response, x.Rest)
	s.Primary = protocol.Body{}
	if p := x.Primary; p != nil && !p.Response.Truncated && p.Status/100 == 2 {
		s.Primary = body(p.Response, p.Rest)
	}
	s.Headers, s.RequestID = x.Headers, x.RequestID
	s.Noise = s.Noise[:0]
	for i := range x.Route.Shadows {
		if x.Role == proxy.Again && x.Shadows>>i&1 != 0 {
			s.Noise = append(s.Noise, x.Route.Shadows[i].Version.Name)
		}
	}
}

// release is the monitor's Done.
func (s *observed) release() {
	x := s.from
	s.from, s.tally, s.Headers, s.RequestID = nil, nil, nil, ""
	s.Request, s.Response, s.Primary = protocol.Body{}, protocol.Body{}, protocol.Body{}
	s.model.spare.Put(s)
	x.Release()
}

// inSlice is the monitor's OnSlice: a counted request enters the comparison of
// its slice. A failure is what it is in the whole.
func inSlice(x *monitor.Exchange, field string, value []byte) {
	if s, ok := x.Owner.(*observed); ok && s.unit != 0 {
		s.slices = append(s.slices, s.tally.InSlice(s.unit, field, value, failed(s.from)))
	}
}

// predicted is the monitor's OnPrediction: the first row's prediction of a
// counted request enters the comparison. One row a request, because the version
// was drawn once for all of them.
func predicted(x *monitor.Exchange, value protocol.Cell) {
	s, ok := x.Owner.(*observed)
	if !ok || s.predicted || s.unit == 0 {
		return
	}
	s.predicted = true
	switch value.Kind {
	case protocol.Number:
		s.tally.PredictNumber(s.unit, value.Number, s.slices...)
	case protocol.Text:
		s.tally.PredictText(s.unit, value.Text, s.slices...)
	}
}

// kept is the monitor's OnKept: a label of a counted request enters the comparison
// of the phase in which its version was drawn.
func kept(x *monitor.Exchange) func(monitor.Truth) {
	s, ok := x.Owner.(*observed)
	if !ok || s.unit == 0 || !s.Assigned {
		return nil
	}
	label := s.tally.Label(s.unit)
	if label == nil {
		return nil
	}
	return func(t monitor.Truth) {
		switch t {
		case monitor.TruthRight:
			label(tally.Right)
		case monitor.TruthWrong:
			label(tally.Wrong)
		case monitor.TruthNumber:
			label(tally.Number)
		}
	}
}

// paired is the monitor's OnPair.
func paired(x *monitor.Exchange, agreed bool) {
	if s, ok := x.Owner.(*observed); ok {
		s.model.counters.version(x.Version).pairs.count(x.Generation, agreed)
	}
}

func body(b proxy.Body, path string) protocol.Body {
	return protocol.Body{Bytes: b.Bytes, Encoding: b.Encoding, ContentType: b.ContentType, JSONLength: b.JSONLength, Path: path}
}

// failed says whether the version failed the request: 5xx, or no whole answer.
func failed(x *proxy.Exchange) bool {
	return x.Status >= 500 || x.Fault != proxy.FaultNone && x.Fault != proxy.FaultClientGone
}

// statusOf is the status that the client saw, or would have seen.
func statusOf(x *proxy.Exchange) int {
	switch {
	case x.Fault == proxy.FaultClientGone:
		return statusClientGone
	case x.Status >= 100 && x.Status < 600:
		return x.Status
	case x.Fault == proxy.FaultTimeout:
		return 504
	case x.Fault == proxy.FaultInternal:
		return 500
	}
	return 502
}

// copyOutcome is what became of a copy to a shadow.
type copyOutcome int

const (
	copyAnswered copyOutcome = iota
	copyFailed
	copyTimedOut
	copyQueueFull
	copyBytesFull
	copyRateFull
	copyBodyTooLarge
	copyBodyIncomplete
	copyUnavailable
	copyClosed
	copyDropped
	copyOutcomes
)

// names of the outcomes, as the metric's label.
func (c copyOutcome) String() string {
	return [...]string{
		"answered", "failed", "timeout", "queue_full", "bytes_full", "rate_full",
		"body_too_large", "body_incomplete", "unavailable", "closed", "dropped",
	}[c]
}

func outcomeOf(x *proxy.Exchange) copyOutcome {
	switch {
	case x.Fault == proxy.FaultTimeout:
		return copyTimedOut
	case failed(x):
		return copyFailed
	}
	return copyAnswered
}

func dropOutcome(reason string) copyOutcome {
	for c := copyQueueFull; c < copyDropped; c++ {
		if c.String() == reason {
			return c
		}
	}
	return copyDropped
}

// reason is why an exchange never reached the monitor.
type reason int

const (
	reasonBodyTooLarge reason = iota
	reasonStarting
	reasons
)

func (r reason) String() string {
	return [...]string{"body_too_large", "starting"}[r]
}
