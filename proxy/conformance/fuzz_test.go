package conformance_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/proxy/http1"
)

// seeds gives a fuzz target everything that the table sends.
func seeds(add func(head, body []byte)) {
	for _, g := range groups() {
		for i := range g.cases {
			if all := g.cases[i].bytes(); len(all) < 4<<10 {
				_, body, _ := strings.Cut(all, "\r\n\r\n")
				add([]byte(all), []byte(body))
			}
		}
	}
}

// limits are refusals of heads that the strict reader has no opinion on: limits,
// targets and hosts, and what a gateway needn't do.
var limits = []error{
	http1.ErrTooManyFields, http1.ErrTarget, http1.ErrHost, http1.ErrNoHost, http1.ErrOtherHost,
	http1.ErrConnect, http1.ErrConnectionOption, http1.ErrExpectation,
}

// FuzzHeadIsReadInOneWay holds Weir's reading of a head against this package's
// strict one, in both directions, and against the standard library's where Weir
// takes the head: method, target, version, every field, and the framing.
func FuzzHeadIsReadInOneWay(f *testing.F) {
	seeds(func(head, _ []byte) { f.Add(head) })
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 8<<10 {
			return
		}
		var r http1.Request
		n, err := r.Parse(b)
		h, whole := firstHead(b)
		switch {
		case err != nil:
			if whole && h.acceptable() && !slices.Contains(limits, err) && !long(&h) {
				t.Fatalf("Weir refuses %q: %v", h.raw, err)
			}
		case n == 0:
			if whole && h.acceptable() {
				t.Fatalf("Weir waits for more than %q", h.raw)
			}
		case !whole || !h.acceptable():
			t.Fatalf("Weir takes %q, which is not well-formed: %s", b[:n], h.fault)
		default:
			if got := strings.TrimPrefix(string(b[:n]), "\r\n"); got != h.raw {
				t.Fatalf("Weir's head is %q, not %q", got, h.raw)
			}
			h.compare(t, &r)
			compareStandard(t, b, &r)
		}
	})
}

// firstHead is the strict reading of the beginning of b; one empty line may
// stand before it.
func firstHead(b []byte) (head, bool) {
	h, err := readHead(bufio.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\r\n")))))
	return h, err == nil
}

// acceptable says whether a gateway that speaks chunked and nothing else could
// take it.
func (h *head) acceptable() bool {
	if h.fault != "" || h.start == "" {
		return false
	}
	method, target, version := startLine(h.start)
	minor := map[string]int{"HTTP/1.1": 1, "HTTP/1.0": 0}
	m, known := minor[version]
	if !known || !isToken(method) || target == "" || strings.ContainsRune(target, ' ') {
		return false
	}
	_, err := h.framing(m)
	return err == nil
}

// long says whether a length has more digits than Weir takes.
func long(h *head) bool {
	for _, v := range h.all("Content-Length") {
		if len(v) > 18 {
			return true
		}
	}
	return false
}

func (h *head) compare(t *testing.T, r *http1.Request) {
	method, target, version := startLine(h.start)
	if string(r.Method) != method || string(r.Target) != target || version != "HTTP/1."+string(rune('0'+r.Minor)) {
		t.Fatalf("Weir reads %s %s HTTP/1.%d, not %q", r.Method, r.Target, r.Minor, h.start)
	}
	f, _ := h.framing(r.Minor)
	if f.chunked != r.Chunked || f.length != r.ContentLength {
		t.Fatalf("Weir reads chunked=%v, length %d, not %+v", r.Chunked, r.ContentLength, f)
	}
	if r.Len() != len(h.fields) {
		t.Fatalf("Weir reads %d fields, not %d", r.Len(), len(h.fields))
	}
	for i, want := range h.fields {
		if _, name, value := r.At(i); string(name) != want.name || string(value) != want.value {
			t.Fatalf("Weir reads field %d as %q: %q, not %q: %q", i, name, value, want.name, want.value)
		}
	}
}

// compareStandard compares with net/http, which refuses more targets and hosts.
func compareStandard(t *testing.T, b []byte, r *http1.Request) {
	std, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(bytes.TrimPrefix(b, []byte("\r\n")))))
	if err != nil {
		for _, s := range []string{"parse ", "URI", "Host"} {
			if strings.Contains(err.Error(), s) {
				return
			}
		}
		t.Fatalf("net/http refuses what Weir takes: %v", err)
	}
	if std.Method != string(r.Method) || std.RequestURI != string(r.Target) || std.ProtoMinor != r.Minor {
		t.Fatalf("net/http reads %s %s HTTP/1.%d", std.Method, std.RequestURI, std.ProtoMinor)
	}
	if chunked := slices.Equal(std.TransferEncoding, []string{"chunked"}); chunked != r.Chunked || !chunked && std.ContentLength != max(0, r.ContentLength) {
		t.Fatalf("net/http reads length %d, codings %q", std.ContentLength, std.TransferEncoding)
	}
	if h := std.Host; !strings.EqualFold(h, string(r.Host)) {
		t.Fatalf("net/http reads Host %q, Weir %q", h, r.Host)
	}
	for i := range r.Len() {
		kind, name, value := r.At(i)
		switch kind {
		case http1.Host, http1.TransferEncoding, http1.Trailer, http1.Connection:
			continue // net/http keeps these elsewhere
		}
		if !slices.Contains(std.Header.Values(string(name)), string(value)) {
			t.Fatalf("net/http doesn't read %q: %q", name, value)
		}
	}
}

// FuzzChunksAreReadInOneWay does the same for chunked bodies, which come in
// pieces of any size.
func FuzzChunksAreReadInOneWay(f *testing.F) {
	seeds(func(_, body []byte) { f.Add(body, uint8(3)) })
	for _, c := range cutAnswers {
		f.Add([]byte(c.body), uint8(1))
	}
	f.Fuzz(func(t *testing.T, b []byte, piece uint8) {
		if len(b) > 1<<10 {
			return
		}
		r := bufio.NewReader(bytes.NewReader(b))
		want, _, strictErr := readChunks(r)
		rest, _ := io.ReadAll(r)
		got, used, done, err := decode(b, max(1, int(piece)))
		switch {
		case done && strictErr != nil:
			t.Fatalf("Weir takes %q, which is not well-formed", b[:used])
		case done && (got != want || used != len(b)-len(rest)):
			t.Fatalf("Weir reads %q and uses %d bytes, not %q and %d", got, used, want, len(b)-len(rest))
		case err == nil && errors.Is(strictErr, errChunk):
			t.Fatalf("Weir waits for more of %q, which can't become well-formed", b)
		case err != nil && strictErr == nil && !beyond(b):
			t.Fatalf("Weir refuses %q: %v", b, err)
		}
	})
}

// decode feeds a chunked body to Weir's decoder in pieces.
func decode(b []byte, piece int) (data string, used int, done bool, err error) {
	var c http1.Chunked
	var out strings.Builder
	for used < len(b) && !c.Done() {
		p := b[used:min(len(b), used+piece)]
		for len(p) > 0 && !c.Done() {
			d, n, err := c.Next(p)
			if err != nil {
				return out.String(), used, false, err
			}
			out.Write(d)
			p, used = p[n:], used+n
		}
	}
	return out.String(), used, c.Done(), nil
}

// beyond says whether a body has a size or an extension beyond Weir's limits.
func beyond(b []byte) bool {
	for line := range bytes.SplitSeq(b, []byte("\r\n")) {
		digits := len(line) - len(bytes.TrimLeft(line, "0123456789abcdefABCDEF"))
		if digits > 15 || len(line) > 1000 {
			return true
		}
	}
	return false
}
