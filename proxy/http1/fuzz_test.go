package http1_test

import (
	"bufio"
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/proxy/http1"
)

// FuzzRequest checks that whatever is accepted means the same to the standard
// library, that a head is refused or accepted whatever stands behind it, and
// that what is forwarded is accepted again and frames the same body.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		"GET / HTTP/1.1\nHost: a\n\n", "POST /a?b HTTP/1.1\nHost: a:1\nContent-Length: 5\n\nhello",
		"POST / HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\nConnection: x, close\nX: y\n\n", "GET http://a/b HTTP/1.1\nHost: a\n\n",
		"OPTIONS * HTTP/1.0\n\n", "GET / HTTP/1.1\nHost: [::1]:80\nCookie: a=b\nTE: trailers\nUpgrade: h2c\n\n",
		"POST / HTTP/1.1\nHost: a\nContent-Length: 1\nTransfer-Encoding: chunked\n\n", "GET / HTTP/1.1\nHost: a\n b\n\n",
	} {
		f.Add([]byte(crlf(s)))
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var r http1.Request
		n, err := r.Parse(b)
		if err != nil || n == 0 {
			return
		}
		if !http1.HeadEnd(b[:n], 0) {
			t.Fatalf("HeadEnd doesn't see the end of %q", b[:n])
		}
		std, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b)))
		if err != nil {
			// What we take and it doesn't is its stricter reading of URLs.
			if !strings.Contains(err.Error(), "parse ") && !strings.Contains(err.Error(), "URI") && !strings.Contains(err.Error(), "Host") {
				t.Fatalf("net/http refuses %q: %v", b[:n], err)
			}
			return
		}
		if std.Method != string(r.Method) || std.ProtoMinor != r.Minor {
			t.Fatalf("%q: net/http reads %s, HTTP/1.%d", b[:n], std.Method, std.ProtoMinor)
		}
		chunked := len(std.TransferEncoding) == 1
		if chunked != r.Chunked || !chunked && std.ContentLength != max(0, r.ContentLength) {
			t.Fatalf("%q: net/http reads length %d, chunked=%v; we %d, %v", b[:n], std.ContentLength, chunked, r.ContentLength, r.Chunked)
		}
		checkForwarded(t, &r)
	})
}

// checkForwarded parses what is made of an accepted head.
func checkForwarded(t *testing.T, r *http1.Request) {
	out := append([]byte(nil), r.Method...)
	out = append(append(append(out, ' '), r.Path...), r.Query...)
	out = append(out, " HTTP/1.1\r\n"...)
	if !r.Has(http1.Host) {
		out = append(out, "Host: endpoint\r\n"...)
	}
	out = r.Append(out, http1.HopByHop)
	if r.Chunked {
		out = append(out, "Transfer-Encoding: chunked\r\n"...)
	}
	out = append(out, "\r\n"...)
	var again http1.Request
	n, err := again.Parse(out)
	if errors.Is(err, http1.ErrExpectation) && r.Minor == 0 {
		return // only HTTP/1.0 may carry it
	}
	if err != nil || n != len(out) {
		t.Fatalf("forwarded: %q: %d, %v", out, n, err)
	}
	if again.Chunked != r.Chunked || again.ContentLength != r.ContentLength || !bytes.Equal(again.Path, r.Path) || !bytes.Equal(again.Query, r.Query) {
		t.Fatalf("forwarded as something else: %q", out)
	}
	for i := range again.Len() {
		if kind, name, _ := again.At(i); http1.HopByHop.Has(kind) && kind != http1.TransferEncoding {
			t.Fatalf("%s was forwarded: %q", name, out)
		}
	}
}

// FuzzResponse checks that whatever is accepted means the same to the standard
// library.
func FuzzResponse(f *testing.F) {
	for _, s := range []string{
		"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "HTTP/1.0 404\n\n", "HTTP/1.1 204 No Content\nConnection: close\n\n",
		"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n0\n\n", "HTTP/1.1 101 X\nUpgrade: y\nConnection: upgrade\n\n",
		"HTTP/1.1 200 OK\nContent-Length: 2\nTransfer-Encoding: chunked\n\n",
	} {
		f.Add([]byte(crlf(s)))
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var r http1.Response
		n, err := r.Parse(b)
		if err != nil || n == 0 {
			return
		}
		std, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(b)), nil)
		if err != nil {
			t.Fatalf("net/http refuses %q: %v", b[:n], err)
		}
		defer std.Body.Close()
		if std.StatusCode != r.Status {
			t.Fatalf("%q: net/http reads %d, we %d", b[:n], std.StatusCode, r.Status)
		}
		if r.Framing(false) == http1.Length && std.ContentLength != r.ContentLength {
			t.Fatalf("%q: net/http reads length %d, we %d", b[:n], std.ContentLength, r.ContentLength)
		}
		if chunked := len(std.TransferEncoding) == 1; chunked != r.Chunked && r.Status >= 200 && r.Status != 204 && r.Status != 304 {
			t.Fatalf("%q: net/http reads chunked=%v, we %v", b[:n], chunked, r.Chunked)
		}
	})
}
