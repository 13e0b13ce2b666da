package proxy_test

import (
	"strings"
	"testing"

	"github.com/weir-gateway/weir/proxy"
)

func TestARequestGoesThroughAndItsAnswerComesBack(t *testing.T) {
	w, _ := one(t, echo)
	a := w.once(plain)
	if a.StatusCode != 200 || a.body != "POST /v2/models/m/infer h hello" {
		t.Fatalf("got %d %q", a.StatusCode, a.body)
	}
	if a.Header.Get("x-weir-model") != "m" || a.Header.Get("x-weir-version") != "1" || len(a.Header.Get("x-request-id")) != 32 {
		t.Errorf("headers: %v", a.Header)
	}
	x := w.watchers["1"].next(t)
	if x.Status != 200 || x.Fault != proxy.FaultNone || x.Rest != "/infer" || x.Method != "POST" || !x.Inference ||
		x.RequestID != a.Header.Get("x-request-id") || x.Generation != 7 || x.Request.Size != 5 || x.Duration < x.Upstream {
		t.Errorf("exchange: %+v", x)
	}
	x.Release()
}

func TestPipelinedRequestsAreAnsweredInOrder(t *testing.T) {
	w, _ := one(t, echo)
	c := w.dial()
	c.send(strings.Repeat(plain, 3) + crlf("GET /v2/models/m/x HTTP/1.1\nHost: h\n\n") + plain)
	for i := range 5 {
		a := c.recv("POST")
		want := "POST /v2/models/m/infer h hello"
		if i == 3 {
			want = "GET /v2/models/m/x h "
		}
		if a.body != want {
			t.Errorf("answer %d: %q", i, a.body)
		}
	}
}

func TestAConnectionIsUsedForManyRequests(t *testing.T) {
	b := listen(t, nil)
	w := start(t, setup{upstreams: map[string][]string{"1": {b.url}}})
	c := w.dial()
	var p *peer
	for range 100 {
		c.send(plain)
		if p == nil {
			p, _ = b.take(t)
		} else {
			p.head()
		}
		body := make([]byte, 5)
		p.r.Read(body)
		p.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		if a := c.recv("POST"); a.body != "ok" {
			t.Fatal(a.body)
		}
	}
	// Every request came over p, or its answer would have been missing. Other
	// connections may be there: the health check makes one of its own.
}
