package http1_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/proxy/http1"
)

// decode decodes s, which comes in pieces of at most size bytes.
func decode(s string, size int) (body, behind string, done bool, err error) {
	var c http1.Chunked
	p := []byte(s)
	var out strings.Builder
	for len(p) > 0 && !c.Done() {
		piece := p[:min(size, len(p))]
		for len(piece) > 0 && !c.Done() {
			data, n, err := c.Next(piece)
			if err != nil {
				return out.String(), "", false, err
			}
			out.Write(data)
			piece, p = piece[n:], p[n:]
		}
	}
	return out.String(), string(p), c.Done(), nil
}

func TestChunkedBodiesAreDecodedWhateverTheirPieces(t *testing.T) {
	for name, c := range map[string]struct{ in, want, behind string }{
		"empty":            {"0\r\n\r\n", "", ""},
		"one":              {"5\r\nhello\r\n0\r\n\r\nnext", "hello", "next"},
		"upper case":       {"0A\r\n0123456789\r\n000\r\n\r\n", "0123456789", ""},
		"extensions":       {"5;a;b=\"c d\"\r\nhello\r\n0;x\r\n\r\n", "hello", ""},
		"trailer":          {"1\r\na\r\n0\r\nA: b\r\nC:\r\n\r\nGET", "a", "GET"},
		"CRLF in the data": {"4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n", ""},
	} {
		for size := 1; size <= len(c.in); size++ {
			body, behind, done, err := decode(c.in, size)
			if body != c.want || behind != c.behind || !done || err != nil {
				t.Errorf("%s in pieces of %d: %q, %q, %v, %v", name, size, body, behind, done, err)
			}
		}
		for cut := range len(c.in) - len(c.behind) {
			if _, _, done, err := decode(c.in[:cut], cut+1); done || err != nil {
				t.Errorf("%s cut at %d: done=%v, %v", name, cut, done, err)
			}
		}
	}
}

func TestChunkedBodiesThatCouldBeReadTwoWaysAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want *http1.Error
	}{
		"bare LF behind the size":      {"5\nhello\r\n0\r\n\r\n", http1.ErrChunkSize},
		"CR without LF":                {"5\rhello\r\n", http1.ErrChunkSize},
		"space behind the size":        {"5 \r\nhello\r\n", http1.ErrChunkExt},
		"tab behind the size":          {"5\t\r\nhello\r\n", http1.ErrChunkExt},
		"space before the size":        {" 5\r\nhello\r\n", http1.ErrChunkSize},
		"no size":                      {"\r\nhello\r\n", http1.ErrChunkSize},
		"sign":                         {"+5\r\nhello\r\n", http1.ErrChunkSize},
		"negative":                     {"-5\r\nhello\r\n", http1.ErrChunkSize},
		"0x":                           {"0x5\r\nhello\r\n", http1.ErrChunkSize},
		"2^64 + 5":                     {"10000000000000005\r\nhello\r\n", http1.ErrChunkSize},
		"2^64 - 1":                     {"ffffffffffffffff\r\n", http1.ErrChunkSize},
		"2^63":                         {"8000000000000000\r\n", http1.ErrChunkSize},
		"many zeros":                   {"0000000000000000\r\n", http1.ErrChunkSize},
		"bare LF in an extension":      {"5;a\nhello\r\n", http1.ErrChunkExt},
		"NUL in an extension":          {"5;a\x00\r\nhello\r\n", http1.ErrChunkExt},
		"CR in an extension":           {"5;a\rb\r\nhello\r\n", http1.ErrChunkSize},
		"an endless extension":         {"5;" + strings.Repeat("a", 2000) + "\r\nhello\r\n", http1.ErrChunkExt},
		"endless extensions":           {strings.Repeat("1;"+strings.Repeat("a", 1000)+"\r\na\r\n", 100), http1.ErrChunkExt},
		"data longer than the size":    {"5\r\nhello!\r\n", http1.ErrChunkEnd},
		"data shorter than the size":   {"5\r\nhell\r\n0\r\n\r\n", http1.ErrChunkEnd},
		"bare LF behind the data":      {"5\r\nhello\n0\r\n\r\n", http1.ErrChunkEnd},
		"nothing behind the data":      {"5\r\nhello0\r\n\r\n", http1.ErrChunkEnd},
		"bare LF behind the trailer":   {"0\r\nA: b\n\r\n", http1.ErrChunkTrailer},
		"bare LF as the end":           {"0\r\n\n", http1.ErrChunkTrailer},
		"folded trailer":               {"0\r\nA: b\r\n c\r\n\r\n", http1.ErrChunkTrailer},
		"space before trailer's colon": {"0\r\nA : b\r\n\r\n", http1.ErrChunkTrailer},
		"a trailer without a name":     {"0\r\n: b\r\n\r\n", http1.ErrChunkTrailer},
		"an endless trailer":           {"0\r\n" + strings.Repeat("A: b\r\n", 2000), http1.ErrChunkTrailer},
	} {
		for _, size := range []int{1, 7, len(c.in)} {
			if _, _, done, err := decode(c.in, size); done || !errors.Is(err, c.want) {
				t.Errorf("%s in pieces of %d: done=%v, %v; want %v", name, size, done, err, c.want)
			}
		}
	}
}

func TestChunkHeads(t *testing.T) {
	for n, want := range map[int]string{1: "1", 15: "f", 16: "10", 255: "ff", 256: "100", 65536: "10000", 1<<31 - 1: "7fffffff", 1<<62 - 1: "3fffffffffffffff"} {
		if got := string(http1.AppendChunkHead(nil, n)); got != want+"\r\n" || len(got) > http1.MaxChunkHead {
			t.Errorf("%d: %q", n, got)
		}
	}
}

// FuzzChunked checks that a body is decoded alike in whatever pieces it comes,
// that nothing behind it is used up, and that what was decoded, encoded again,
// is decoded to the same.
func FuzzChunked(f *testing.F) {
	for _, s := range []string{
		"5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n", "0\r\nA: b\r\n\r\n", "5;a=b\r\nhello\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n",
		"ffffffffffffffff\r\n", "1\r\na\r\n1\r\nb\r\n0\r\n\r\n", "5\nhello\n0\n\n", "0\r\n\r\n0\r\n\r\n",
	} {
		f.Add(s, uint64(1))
	}
	f.Fuzz(func(t *testing.T, s string, seed uint64) {
		body, behind, done, err := decode(s, len(s)+1)
		rng := rand.New(rand.NewPCG(seed, 0))
		body2, behind2, done2, err2 := decode(s, 1+rng.IntN(8))
		if body != body2 || done != done2 || !errors.Is(err, err2) || done && behind != behind2 {
			t.Fatalf("whole: %q %q %v %v; in pieces: %q %q %v %v", body, behind, done, err, body2, behind2, done2, err2)
		}
		if !done {
			return
		}
		var again []byte
		if body != "" {
			again = append(append(http1.AppendChunkHead(nil, len(body)), body...), "\r\n"...)
		}
		again = append(again, http1.LastChunk...)
		if got, _, done, err := decode(string(again), len(again)); got != body || !done || err != nil {
			t.Fatalf("encoded again: %q %v %v", got, done, err)
		}
	})
}
