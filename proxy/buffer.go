package proxy

import "sync"

// buffer is a pooled slice of bytes. It is handed on by pointer, so that neither
// taking nor giving back allocates.
type buffer struct {
	b     []byte
	class int
}

// The sizes of pooled buffers: 1 KiB, 4 KiB, … 16 MiB. Larger ones aren't kept.
const (
	smallestBuffer = 10 // bits
	bufferStep     = 2  // bits
	bufferClasses  = 8
)

// buffers are the free buffers of a server, by size.
type buffers struct{ free [bufferClasses]sync.Pool }

// buffer returns an empty buffer with room for n bytes.
func (p *buffers) buffer(n int) *buffer {
	class := 0
	for class < bufferClasses && n > 1<<(smallestBuffer+class*bufferStep) {
		class++
	}
	if class == bufferClasses {
		return &buffer{b: make([]byte, 0, n), class: class}
	}
	if b, ok := p.free[class].Get().(*buffer); ok {
		b.b = b.b[:0]
		return b
	}
	return &buffer{b: make([]byte, 0, 1<<(smallestBuffer+class*bufferStep)), class: class}
}

// put gives b back. nil is allowed.
func (p *buffers) put(b *buffer) {
	if b != nil && b.class < bufferClasses {
		p.free[b.class].Put(b)
	}
}

// grow returns a buffer with b's content and room for n bytes altogether.
func (p *buffers) grow(b *buffer, n int) *buffer {
	if b != nil && n <= cap(b.b) {
		return b
	}
	larger := p.buffer(n)
	if b != nil {
		larger.b = append(larger.b, b.b...)
		p.put(b)
	}
	return larger
}
