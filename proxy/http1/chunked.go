package http1

import "math/bits"

// Limits on what stands around the data of a chunked body.
const (
	maxExtension = 1 << 10 // bytes of one chunk's extensions
	maxOverhead  = 1 << 16 // bytes of all extensions together
	maxTrailer   = 8 << 10 // bytes of the trailer
)

// Chunked decodes a chunked body that comes in pieces. The zero value is ready.
type Chunked struct {
	state     chunkState
	digits    uint8
	remaining uint64 // of the current chunk
	line      int    // bytes of the current extension, or of the trailer
	overhead  int    // bytes of all extensions
}

type chunkState uint8

const (
	inSize   chunkState = iota
	extSpace            // states of an extension, in extension.go
	extNameStart
	extName
	extAfterName
	extValueStart
	extValue
	extQuoted
	extEscaped
	extAfterQuoted
	sizeLF
	inData
	dataCR
	dataLF
	trailerStart
	inTrailerName
	inTrailerValue
	trailerLF
	lastLF
	chunksDone
)

// Done says whether the whole body has been decoded.
func (c *Chunked) Done() bool { return c.state == chunksDone }

// Next decodes the beginning of p: n bytes of it are used up, and data, which
// points into p, is what of the body was found there. It is called again with
// the rest of p until that is empty or the body is Done. Bytes behind the
// body's end are not used up. Errors are of type *Error and final.
func (c *Chunked) Next(p []byte) (data []byte, n int, err error) {
	for n < len(p) && c.state != chunksDone {
		if c.state == inData {
			// Fast path: everything but a few bytes of a body is here.
			m := min(uint64(len(p)-n), c.remaining)
			data = p[n : n+int(m)]
			n += int(m)
			if c.remaining -= m; c.remaining == 0 {
				c.state = dataCR
			}
			return data, n, nil
		}
		if err := c.step(p[n]); err != nil {
			return nil, n, err
		}
		n++
	}
	return nil, n, nil
}

func (c *Chunked) step(b byte) error {
	switch c.state {
	case inSize:
		return c.size(b)
	case sizeLF:
		if b != '\n' {
			return ErrChunkSize
		}
		c.line = 0
		if c.state = inData; c.remaining == 0 {
			c.state = trailerStart
		}
	case dataCR:
		if b != '\r' {
			return ErrChunkEnd
		}
		c.state = dataLF
	case dataLF:
		if b != '\n' {
			return ErrChunkEnd
		}
		c.state, c.digits = inSize, 0
	default:
		if c.state < sizeLF {
			return c.extension(b)
		}
		return c.trailer(b)
	}
	return nil
}

func (c *Chunked) size(b byte) error {
	if d := hex[b]; d != 0xff {
		c.digits++
		// 15 digits and 2⁶²: no arithmetic on sizes can overflow.
		if c.digits > 15 || bits.Len64(c.remaining) > 58 {
			return ErrChunkSize
		}
		c.remaining = c.remaining<<4 | uint64(d)
		return nil
	}
	if c.digits == 0 {
		return ErrChunkSize
	}
	switch b {
	case '\r':
		c.state = sizeLF
	case ';', ' ', '\t':
		c.line, c.state = 0, extSpace
		return c.extension(b)
	default:
		return ErrChunkSize
	}
	return nil
}

func (c *Chunked) trailer(b byte) error {
	if c.line++; c.line > maxTrailer {
		return ErrChunkTrailer
	}
	switch c.state {
	case trailerStart:
		if b == '\r' {
			c.state = lastLF
			return nil
		}
		if lower[b] == 0 {
			return ErrChunkTrailer
		}
		c.state = inTrailerName
	case inTrailerName:
		if b == ':' {
			c.state = inTrailerValue
		} else if lower[b] == 0 {
			return ErrChunkTrailer
		}
	case inTrailerValue:
		if b == '\r' {
			c.state = trailerLF
		} else if b < ' ' && b != '\t' || b == 0x7f {
			return ErrChunkTrailer
		}
	case trailerLF:
		if b != '\n' {
			return ErrChunkTrailer
		}
		c.state = trailerStart
	case lastLF:
		if b != '\n' {
			return ErrChunkTrailer
		}
		c.state = chunksDone
	}
	return nil
}

// LastChunk ends a chunked body.
const LastChunk = "0\r\n\r\n"

// MaxChunkHead is the largest length of what [AppendChunkHead] appends.
const MaxChunkHead = 18

// AppendChunkHead appends the line that goes before a chunk of n bytes, n > 0.
// Behind the chunk goes CR LF.
func AppendChunkHead(dst []byte, n int) []byte {
	const digits = "0123456789abcdef"
	for shift := (bits.Len64(uint64(n)) - 1) / 4 * 4; shift >= 0; shift -= 4 {
		dst = append(dst, digits[n>>shift&15])
	}
	return append(dst, '\r', '\n')
}
