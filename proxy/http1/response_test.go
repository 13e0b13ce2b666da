package http1_test

import (
	"errors"
	"testing"

	"github.com/weir-gateway/weir/proxy/http1"
)

func TestAnswersAreFramedAsRFC9112Says(t *testing.T) {
	for name, c := range map[string]struct {
		head    string
		asked   bool // with HEAD
		framing http1.Framing
		keep    bool
	}{
		"length":             {"HTTP/1.1 200 OK\nContent-Length: 3\n\n", false, http1.Length, true},
		"length 0":           {"HTTP/1.1 200 OK\nContent-Length: 0\n\n", false, http1.NoBody, true},
		"chunked":            {"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", false, http1.Chunks, true},
		"until the end":      {"HTTP/1.1 200 OK\n\n", false, http1.UntilEOF, true},
		"HEAD":               {"HTTP/1.1 200 OK\nContent-Length: 3\n\n", true, http1.NoBody, true},
		"HEAD, chunked":      {"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n", true, http1.NoBody, true},
		"204":                {"HTTP/1.1 204 No Content\n\n", false, http1.NoBody, true},
		"304":                {"HTTP/1.1 304 Not Modified\nContent-Length: 3\n\n", false, http1.NoBody, true},
		"100":                {"HTTP/1.1 100 Continue\n\n", false, http1.NoBody, true},
		"close":              {"HTTP/1.1 200 OK\nContent-Length: 3\nConnection: close\n\n", false, http1.Length, false},
		"1.0":                {"HTTP/1.0 200 OK\nContent-Length: 3\n\n", false, http1.Length, false},
		"1.0, keep-alive":    {"HTTP/1.0 200 OK\nContent-Length: 3\nConnection: keep-alive\n\n", false, http1.Length, true},
		"no reason":          {"HTTP/1.1 200 \nContent-Length: 3\n\n", false, http1.Length, true},
		"not even its space": {"HTTP/1.1 200\nContent-Length: 3\n\n", false, http1.Length, true},
	} {
		var r http1.Response
		raw := crlf(c.head)
		n, err := r.Parse([]byte(raw + "rest"))
		if err != nil || n != len(raw) || r.Framing(c.asked) != c.framing || r.KeepsAlive() != c.keep {
			t.Errorf("%s: %d of %d, %v, framing %d, keep=%v", name, n, len(raw), err, r.Framing(c.asked), r.KeepsAlive())
		}
		for i := range n {
			if m, err := r.Parse([]byte(raw[:i])); m != 0 || err != nil {
				t.Errorf("%s: its first %d bytes: %d, %v", name, i, m, err)
			}
		}
	}
}

func TestAnswersThatCouldBeReadTwoWaysAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		head string
		want *http1.Error
	}{
		"length and coding": {"HTTP/1.1 200 OK\nContent-Length: 3\nTransfer-Encoding: chunked\n\n", http1.ErrTwoFramings},
		"two lengths":       {"HTTP/1.1 200 OK\nContent-Length: 3\nContent-Length: 3\n\n", http1.ErrTwoLengths},
		"a list of lengths": {"HTTP/1.1 200 OK\nContent-Length: 3,3\n\n", http1.ErrContentLength},
		"coding":            {"HTTP/1.1 200 OK\nTransfer-Encoding: identity\n\n", http1.ErrLastCoding},
		"coding in 1.0":     {"HTTP/1.0 200 OK\nTransfer-Encoding: chunked\n\n", http1.ErrOldTransfer},
		"folded":            {"HTTP/1.1 200 OK\nA: b\n c\n\n", http1.ErrFold},
		"space, colon":      {"HTTP/1.1 200 OK\nA : b\n\n", http1.ErrFieldName},
		"control byte":      {"HTTP/1.1 200 OK\nA: \x01\n\n", http1.ErrFieldValue},
		"in the reason":     {"HTTP/1.1 200 O\x01\n\n", http1.ErrStatusLine},
		"HTTP/2.0":          {"HTTP/2.0 200 OK\n\n", http1.ErrStatusLine},
		"status 99":         {"HTTP/1.1 099 OK\n\n", http1.ErrStatusLine},
		"status 600":        {"HTTP/1.1 600 OK\n\n", http1.ErrStatusLine},
		"status 20":         {"HTTP/1.1 20 OK\n\n", http1.ErrStatusLine},
		"status 2000":       {"HTTP/1.1 2000 OK\n\n", http1.ErrStatusLine},
		"two spaces":        {"HTTP/1.1  200 OK\n\n", http1.ErrStatusLine},
		"ICY":               {"ICY 200 OK\n\n", http1.ErrStatusLine},
	} {
		var r http1.Response
		if n, err := r.Parse([]byte(crlf(c.head))); n != 0 && err == nil || !errors.Is(err, c.want) {
			t.Errorf("%s: %d, %v; want %v", name, n, err, c.want)
		}
	}
}
