package encoding_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// answer is JSON as a model server sends it, of about n bytes: float32
// probabilities, as they are printed in full.
func answer(n int) []byte {
	rng := rand.New(rand.NewPCG(7, 7))
	var b strings.Builder
	b.WriteString(`{"model_name":"flights","model_version":"3","outputs":[{"name":"probability","shape":[1,8],"datatype":"FP32","data":[`)
	for b.Len() < n-4 {
		fmt.Fprintf(&b, "%v,", rng.Float32())
	}
	return []byte(strings.TrimSuffix(b.String(), ",") + "]}]}")
}

// What compressing answers on their way would cost: the numbers of docs/adr/0103.
func BenchmarkCompressAnswer(b *testing.B) {
	for _, n := range []int{200, 10_000, 1_000_000} {
		plain := answer(n)
		b.Run(fmt.Sprintf("gzip-1/%d", n), func(b *testing.B) {
			var size counter
			w, err := gzip.NewWriterLevel(&size, gzip.BestSpeed)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			for b.Loop() {
				size = 0
				w.Reset(&size)
				_, _ = w.Write(plain)
				_ = w.Close()
			}
			report(b, len(plain), int(size))
		})
		b.Run(fmt.Sprintf("zstd-1/%d", n), func(b *testing.B) {
			w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
			if err != nil {
				b.Fatal(err)
			}
			var out []byte
			b.SetBytes(int64(len(plain)))
			b.ReportAllocs()
			for b.Loop() {
				out = w.EncodeAll(plain, out[:0])
			}
			report(b, len(plain), len(out))
		})
	}
}

type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

var _ io.Writer = (*counter)(nil)

func report(b *testing.B, plain, packed int) {
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N)/float64(plain)*1e6, "ms/MB")
	b.ReportMetric(100*float64(packed)/float64(plain), "%size")
}
