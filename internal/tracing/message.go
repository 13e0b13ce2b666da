package tracing

import (
	"slices"
	"strconv"
	"strings"

	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	resource "go.opentelemetry.io/proto/slim/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/slim/otlp/trace/v1"
)

// Bits of a span's flags (trace.proto, SpanFlags).
const (
	flagSampled  = 0x001
	flagIsRemote = 0x300 // it is known whether the parent is in another process, and it is
)

// knownMethods are those that the semantic conventions let stand for themselves.
var knownMethods = []string{"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE", "QUERY"}

// message makes of r what is sent. Nothing in it points into r's memory, and all
// text is UTF-8, as protobuf demands and clients need not send.
func (r *record) message() *trace.Span {
	s := &trace.Span{
		TraceId:           slices.Clone(r.Trace[:]),
		SpanId:            slices.Clone(r.Context.Span[:]),
		Name:              clean(r.Prefix),
		Kind:              trace.Span_SPAN_KIND_SERVER,
		StartTimeUnixNano: uint64(r.Start.UnixNano()),
		EndTimeUnixNano:   uint64(r.Start.Add(r.Duration).UnixNano()),
		Flags:             flagSampled,
		Status:            &trace.Status{},
	}
	if r.Parent != [8]byte{} {
		s.ParentSpanId = slices.Clone(r.Parent[:])
		s.Flags |= flagIsRemote
	}
	s.Attributes = r.attributes()
	if slices.Contains(knownMethods, r.Method) {
		s.Name = strings.Clone(r.Method) + " " + s.Name
	} else {
		s.Name = "HTTP " + s.Name // the conventions' name for a method that anybody can make up
	}
	if r.Failed {
		s.Status.Code = trace.Status_STATUS_CODE_ERROR
	}
	return s
}

// attributes follow the semantic conventions for HTTP server spans, version 1.38,
// where those have a name.
func (r *record) attributes() []*common.KeyValue {
	a := make([]*common.KeyValue, 0, 20)
	a = append(a,
		text("url.scheme", "http"),
		text("url.path", clean(r.Prefix+r.Rest)),
		text("http.route", clean(r.Prefix)),
		integer("http.request.body.size", r.BytesIn),
		integer("http.response.body.size", r.BytesOut),
		text("weir.request_id", clean(r.RequestID)),
		text("weir.model", r.Model),
		text("weir.version", r.Version),
		integer("weir.generation", int64(r.Generation)),
		text("weir.decision", r.Decision),
		number("weir.upstream_seconds", r.Upstream.Seconds()),
	)
	if slices.Contains(knownMethods, r.Method) {
		a = append(a, text("http.request.method", strings.Clone(r.Method)))
	} else {
		a = append(a, text("http.request.method", "_OTHER"), text("http.request.method_original", clean(r.Method)))
	}
	if r.Status != 0 {
		a = append(a, integer("http.response.status_code", int64(r.Status)))
	}
	if r.Client.IsValid() {
		a = append(a, text("client.address", r.Client.String()))
	}
	if r.Fault != "" {
		a = append(a, text("weir.fault", r.Fault))
	}
	switch {
	case r.Failed && r.Fault != "":
		a = append(a, text("error.type", r.Fault))
	case r.Failed:
		a = append(a, text("error.type", strconv.Itoa(r.Status)))
	}
	return a
}

// clean returns a copy of s that is UTF-8.
func clean(s string) string { return strings.Clone(strings.ToValidUTF8(s, "\uFFFD")) }

// process describes this gateway.
func process(o Options) *resource.Resource {
	r := &resource.Resource{Attributes: []*common.KeyValue{text("service.name", "weir")}}
	if o.Version != "" {
		r.Attributes = append(r.Attributes, text("service.version", clean(o.Version)))
	}
	if o.Instance != "" {
		r.Attributes = append(r.Attributes, text("service.instance.id", clean(o.Instance)))
	}
	return r
}

func text(key, v string) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: v}}}
}

func integer(key string, v int64) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: v}}}
}

func number(key string, v float64) *common.KeyValue {
	return &common.KeyValue{Key: key, Value: &common.AnyValue{Value: &common.AnyValue_DoubleValue{DoubleValue: v}}}
}
