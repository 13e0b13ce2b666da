package proxy_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// exchangeHeads sends a request's head and returns what the model server got and
// what the client got for an answer.
func exchangeHeads(t *testing.T, request, response string) (up, down string) {
	t.Helper()
	got := make(chan string, 1)
	w, _ := one(t, func(p *peer) {
		if head := p.head(); head != "" {
			got <- head
			p.send(response)
			p.CloseWrite()
		}
	})
	c := w.dial().send(request)
	up = <-got
	return up, rest(&peer{t, c.TCPConn, c.r})
}

func TestHopByHopFieldsStayOnTheirHop(t *testing.T) {
	up, down := exchangeHeads(t,
		crlf("GET /v2/models/m/x?q=1 HTTP/1.1\nHost: h\nA: 1\nConnection: close, X-Hop\nX-Hop: 1\nKeep-Alive: 1\nTE: trailers\n"+
			"Proxy-Authorization: x\nProxy-Connection: x\nTrailer: y\nUpgrade: h2c\nHTTP2-Settings: x\nx-weir-shadow: 1\nX-Request-Id: mine-1\n"+
			"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\ntracestate: a=b\n\n"),
		crlf("HTTP/1.1 200 Fine\nDate: d\nB:  2\nConnection: x-back\nX-Back: 1\nKeep-Alive: timeout=5\nProxy-Authenticate: x\nTrailer: z\nUpgrade: a\n"+
			"x-request-id: theirs\nX-Weir-Version: theirs\nContent-Length: 2\n\nok"))
	if want := crlf("GET /v2/models/m/x?q=1 HTTP/1.1\nHost: h\nA: 1\nX-Request-Id: mine-1\n" +
		"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\ntracestate: a=b\nVia: 1.1 weir\n\n"); up != want {
		t.Errorf("the model server got\n%s", up)
	}
	if want := crlf("HTTP/1.1 200 Fine\nDate: d\nB:  2\nContent-Length: 2\nx-request-id: mine-1\nx-weir-model: m\nx-weir-version: 1\nConnection: close\n\nok"); down != want {
		t.Errorf("the client got\n%s", down)
	}
}

func TestIdsThatAreNotSaneAreReplaced(t *testing.T) {
	up, down := exchangeHeads(t,
		crlf("GET /v2/models/m HTTP/1.1\nHost: h\nConnection: close\nX-Request-Id: a b\ntraceparent: 00-xyz\ntracestate: a=b\n\n"),
		crlf("HTTP/1.1 200 OK\nContent-Length: 0\n\n"))
	m := regexp.MustCompile(`\r\nx-request-id: ([0-9a-f]{32})\r\ntraceparent: 00-([0-9a-f]{32})-[0-9a-f]{16}-00\r\n\r\n$`).FindStringSubmatch(up)
	if m == nil || m[1] != m[2] || strings.Contains(up, "tracestate") || strings.Contains(up, "a b") {
		t.Fatalf("the model server got\n%s", up)
	}
	if !strings.Contains(down, "\r\nx-request-id: "+m[1]+"\r\n") {
		t.Errorf("the client got\n%s", down)
	}
}

func TestThePathIsForwardedByteForByte(t *testing.T) {
	for _, target := range []string{
		"/v2/models/m//v2/../x%2Fy/./z", "/v2/models/m", "/v2/models/m/?a=%00&b=//..", "/v2/models/m/%7e;a=b,c",
	} {
		up, _ := exchangeHeads(t, "GET "+target+" HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n")
		if got, _, _ := strings.Cut(up, "\r\n"); got != "GET "+target+" HTTP/1.1" {
			t.Errorf("%s became %s", target, got)
		}
	}
}

func TestAnEndpointsPathReplacesThePrefix(t *testing.T) {
	b := listen(t, echo)
	w := start(t, setup{upstreams: map[string][]string{"1": {b.url + "/v2/models/m/versions/3/"}}})
	for target, want := range map[string]string{
		"/v2/models/m/infer?a=b": "/v2/models/m/versions/3/infer?a=b",
		"/v2/models/m":           "/v2/models/m/versions/3",
		"http://h/v2/models/m/a": "/v2/models/m/versions/3/a",
	} {
		a := w.once("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n")
		if a.body != "GET "+want+" h " {
			t.Errorf("%s: %s", target, a.body)
		}
	}
}

func TestHTTP10OnBothSides(t *testing.T) {
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
	for name, c := range map[string]struct{ request, response, down string }{
		"1.0 client, length": {
			"GET /v2/models/m HTTP/1.0\nConnection: keep-alive\nX-Request-Id: i\n\n", "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
			"HTTP/1.1 200 OK\nContent-Length: 2\nx-request-id: i\nx-weir-model: m\nx-weir-version: 1\nConnection: keep-alive\n\nok",
		},
		"1.0 client, chunks": {
			"GET /v2/models/m HTTP/1.0\nConnection: keep-alive\nX-Request-Id: i\n\n", chunked,
			"HTTP/1.1 200 OK\nx-request-id: i\nx-weir-model: m\nx-weir-version: 1\nConnection: close\n\nabcde",
		},
		"1.0 server until it closes": {
			"GET /v2/models/m HTTP/1.1\nHost: h\nConnection: close\nX-Request-Id: i\n\n", "HTTP/1.0 200 OK\n\nabcde",
			"HTTP/1.1 200 OK\nx-request-id: i\nx-weir-model: m\nx-weir-version: 1\nConnection: close\nTransfer-Encoding: chunked\n\n5\nabcde\n0\n\n",
		},
		"no reason": {
			"GET /v2/models/m HTTP/1.0\nX-Request-Id: i\n\n", "HTTP/1.1 404\nContent-Length: 0\n\n",
			"HTTP/1.1 404 \nContent-Length: 0\nx-request-id: i\nx-weir-model: m\nx-weir-version: 1\nConnection: close\n\n",
		},
	} {
		got := make(chan string, 1)
		dated := func(answer string) string { return strings.Replace(answer, "\n", "\nDate: d\n", 1) }
		w, _ := one(t, func(p *peer) {
			if head := p.head(); head != "" {
				got <- head
				p.send(crlf(dated(strings.ReplaceAll(c.response, "\r", ""))))
			}
		})
		client := w.dial().send(crlf(c.request))
		up := <-got
		if !strings.HasPrefix(up, "GET /v2/models/m HTTP/1.1\r\nHost: ") {
			t.Errorf("%s: the model server got %q", name, up)
		}
		want := crlf(dated(c.down))
		buf := make([]byte, len(want))
		n := 0
		for n < len(want) {
			m, err := client.r.Read(buf[n:])
			if n += m; err != nil {
				break
			}
		}
		if string(buf[:n]) != want {
			t.Errorf("%s: the client got\n%s\nwant\n%s", name, buf[:n], want)
		}
	}
}

func TestAnswersWithoutABodyHaveNone(t *testing.T) {
	for name, c := range map[string]struct{ method, response, want string }{
		"HEAD":                {"HEAD", "HTTP/1.1 200 OK\nContent-Length: 5\n\n", "Content-Length: 5"},
		"HEAD, chunked":       {"HEAD", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", ""},
		"204":                 {"GET", "HTTP/1.1 204 No Content\nContent-Length: 0\n\n", ""},
		"304 with a length":   {"GET", "HTTP/1.1 304 Not Modified\nContent-Length: 5\n\n", "Content-Length: 5"},
		"200 with length 0":   {"GET", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "Content-Length: 0"},
		"chunked but no data": {"GET", "HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n0\n\n", "Transfer-Encoding: chunked"},
	} {
		w, _ := one(t, func(p *peer) {
			for p.head() != "" {
				p.send(crlf(c.response))
			}
		})
		client := w.dial()
		for range 2 { // the second shows that the first was read to its end
			a := client.send(c.method + " /v2/models/m HTTP/1.1\r\nHost: h\r\n\r\n").recv(c.method)
			if a.body != "" {
				t.Errorf("%s: body %q", name, a.body)
			}
			var got []string
			if v := a.Header.Get("Content-Length"); v != "" {
				got = append(got, "Content-Length: "+v)
			}
			if a.TransferEncoding != nil {
				got = append(got, "Transfer-Encoding: chunked")
			}
			if strings.Join(got, "") != c.want {
				t.Errorf("%s: %v", name, got)
			}
		}
	}
}

func TestEveryAnswerHasADate(t *testing.T) {
	w, _ := one(t, func(p *peer) {
		for p.head() != "" {
			p.send(crlf("HTTP/1.1 200 OK\nContent-Length: 0\n\n"))
		}
	})
	for _, path := range []string{"/v2/models/m", "/nowhere"} {
		a := w.once("GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
		if at, err := http.ParseTime(a.Header.Get("Date")); err != nil || time.Since(at).Abs() > time.Minute {
			t.Errorf("%s: Date %q", path, a.Header.Get("Date"))
		}
	}
}

func TestAnUpgradeToSomethingElseIsRefused(t *testing.T) {
	w, _ := one(t, func(p *peer) {
		if p.head() != "" {
			p.send(crlf("HTTP/1.1 101 Switching Protocols\nConnection: upgrade\nUpgrade: frob\n\n"))
		}
	})
	a := w.once("GET /v2/models/m HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
	if a.StatusCode != 502 {
		t.Errorf("got %d", a.StatusCode)
	}
}

func TestInterimAnswers(t *testing.T) {
	w, _ := one(t, func(p *peer) {
		for p.head() != "" {
			p.send(crlf("HTTP/1.1 100 Continue\n\nHTTP/1.1 103 Early Hints\nLink: a\n\nHTTP/1.1 200 OK\nContent-Length: 2\n\nok"))
		}
	})
	c := w.dial().send("GET /v2/models/m HTTP/1.1\r\nHost: h\r\n\r\n")
	if a := c.recv("GET"); a.StatusCode != 100 {
		t.Errorf("got %d", a.StatusCode)
	}
	if a := c.recv("GET"); a.StatusCode != 103 || a.Header.Get("Link") != "a" {
		t.Errorf("got %d %v", a.StatusCode, a.Header)
	}
	if a := c.recv("GET"); a.StatusCode != 200 || a.body != "ok" {
		t.Errorf("got %d %q", a.StatusCode, a.body)
	}
	// HTTP/1.0 knows none.
	if a := w.once("GET /v2/models/m HTTP/1.0\r\n\r\n"); a.StatusCode != 200 || a.body != "ok" {
		t.Errorf("got %d %q", a.StatusCode, a.body)
	}
}

func TestContinueIsSaidOnlyWhenTheBodyIsReallyWanted(t *testing.T) {
	got := make(chan string, 10)
	w, _ := one(t, func(p *peer) {
		for {
			head := p.head()
			if head == "" {
				return
			}
			got <- head
			body := make([]byte, 5)
			if _, err := p.r.Read(body); err != nil {
				return
			}
			p.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + string(body))
		}
	})
	c := w.dial().send("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-Continue\r\n\r\n")
	if line, _ := c.r.ReadString('\n'); line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatal(line)
	}
	c.r.ReadString('\n')
	if a := c.send("hello").recv("POST"); a.body != "hello" {
		t.Error(a.body)
	}
	if head := <-got; strings.Contains(strings.ToLower(head), "expect") {
		t.Errorf("the expectation went on: %q", head)
	}
	// Not for a body that came at once, nor for a request that nobody answers.
	if a := c.send("POST /v2/models/m/infer HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello").recv("POST"); a.StatusCode != 200 {
		t.Error(a.StatusCode)
	}
	if a := c.send("POST /other HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n").recv("POST"); a.StatusCode != 404 || !a.Close {
		t.Error(a.StatusCode, a.Close)
	}
}
