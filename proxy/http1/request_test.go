package http1_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/proxy/http1"
)

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

func TestRequestsThatCouldBeReadTwoWaysAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		head string
		want *http1.Error
	}{
		"bare LF behind the request line": {"GET / HTTP/1.1\nHost: a\r\n\r\n", http1.ErrLineEnd},
		"bare LF behind a field":          {"GET / HTTP/1.1\r\nHost: a\n\r\n", http1.ErrLineEnd},
		"bare LF as the end":              {"GET / HTTP/1.1\r\nHost: a\r\n\n", http1.ErrLineEnd},
		"CR in a value":                   {"GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", http1.ErrFieldValue},
		"two CR":                          {"GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", http1.ErrFieldValue},
		"NUL in a value":                  {crlf("GET / HTTP/1.1\nHost: a\nX: a\x00b\n\n"), http1.ErrFieldValue},
		"DEL in a long value":             {crlf("GET / HTTP/1.1\nHost: a\nX: 0123456789\x7f0123456789\n\n"), http1.ErrFieldValue},
		"folded field":                    {crlf("GET / HTTP/1.1\nHost: a\nX: a\n b\n\n"), http1.ErrFold},
		"folded with a tab":               {crlf("GET / HTTP/1.1\nHost: a\n\tX: a\n\n"), http1.ErrFold},
		"space before the colon":          {crlf("GET / HTTP/1.1\nHost : a\n\n"), http1.ErrFieldName},
		"space in a name":                 {crlf("GET / HTTP/1.1\nHost: a\nX Y: a\n\n"), http1.ErrFieldName},
		"empty name":                      {crlf("GET / HTTP/1.1\nHost: a\n: a\n\n"), http1.ErrFieldName},
		"no colon":                        {crlf("GET / HTTP/1.1\nHost: a\nabc\n\n"), http1.ErrFieldName},
		"length and coding":               {crlf("POST / HTTP/1.1\nHost: a\nContent-Length: 3\nTransfer-Encoding: chunked\n\n"), http1.ErrTwoFramings},
		"coding and length":               {crlf("POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\nContent-Length: 3\n\n"), http1.ErrTwoFramings},
		"the same length twice":           {crlf("POST / HTTP/1.1\nHost: a\nContent-Length: 3\nContent-Length: 3\n\n"), http1.ErrTwoLengths},
		"a list of lengths":               {crlf("POST / HTTP/1.1\nHost: a\nContent-Length: 3, 3\n\n"), http1.ErrContentLength},
		"a signed length":                 {crlf("POST / HTTP/1.1\nHost: a\nContent-Length: +3\n\n"), http1.ErrContentLength},
		"a negative length":               {crlf("POST / HTTP/1.1\nHost: a\nContent-Length: -3\n\n"), http1.ErrContentLength},
		"a hexadecimal length":            {crlf("POST / HTTP/1.1\nHost: a\nContent-Length: 0x3\n\n"), http1.ErrContentLength},
		"an empty length":                 {crlf("POST / HTTP/1.1\nHost: a\nContent-Length:\n\n"), http1.ErrContentLength},
		"a length of 2^64":                {crlf("POST / HTTP/1.1\nHost: a\nContent-Length: 18446744073709551616\n\n"), http1.ErrContentLength},
		"coding gzip":                     {crlf("POST / HTTP/1.1\nHost: a\nTransfer-Encoding: gzip\n\n"), http1.ErrLastCoding},
		"coding gzip, chunked":            {crlf("POST / HTTP/1.1\nHost: a\nTransfer-Encoding: gzip, chunked\n\n"), http1.ErrTransferCoding},
		"coding chunked, chunked":         {crlf("POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked, chunked\n\n"), http1.ErrTransferCoding},
		"coding identity":                 {crlf("POST / HTTP/1.1\nHost: a\nTransfer-Encoding: identity\n\n"), http1.ErrLastCoding},
		"coding with a vertical tab":      {crlf("POST / HTTP/1.1\nHost: a\nTransfer-Encoding: \x0bchunked\n\n"), http1.ErrFieldValue},
		"two codings":                     {crlf("POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked\n\n"), http1.ErrTwoCodings},
		"coding in HTTP/1.0":              {crlf("POST / HTTP/1.0\nHost: a\nTransfer-Encoding: chunked\n\n"), http1.ErrOldTransfer},
		"no host":                         {crlf("GET / HTTP/1.1\nX: a\n\n"), http1.ErrNoHost},
		"no field at all":                 {crlf("GET / HTTP/1.1\n\n"), http1.ErrNoHost},
		"two hosts":                       {crlf("GET / HTTP/1.1\nHost: a\nHost: a\n\n"), http1.ErrHost},
		"an empty host":                   {crlf("GET / HTTP/1.1\nHost:\n\n"), http1.ErrHost},
		"a host with a path":              {crlf("GET / HTTP/1.1\nHost: a/b\n\n"), http1.ErrHost},
		"a host with a user":              {crlf("GET / HTTP/1.1\nHost: u@a\n\n"), http1.ErrHost},
		"a list of hosts":                 {crlf("GET / HTTP/1.1\nHost: a, b\n\n"), http1.ErrHost},
		"a host with a bad port":          {crlf("GET / HTTP/1.1\nHost: a:8x\n\n"), http1.ErrHost},
		"another host in the target":      {crlf("GET http://b/ HTTP/1.1\nHost: a\n\n"), http1.ErrOtherHost},
		"a user in the target":            {crlf("GET http://a@b/ HTTP/1.1\nHost: b\n\n"), http1.ErrTarget},
		"another scheme":                  {crlf("GET ftp://a/ HTTP/1.1\nHost: a\n\n"), http1.ErrTarget},
		"a relative target":               {crlf("GET a HTTP/1.1\nHost: a\n\n"), http1.ErrTarget},
		"* with GET":                      {crlf("GET * HTTP/1.1\nHost: a\n\n"), http1.ErrTarget},
		"a fragment":                      {crlf("GET /#a HTTP/1.1\nHost: a\n\n"), http1.ErrTarget},
		"a space in the target":           {crlf("GET /a b HTTP/1.1\nHost: a\n\n"), http1.ErrTarget},
		"two spaces":                      {crlf("GET  / HTTP/1.1\nHost: a\n\n"), http1.ErrTarget},
		"a tab in the target":             {crlf("GET /a\tb HTTP/1.1\nHost: a\n\n"), http1.ErrTarget},
		"a byte above 0x7f in the target": {crlf("GET /\xff HTTP/1.1\nHost: a\n\n"), http1.ErrTarget},
		"no target":                       {crlf("GET  HTTP/1.1\nHost: a\n\n"), http1.ErrRequestLine},
		"HTTP/0.9":                        {crlf("GET /\n\n"), http1.ErrRequestLine},
		"a method with a bracket":         {crlf("G(T / HTTP/1.1\nHost: a\n\n"), http1.ErrRequestLine},
		"no method":                       {crlf(" / HTTP/1.1\nHost: a\n\n"), http1.ErrRequestLine},
		"small http":                      {crlf("GET / http/1.1\nHost: a\n\n"), http1.ErrRequestLine},
		"HTTP/1.2":                        {crlf("GET / HTTP/1.2\nHost: a\n\n"), http1.ErrVersion},
		"HTTP/2.0":                        {crlf("PRI * HTTP/2.0\n\nSM\n\n"), http1.ErrVersion},
		"HTTP/1.10":                       {crlf("GET / HTTP/1.10\nHost: a\n\n"), http1.ErrRequestLine},
		"two empty lines before":          {crlf("\n\nGET / HTTP/1.1\nHost: a\n\n"), http1.ErrRequestLine},
		"CONNECT":                         {crlf("CONNECT a:443 HTTP/1.1\nHost: a:443\n\n"), http1.ErrConnect},
		"Connection names Host":           {crlf("GET / HTTP/1.1\nHost: a\nConnection: host\n\n"), http1.ErrConnectionOption},
		"Connection names a length":       {crlf("GET / HTTP/1.1\nHost: a\nConnection: close, Content-Length\n\n"), http1.ErrConnectionOption},
		"an unknown expectation":          {crlf("POST / HTTP/1.1\nHost: a\nContent-Length: 1\nExpect: 200-ok\n\n"), http1.ErrExpectation},
		"too many fields":                 {crlf("GET / HTTP/1.1\nHost: a\n" + strings.Repeat("X: a\n", http1.MaxFields) + "\n"), http1.ErrTooManyFields},
	} {
		var r http1.Request
		n, err := r.Parse([]byte(c.head))
		if n != 0 && err == nil || !errors.Is(err, c.want) {
			t.Errorf("%s: got %d, %v; want %v", name, n, err, c.want)
		}
	}
}

func TestRequestsAreReadAsTheyCame(t *testing.T) {
	for name, c := range map[string]struct {
		head, path, query, host string
		body, keep              bool
	}{
		"plain":               {"GET /a/b HTTP/1.1\nHost: h:80\n\n", "/a/b", "", "h:80", false, true},
		"query":               {"GET /a?b=c?d HTTP/1.1\nHost: h\n\n", "/a", "?b=c?d", "h", false, true},
		"odd path":            {"GET //v2/../x%2Fy/./z HTTP/1.1\nHost: h\n\n", "//v2/../x%2Fy/./z", "", "h", false, true},
		"absolute":            {"GET http://H/a?b HTTP/1.1\nHost: h\n\n", "/a", "?b", "h", false, true},
		"absolute, no path":   {"GET http://h HTTP/1.1\nHost: h\n\n", "/", "", "h", false, true},
		"absolute, query":     {"GET http://h?a HTTP/1.1\nHost: h\n\n", "/", "?a", "h", false, true},
		"IPv6":                {"GET / HTTP/1.1\nHost: [::1]:8080\n\n", "/", "", "[::1]:8080", false, true},
		"one empty line":      {"\nGET / HTTP/1.1\nHost: h\n\n", "/", "", "h", false, true},
		"1.0":                 {"GET / HTTP/1.0\n\n", "/", "", "", false, false},
		"1.0 keep-alive":      {"GET / HTTP/1.0\nConnection: Keep-Alive\n\n", "/", "", "", false, true},
		"close":               {"GET / HTTP/1.1\nHost: h\nConnection: x, CLOSE\n\n", "/", "", "h", false, false},
		"length":              {"POST / HTTP/1.1\nHost: h\ncontent-LENGTH: \t3 \n\n", "/", "", "h", true, true},
		"no length":           {"POST / HTTP/1.1\nHost: h\nContent-Length: 0\n\n", "/", "", "h", false, true},
		"chunked":             {"POST / HTTP/1.1\nHost: h\nTransfer-Encoding: Chunked\n\n", "/", "", "h", true, true},
		"options":             {"OPTIONS * HTTP/1.1\nHost: h\n\n", "*", "", "h", false, true},
		"expectation, 1.0":    {"POST / HTTP/1.0\nExpect: x\nContent-Length: 1\n\n", "/", "", "", true, false},
		"obs-text in a value": {"GET / HTTP/1.1\nHost: h\nX: \xe4\xf6 \t\xfc 0123456789\n\n", "/", "", "h", false, true},
	} {
		var r http1.Request
		raw := crlf(c.head) + "rest"
		n, err := r.Parse([]byte(raw))
		if err != nil || n != len(raw)-4 {
			t.Errorf("%s: got %d, %v", name, n, err)
			continue
		}
		if string(r.Path) != c.path || string(r.Query) != c.query || string(r.Host) != c.host ||
			r.HasBody() != c.body || r.KeepsAlive() != c.keep {
			t.Errorf("%s: got %q %q %q body=%v keep=%v", name, r.Path, r.Query, r.Host, r.HasBody(), r.KeepsAlive())
		}
		for i := range n {
			if m, err := r.Parse([]byte(raw[:i])); m != 0 || err != nil {
				t.Errorf("%s: its first %d bytes: %d, %v", name, i, m, err)
			}
			if http1.HeadEnd([]byte(raw[:i]), 0) && i < n && c.head[0] != '\n' {
				t.Errorf("%s: an end is seen after %d of %d bytes", name, i, n)
			}
		}
		if !http1.HeadEnd([]byte(raw[:n]), n-1) {
			t.Errorf("%s: the end is not seen", name)
		}
	}
}

func TestAppendLeavesOutWhatConcernsOneConnectionOnly(t *testing.T) {
	var r http1.Request
	head := crlf("GET / HTTP/1.1\nHost: h\nA: 1\nConnection: x-a, keep-alive\nX-A: 2\nb:3\nKeep-Alive: 5\nTE: trailers\n" +
		"Upgrade: h2c\nProxy-Authorization: x\nTrailer: a\nx-A:  4\nC: 5\nConnection: C\n\n")
	if _, err := r.Parse([]byte(head)); err != nil {
		t.Fatal(err)
	}
	if got, want := string(r.Append(nil, http1.HopByHop)), crlf("Host: h\nA: 1\nb:3\n"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := string(r.Append([]byte("x"), http1.HopByHop|1<<http1.Host)), crlf("xA: 1\nb:3\n"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestParsingDoesNotAllocate(t *testing.T) {
	head := []byte(crlf("POST /v2/models/m/infer HTTP/1.1\nHost: h\nUser-Agent: x\nAccept: */*\nContent-Type: application/json\nContent-Length: 200\nX-Request-Id: 123\nConnection: keep-alive\n\n"))
	var r http1.Request
	out := make([]byte, 0, 1024)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := r.Parse(head); err != nil {
			t.Fatal(err)
		}
		r.Get("accept")
		out = r.Append(out[:0], http1.HopByHop)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRequest(b *testing.B) {
	head := []byte(crlf("POST /v2/models/m/infer HTTP/1.1\nHost: 127.0.0.1:8080\nUser-Agent: Go-http-client/1.1\nAccept: */*\nContent-Type: application/json\nContent-Length: 200\nX-Request-Id: 0123456789abcdef\nAccept-Encoding: gzip, deflate\nConnection: keep-alive\n\n"))
	var r http1.Request
	out := make([]byte, 0, 1024)
	b.ReportAllocs()
	b.SetBytes(int64(len(head)))
	for b.Loop() {
		if _, err := r.Parse(head); err != nil {
			b.Fatal(err)
		}
		out = r.Append(out[:0], http1.HopByHop)
	}
}
