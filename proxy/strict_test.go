package proxy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/proxy"
)

func TestRequestsThatCouldBeReadTwoWaysEndTheConnection(t *testing.T) {
	w, b := one(t, nil)
	head := "POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\n"
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"length and coding":      {head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
		"two lengths":            {head + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
		"bare LF":                {"GET /v2/models/m HTTP/1.1\nHost: h\n\n", 400},
		"folded":                 {head + "A: b\r\n c\r\n\r\n", 400},
		"space before the colon": {head + "Content-Length : 5\r\n\r\nhello", 400},
		"no host":                {"GET /v2/models/m HTTP/1.1\r\n\r\n", 400},
		"another host":           {"GET http://x/v2/models/m HTTP/1.1\r\nHost: h\r\n\r\n", 400},
		"version":                {"GET /v2/models/m HTTP/1.2\r\nHost: h\r\n\r\n", 505},
		"coding":                 {head + "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
		"connect":                {"CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n", 501},
		"large head":             {head + "A: " + strings.Repeat("a", 40<<10) + "\r\n\r\n", 431},
		"many fields":            {head + strings.Repeat("A: a\r\n", 200) + "\r\n", 431},
		"long target":            {"GET /v2/models/m/" + strings.Repeat("a", 40<<10), 414},
		"expectation":            {head + "Content-Length: 1\r\nExpect: more\r\n\r\n", 417},
		"chunk size with space":  {head + "Transfer-Encoding: chunked\r\n\r\n5 \r\nhello\r\n0\r\n\r\n", 400},
		"chunk with bare LF":     {head + "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n", 400},
		"chunk too long":         {head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello!\r\n0\r\n\r\n", 400},
		"chunk size overflows":   {head + "Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello\r\n0\r\n\r\n", 400},
	} {
		t.Run(name, func(t *testing.T) {
			client := w.dial().send(c.request)
			a := client.recv("POST")
			var problem struct {
				Type   string
				Status int
				Title  string
			}
			if err := json.Unmarshal([]byte(a.body), &problem); err != nil {
				t.Fatalf("%v: %q", err, a.body)
			}
			if a.StatusCode != c.status || problem.Status != c.status || !strings.HasPrefix(problem.Type, "urn:weir:problem:") ||
				a.Header.Get("Content-Type") != "application/problem+json" || !a.Close {
				t.Errorf("got %d %v %s", a.StatusCode, a.Header, a.body)
			}
			if !client.ended() {
				t.Error("the connection goes on")
			}
		})
	}
	for len(b.conns) > 0 {
		if head := (<-b.conns).head(); head != "" {
			t.Errorf("the model server got %q", head)
		}
	}
}

func TestABodyThatGoesWrongMidwayNeverLooksWhole(t *testing.T) {
	// The head and a first chunk are fine and go upstream; then comes nonsense.
	w, b := one(t, nil)
	c := w.dial().send("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
	p, _ := b.take(t)
	c.send("zz\r\n")
	if a := c.recv("POST"); a.StatusCode != 400 || !a.Close {
		t.Errorf("got %d", a.StatusCode)
	}
	if got := rest(p); got != "5\r\nhello\r\n" {
		t.Errorf("the model server got %q", got)
	}
	if x := w.watchers["1"].next(t); x.Fault != proxy.FaultClientGone || x.Status != 400 {
		t.Errorf("exchange: %v %d", x.Fault, x.Status)
	}
}

// rest reads whatever comes until the connection ends.
func rest(p *peer) string {
	var b strings.Builder
	buf := make([]byte, 1<<16)
	for {
		n, err := p.r.Read(buf)
		b.Write(buf[:n])
		if err != nil {
			return b.String()
		}
	}
}

func TestWhatNoModelAnswers(t *testing.T) {
	w, _ := one(t, echo)
	for request, want := range map[string]struct {
		status int
		slug   string
	}{
		"GET /other HTTP/1.1\r\nHost: h\r\n\r\n":                                     {404, "no-route"},
		"GET /v2/models/mm HTTP/1.1\r\nHost: h\r\n\r\n":                              {404, "no-route"},
		"TRACE /v2/models/m HTTP/1.1\r\nHost: h\r\n\r\n":                             {405, "method-not-allowed"},
		"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n":                                      {204, ""},
		"OPTIONS /v2/models/m HTTP/1.1\r\nHost: h\r\nMax-Forwards: 0\r\n\r\n":        {204, ""},
		"POST /other HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello":          {404, "no-route"},
		"HEAD /other HTTP/1.1\r\nHost: h\r\n\r\n":                                    {404, ""},
		"POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab": {0, ""},
	} {
		if want.status == 0 {
			continue
		}
		c := w.dial().send(request)
		method, _, _ := strings.Cut(request, " ")
		a := c.recv(method)
		if a.StatusCode != want.status || !strings.Contains(a.body, want.slug) || a.Close {
			t.Errorf("%q: got %d %q close=%v", request, a.StatusCode, a.body, a.Close)
		}
		// None of them costs the connection.
		if a := c.send(plain).recv("POST"); a.StatusCode != 200 {
			t.Errorf("behind %q: %d", request, a.StatusCode)
		}
	}
}
