package gateway_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"testing"
)

// postGzip sends an inference call with a compressed body, as it is.
func (r *running) postGzip(body []byte) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url+"/v2/models/m/infer", bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Content-Encoding", "gzip")
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		r.t.Fatalf("status %d", answer.StatusCode)
	}
}

// settled returns how many requests the monitor has seen, once it has seen all
// that were offered to it.
func (r *running) settled(version string) (seen uint64) {
	r.t.Helper()
	eventually(r.t, "the monitor is through", func() bool {
		text := r.metrics(r.t)
		sent := metric(text, `weir_requests_total{code="200",model="m",version="`+version+`"}`)
		early := metric(text, `weir_observations_dropped_total{model="m",reason="starting"}`)
		seen = r.summary(r.t, version, "").Software.Requests
		return float64(seen)+early == sent
	})
	return seen
}

func TestCompressedRequestsAreMonitored(t *testing.T) {
	one := newModelServer(t)
	r := start(t)
	r.register("1", one)
	r.switchTo("1")
	eventually(t, "the monitor begins", func() bool {
		r.infer()
		return r.summary(t, "1", "").Software.Requests > 0
	})
	watched := r.settled("1")
	var packed []byte
	for i := range 20 {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		fmt.Fprintf(w, inferBody, i, "JFK")
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		packed = b.Bytes()
		r.postGzip(packed)
	}
	r.postGzip(packed[:len(packed)-4]) // forwarded as it came, but of no use to the monitor
	eventually(t, "21 more requests", func() bool { return r.summary(t, "1", "").Software.Requests == watched+21 })
	for _, f := range r.summary(t, "1", "").Features {
		if f.Name == "x" && f.Count != watched+20 {
			t.Errorf("x: %+v", f)
		}
	}
	eventually(t, "the broken body is counted", func() bool {
		return metric(r.metrics(t), `weir_observations_dropped_total{model="m",reason="content_encoding_broken"}`) == 1
	})
}
