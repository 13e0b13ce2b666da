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

func TestCompressedRequestsAreMonitored(t *testing.T) {
	one := newModelServer(t)
	r := start(t)
	r.register("1", one)
	r.switchTo("1")
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
	eventually(t, "21 requests", func() bool { return r.summary(t, "1", "").Software.Requests == 21 })
	for _, f := range r.summary(t, "1", "").Features {
		if f.Name == "x" && f.Count != 20 {
			t.Errorf("x: %+v", f)
		}
	}
	eventually(t, "the broken body is counted", func() bool {
		return metric(r.metrics(t), `weir_observations_dropped_total{model="m",reason="content_encoding_broken"}`) == 1
	})
}
