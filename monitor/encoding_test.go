package monitor

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/weir-gateway/weir/protocol"
)

func gzipped(t *testing.T, text string) protocol.Body {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	b := body(out.String())
	b.Encoding = "gzip"
	return b
}

func zstded(t *testing.T, text string) protocol.Body {
	t.Helper()
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	b := body(string(w.EncodeAll([]byte(text), nil)))
	b.Encoding = "zstd"
	return b
}

func TestCompressedBodiesAreObservedAndCompared(t *testing.T) {
	m := New(Options{Model: "flights", Protocol: fakeProtocol{}})
	for i := range 10 {
		m.Offer(&Exchange{
			Version: "2", Shadow: true,
			Request:  gzipped(t, fmt.Sprintf("delay=%d,carrier=AA", i)),
			Response: zstded(t, "late=1"),
			Primary:  gzipped(t, fmt.Sprintf("late=%d", i%2)),
		})
	}
	m.Close()
	s, err := m.Summary("2", "")
	if err != nil || s.Observations != 10 {
		t.Fatalf("%+v, %v", s, err)
	}
	for reason, n := range s.Dropped {
		if n > 0 {
			t.Errorf("dropped %d for %s", n, reason)
		}
	}
	for _, f := range s.Features {
		if f.Name == "delay" && (f.Count != 10 || f.Mean == nil || *f.Mean != 4.5) {
			t.Errorf("delay: %+v", f)
		}
	}
	if c := m.Metrics().Versions[0].Shadow; c == nil || c.Ratio != 0.5 {
		t.Errorf("compared: %+v, want that half of the answers differ", c)
	}
}

func TestBodiesThatCannotBeUnpackedAreCountedByReason(t *testing.T) {
	m := New(Options{Model: "flights", Protocol: fakeProtocol{}, MaxDecoded: 1000})
	whole := gzipped(t, "delay=1")
	cut, brotli := whole, whole
	cut.Bytes = cut.Bytes[:len(cut.Bytes)-1]
	brotli.Encoding = "br"
	for _, b := range []protocol.Body{whole, cut, brotli, gzipped(t, string(make([]byte, 1001)))} {
		m.Offer(&Exchange{Version: "1", Request: b, Response: body("late=0")})
	}
	m.Close()
	s, err := m.Summary("1", "")
	if err != nil || s.Software.Requests != 4 {
		t.Errorf("%+v, %v: an exchange whose body can't be read is still a request", s.Software, err)
	}
	for _, reason := range []string{"content_encoding_broken", "content_encoding_unknown", "content_encoding_too_large"} {
		if s.Dropped[reason] != 1 {
			t.Errorf("dropped %v, want 1 for %s", s.Dropped, reason)
		}
	}
}
