package encoding_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/weir-gateway/weir/protocol/encoding"
)

// pack applies one coding with encoders that are not the decoder's own, where the
// standard library has one.
func pack(tb testing.TB, coding string, plain []byte) []byte {
	tb.Helper()
	var out bytes.Buffer
	var w io.WriteCloser
	var err error
	switch coding {
	case "gzip":
		w = gzip.NewWriter(&out)
	case "deflate":
		w = zlib.NewWriter(&out)
	case "raw":
		w, err = flate.NewWriter(&out, 6)
	case "zstd":
		w, err = zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1))
	}
	if err == nil {
		_, err = w.Write(plain)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// sample is JSON as a model's client sends it, of about n bytes.
func sample(n int) []byte {
	rng := rand.New(rand.NewPCG(7, 7))
	var b strings.Builder
	b.WriteString(`{"inputs":[{"name":"predict","shape":[1,4],"datatype":"FP64","data":[`)
	for b.Len() < n-3 {
		fmt.Fprintf(&b, "%.4g,", rng.NormFloat64())
	}
	return append([]byte(strings.TrimSuffix(b.String(), ",")), "]}]}"...)
}

// digits are n bytes that compress about twofold.
func digits(n int) []byte {
	rng := rand.NewPCG(7, 7)
	out := make([]byte, n)
	for i := range out {
		out[i] = '0' + byte(rng.Uint64()%10)
	}
	return out
}

func kind(err error) encoding.Kind {
	if e := (*encoding.Error)(nil); errors.As(err, &e) {
		return e.Kind
	}
	return ""
}

func TestEveryCodingIsTakenOff(t *testing.T) {
	d := encoding.New(encoding.Options{})
	var dst []byte
	for _, n := range []int{0, 1, 200, 10_000, 100_000} {
		plain := sample(n)[:n]
		for header, body := range map[string][]byte{
			"gzip":          pack(t, "gzip", plain),
			"x-gzip":        pack(t, "gzip", plain),
			" GZIP ":        pack(t, "gzip", plain),
			"deflate":       pack(t, "deflate", plain),
			"Deflate":       pack(t, "raw", plain),
			"zstd":          pack(t, "zstd", plain),
			"gzip, zstd":    pack(t, "zstd", pack(t, "gzip", plain)),
			"zstd,identity": pack(t, "zstd", plain),
			"identity":      plain,
			"":              plain,
		} {
			got, err := d.Decode(dst, header, body)
			if n == 0 && header == "zstd" && len(body) == 0 {
				continue // the encoder writes nothing for nothing
			}
			if err != nil || !bytes.Equal(got, plain) {
				t.Errorf("%q of %d bytes: %d bytes, %v", header, n, len(got), err)
			}
			dst = got
		}
	}
}

func TestCodingsThatAreNotKnownAreNamed(t *testing.T) {
	d := encoding.New(encoding.Options{})
	for _, header := range []string{"br", "compress", "gzip, br", "gzip, gzip, gzip", "aes128gcm", "gzip;q=1"} {
		_, err := d.Decode(nil, header, pack(t, "gzip", sample(100)))
		if kind(err) != encoding.Unknown || !strings.Contains(err.Error(), header) {
			t.Errorf("%q: %v", header, err)
		}
	}
}

func TestSeveralMembersAreOneBody(t *testing.T) {
	d := encoding.New(encoding.Options{MaxSize: 30_000})
	for _, coding := range []string{"gzip", "zstd"} {
		a, b := sample(10_000), sample(20_000)[:20_000-10-len(sample(10_000))+10_000]
		two := append(pack(t, coding, a), pack(t, coding, b)...)
		if got, err := d.Decode(nil, coding, two); err != nil || !bytes.Equal(got, append(a, b...)) {
			t.Errorf("%s: %d of %d bytes, %v", coding, len(got), len(a)+len(b), err)
		}
		if _, err := d.Decode(nil, coding, append(two, two...)); kind(err) != encoding.TooLarge {
			t.Errorf("%s: four members beyond the limit: %v", coding, err)
		}
	}
}

func TestABodyCutAnywhereIsBroken(t *testing.T) {
	d := encoding.New(encoding.Options{})
	plain := sample(1000)
	for _, coding := range []string{"gzip", "deflate", "raw", "zstd"} {
		whole := pack(t, coding, plain)
		header := strings.Replace(coding, "raw", "deflate", 1)
		for n := range whole {
			if got, err := d.Decode(nil, header, whole[:n]); kind(err) != encoding.Broken {
				t.Fatalf("%s cut after %d of %d bytes: %d bytes, %v", coding, n, len(whole), len(got), err)
			}
		}
		if _, err := d.Decode(nil, header, append(whole, "tail"...)); kind(err) != encoding.Broken {
			t.Errorf("%s with something behind its end: %v", coding, err)
		}
		if got, err := d.Decode(nil, header, whole); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%s: the decoder is of no use after broken bodies: %v", coding, err)
		}
	}
}

func TestBombsStopAtTheLimit(t *testing.T) {
	zeros := make([]byte, 4<<20)
	for _, coding := range []string{"gzip", "deflate", "raw", "zstd"} {
		header := strings.Replace(coding, "raw", "deflate", 1)
		bomb := pack(t, coding, zeros)
		d := encoding.New(encoding.Options{MaxSize: 1 << 20})
		if got, err := d.Decode(nil, header, bomb); kind(err) != encoding.TooLarge || cap(got) > 1<<20+300<<10 {
			t.Errorf("%s: %v with %d bytes of memory", coding, err, cap(got))
		}
		if len(bomb) > 4000 {
			bomb = pack(t, coding, zeros[:1<<20])
		}
		if got, err := d.Decode(nil, header, bomb); kind(err) != encoding.TooLarge {
			t.Errorf("%s: %d bytes became %d: %v", coding, len(bomb), len(got), err)
		}
		exact := pack(t, coding, digits(1<<20))
		if got, err := d.Decode(nil, header, exact); err != nil || len(got) != 1<<20 {
			t.Errorf("%s of exactly the limit: %d bytes, %v", coding, len(got), err)
		}
		if _, err := d.Decode(nil, header, pack(t, coding, digits(1<<20+1))); kind(err) != encoding.TooLarge {
			t.Errorf("%s of one byte more: %v", coding, err)
		}
	}
	d := encoding.New(encoding.Options{MaxSize: 2 << 20})
	if _, err := d.Decode(nil, "gzip, gzip", pack(t, "gzip", pack(t, "gzip", zeros))); kind(err) != encoding.TooLarge {
		t.Errorf("a bomb in a bomb: %v", err)
	}
}

func TestALargeZstdWindowIsRefused(t *testing.T) {
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, zstd.WithWindowSize(16<<20), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = w.Write(make([]byte, 100)); err == nil {
		err = w.Flush() // so that the frame has no content size, and its window counts
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := encoding.New(encoding.Options{}).Decode(nil, "zstd", out.Bytes()); kind(err) != encoding.TooLarge {
		t.Errorf("a window of 16 MiB: %v", err)
	}
}

func TestDecodingDoesNotAllocate(t *testing.T) {
	for _, coding := range []string{"gzip", "deflate", "zstd"} {
		d := encoding.New(encoding.Options{})
		body := pack(t, coding, sample(2000))
		dst := make([]byte, 0, 1<<20)
		if n := testing.AllocsPerRun(200, func() { dst, _ = d.Decode(dst, coding, body) }); n > 4 { // the race detector empties pools
			t.Errorf("%s: %v allocations a body", coding, n)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, coding := range []string{"gzip", "deflate", "zstd"} {
		f.Add(coding, pack(f, coding, sample(300)))
		f.Add(coding+", "+coding, pack(f, coding, pack(f, coding, sample(300))))
		f.Add(coding, pack(f, coding, make([]byte, 300_000)))
	}
	f.Add("br", []byte("x"))
	f.Fuzz(func(t *testing.T, coding string, body []byte) {
		d := encoding.New(encoding.Options{MaxSize: 100_000})
		got, err := d.Decode(nil, coding, body)
		switch k := kind(err); {
		case err == nil && encoding.Encoded(coding) && len(got) > 100_000 && len(got) != len(body):
			t.Errorf("%d bytes", len(got))
		case err != nil && k == "":
			t.Errorf("an error without a kind: %v", err)
		}
		again, err2 := d.Decode(got[:0:0], coding, body)
		if (err == nil) != (err2 == nil) || err == nil && !bytes.Equal(got, again) {
			t.Errorf("decoded again: %v, then %v", err, err2)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, coding := range []string{"gzip", "deflate", "zstd"} {
		for _, n := range []int{200, 10_000, 1 << 20} {
			b.Run(fmt.Sprintf("%s/%d", coding, n), func(b *testing.B) {
				d := encoding.New(encoding.Options{})
				body := pack(b, coding, sample(n)[:n])
				dst := make([]byte, 0, 1<<20)
				b.SetBytes(int64(n))
				b.ReportAllocs()
				for range b.N {
					var err error
					if dst, err = d.Decode(dst, coding, body); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
