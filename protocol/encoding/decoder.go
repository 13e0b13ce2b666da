package encoding

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// Floor is what every body may decode to, however small it is: a tensor of zeros
// compresses a thousandfold and is no attack.
const Floor = 64 << 10

// Options bound what a body may become. A field that is 0 or less has its default.
type Options struct {
	MaxSize  int // bytes of a decoded body; 1 MiB
	MaxRatio int // decoded bytes for each encoded one, above Floor; 256
}

// maxCodings is how many codings may lie over each other. Two are seldom seen;
// each one more multiplies what a small body may become.
const maxCodings = 2

// maxWindow is the largest window of zstd as a content coding (RFC 9659, 3).
const maxWindow = 8 << 20

// zstdRoom is two blocks and a little: where the library finds too little room for
// a block it calls it broken, so it is let beyond the limit, and the limit is checked then.
const zstdRoom = 256<<10 + 64

// Decoder decodes bodies one after the other and keeps its tables between them:
// making them anew costs 40 kB and more a body. It is not safe for concurrent use;
// have one a worker. It holds no goroutines and needs no closing.
type Decoder struct {
	o     Options
	src   bytes.Reader
	gzip  *gzip.Reader
	zlib  io.ReadCloser
	flate io.ReadCloser
	zstd  *zstd.Decoder
	inner []byte // between two codings
}

// New returns a decoder. Its tables are made when they are first needed.
func New(o Options) *Decoder {
	if o.MaxSize <= 0 {
		o.MaxSize = 1 << 20
	}
	if o.MaxRatio <= 0 {
		o.MaxRatio = 256
	}
	return &Decoder{o: o}
}

// Encoded says whether a Content-Encoding stands for anything but the plain body.
func Encoded(coding string) bool {
	return coding != "" && !strings.EqualFold(strings.TrimSpace(coding), "identity")
}

// Decode decodes body, whose Content-Encoding is coding, and returns it in the
// memory of dst if that is large enough. An error is always an *Error; what is
// returned with it is memory to use again and nothing else. dst and body must not overlap.
func (d *Decoder) Decode(dst []byte, coding string, body []byte) ([]byte, error) {
	names, n, ok := split(coding)
	if !ok {
		return dst[:0], &Error{Kind: Unknown, Coding: coding}
	}
	if n == 0 {
		return append(dst[:0], body...), nil
	}
	limit := min(d.o.MaxSize, max(Floor, len(body)*d.o.MaxRatio))
	for i := n - 1; i > 0; i-- { // the last one named was the last applied
		var err error
		if d.inner, err = d.one(d.inner[:0], names[i], body, limit); err != nil {
			return dst[:0], err
		}
		body = d.inner
	}
	return d.one(dst[:0], names[0], body, limit)
}

// split returns the n codings that were applied, in that order; ok is false for
// one that is not known, or too many.
func split(coding string) (names [maxCodings]string, n int, ok bool) {
	for name := range strings.SplitSeq(coding, ",") {
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case "", "identity":
			continue
		case "x-gzip":
			name = "gzip"
		case "gzip", "deflate", "zstd":
		default:
			return names, 0, false
		}
		if n == maxCodings {
			return names, 0, false
		}
		names[n] = name
		n++
	}
	return names, n, true
}

// one takes off one coding. dst is empty.
func (d *Decoder) one(dst []byte, coding string, body []byte, limit int) ([]byte, error) {
	var err error
	switch coding {
	case "zstd":
		dst, err = d.unzstd(dst, body, limit)
	case "gzip":
		dst, err = d.gunzip(dst, body, limit)
	default:
		dst, err = d.inflate(dst, body, limit)
	}
	if err == nil {
		return dst, nil
	}
	kind := Broken
	if errors.Is(err, errTooLarge) || errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) {
		kind = TooLarge
	}
	if errors.Is(err, errTrailing) {
		err = nil
	}
	return dst[:0], &Error{Kind: kind, Coding: coding, Err: err}
}

var (
	errTooLarge = errors.New("larger than allowed")
	errTrailing = errors.New("trailing bytes")
)

func (d *Decoder) gunzip(dst, body []byte, limit int) ([]byte, error) {
	d.src.Reset(body)
	defer d.src.Reset(nil) // nothing of the body stays reachable
	if d.gzip == nil {
		d.gzip = new(gzip.Reader)
	}
	if err := d.gzip.Reset(&d.src); err != nil {
		return dst, whole(err)
	}
	return drain(dst, d.gzip, len(body), limit)
}

// inflate reads deflate, which is zlib's format (RFC 9110, 8.4.1.2), and the bare
// deflate stream that some senders have always made of it.
func (d *Decoder) inflate(dst, body []byte, limit int) ([]byte, error) {
	d.src.Reset(body)
	defer d.src.Reset(nil)
	r, err := d.deflated(body)
	if err != nil {
		return dst, whole(err)
	}
	if dst, err = drain(dst, r, len(body), limit); err == nil && d.src.Len() > 0 {
		err = errTrailing
	}
	return dst, err
}

func (d *Decoder) deflated(body []byte) (r io.Reader, err error) {
	if len(body) < 2 || body[0]&15 != 8 || (int(body[0])<<8|int(body[1]))%31 != 0 {
		if d.flate == nil {
			d.flate = flate.NewReader(&d.src)
			return d.flate, nil
		}
		return d.flate, d.flate.(flate.Resetter).Reset(&d.src, nil)
	}
	if d.zlib == nil {
		d.zlib, err = zlib.NewReader(&d.src)
		return d.zlib, err
	}
	return d.zlib, d.zlib.(zlib.Resetter).Reset(&d.src, nil)
}

func (d *Decoder) unzstd(dst, body []byte, limit int) ([]byte, error) {
	if d.zstd == nil {
		// One decoder on the caller's goroutine; with these options it starts none.
		var err error
		d.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			return dst, err
		}
	}
	if len(body) == 0 {
		return dst, io.ErrUnexpectedEOF // for the library nothing is a whole stream
	}
	if cap(dst) < limit+zstdRoom {
		dst = make([]byte, 0, limit+zstdRoom)
	}
	dst, err := d.zstd.DecodeAll(body, dst[:0:limit+zstdRoom])
	if len(dst) > limit {
		err = errTooLarge
	}
	return dst, err
}

// drain reads r to its end, of which size bytes come in, into at most limit bytes.
func drain(dst []byte, r io.Reader, size, limit int) ([]byte, error) {
	if cap(dst) == 0 {
		dst = make([]byte, 0, min(limit, max(512, 4*size)))
	}
	for {
		if len(dst) == cap(dst) {
			if len(dst) >= limit {
				return dst, atEnd(r)
			}
			dst = append(make([]byte, 0, min(limit, 2*cap(dst))), dst...)
		}
		n, err := r.Read(dst[len(dst):min(cap(dst), limit)])
		dst = dst[:len(dst)+n]
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return dst, whole(err)
		}
		if len(dst) >= limit {
			return dst, atEnd(r)
		}
	}
}

// atEnd says whether a body that has filled its limit ends there.
func atEnd(r io.Reader) error {
	var more [1]byte
	for {
		n, err := r.Read(more[:])
		switch {
		case n > 0:
			return errTooLarge
		case err == io.EOF:
			return nil
		case err != nil:
			return whole(err)
		}
	}
}

// whole makes of an end that came too early what it is.
func whole(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
