// Package tracing sends a span about sampled requests to an OpenTelemetry
// collector, by OTLP over HTTP with protobuf bodies.
//
//	t := tracing.New(tracing.Options{Log: log})
//	next, err := t.Prepare(tracing.Settings{Endpoint: "http://127.0.0.1:4318"})
//	next.Commit()
//	if t.On() {
//		t.Add(&tracing.Span{…}) // copies, queues, returns
//	}
//	t.Close()               // sends what is queued, for 3 seconds at most
//
// It has no SDK: a gateway makes one kind of span, complete when it is made, and
// of the SDK only the exporter would be left. What is sent are the messages of
// OpenTelemetry's own protobuf package (docs/adr/0101).
//
// Add copies a span's text into memory of a pool and puts it on a bounded queue.
// One goroutine takes up to 512 spans, or those of a second, and sends them with
// one request; while a collector is slow or away it tries again with growing
// pauses, and what no longer fits into the queue is dropped. Every span ends up
// in one of the counters of Stats.
package tracing
