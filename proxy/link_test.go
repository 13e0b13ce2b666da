package proxy_test

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// harm is what a link does to one connection, in one direction.
type harm struct {
	up  bool // on the way to the model server; else on the way back
	at  int  // after so many bytes
	how event
	// after, where it isn't nil, is waited for before it happens: so that a test
	// says what the gateway has seen by then.
	after <-chan struct{}
}

type event uint8

const (
	resets     event = iota + 1 // both ends get a reset
	ends                        // both ends see an orderly end
	halfCloses                  // the receiver sees the end of what was sent; the other direction goes on
	swallows                    // nothing is passed on any more, and nothing ends
)

// link stands between the gateway and a model server, and does harm.
type link struct {
	url   string
	harms chan harm // one for each connection on which something is sent; none: it works

	// Delays of what is passed on, at the most, and the largest piece of it. They
	// are there to mix the order of things; no outcome depends on them.
	delay time.Duration
	piece int

	carried atomic.Int32 // connections on which something was sent to the model server
}

// newLink leads to the backend at address. random orders the delays.
func newLink(t *testing.T, address string, seed uint64, delay time.Duration, piece int, harms ...harm) *link {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &link{url: "http://" + l.Addr().String(), harms: make(chan harm, len(harms)), delay: delay, piece: piece}
	for _, h := range harms {
		k.harms <- h
	}
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		for n := uint64(0); ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			w := &wires{link: k, near: conn.(*net.TCPConn), done: done, random: rand.New(rand.NewPCG(seed, n))}
			running.Go(func() { w.run(t, address) })
		}
	})
	t.Cleanup(func() {
		close(done)
		l.Close()
		running.Wait()
	})
	return k
}

// wires are one connection of a link.
type wires struct {
	*link
	near, far *net.TCPConn // of the gateway; of the model server
	done      <-chan struct{}
	mu        sync.Mutex
	random    *rand.Rand
}

func (w *wires) run(t *testing.T, address string) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Error(err)
		w.near.Close()
		return
	}
	w.far = conn.(*net.TCPConn)
	ended := make(chan struct{})
	var ways sync.WaitGroup
	defer func() { close(ended); ways.Wait() }()
	ways.Go(func() {
		select {
		case <-ended:
		case <-w.done: // the test is over
		}
		w.near.Close()
		w.far.Close()
	})
	first := make([]byte, 1)
	if _, err := w.near.Read(first); err != nil {
		return // a health check
	}
	w.carried.Add(1)
	var h harm
	select {
	case h = <-w.harms:
	default:
	}
	var both sync.WaitGroup
	both.Go(func() { w.pass(w.far, w.near, first, h, h.up) })
	both.Go(func() { w.pass(w.near, w.far, nil, h, !h.up && h.how != 0) })
	both.Wait()
}

// pass carries what comes from one end to the other; begun has come already.
func (w *wires) pass(to, from *net.TCPConn, begun []byte, h harm, harmed bool) {
	buf := make([]byte, 64<<10)
	n := copy(buf, begun)
	var err error
	if n == 0 {
		n, err = from.Read(buf)
	}
	for passed := 0; ; {
		p := buf[:n]
		if harmed && passed+n >= h.at {
			p = p[:h.at-passed]
		}
		if !w.send(to, p) {
			_ = from.CloseRead()
			return
		}
		if passed += len(p); harmed && passed == h.at {
			w.do(to, from, h)
			return
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				_ = to.SetLinger(0)
				to.Close()
				return
			}
			_ = to.CloseWrite()
			return
		}
		n, err = from.Read(buf)
	}
}

// send passes p on, in pieces and late where the link is so.
func (w *wires) send(to *net.TCPConn, p []byte) bool {
	for len(p) > 0 {
		n := len(p)
		if w.piece > 0 {
			n = min(n, w.piece)
		}
		if w.delay > 0 {
			w.mu.Lock()
			d := time.Duration(w.random.Int64N(int64(w.delay)))
			w.mu.Unlock()
			select {
			case <-time.After(d):
			case <-w.done:
				return false
			}
		}
		if _, err := to.Write(p[:n]); err != nil {
			return false
		}
		p = p[n:]
	}
	return true
}

// do does the harm.
func (w *wires) do(to, from *net.TCPConn, h harm) {
	if h.after != nil {
		select {
		case <-h.after:
		case <-w.done:
		}
	}
	switch h.how {
	case resets:
		_ = w.near.SetLinger(0)
		_ = w.far.SetLinger(0)
		w.near.Close()
		w.far.Close()
	case ends:
		_ = w.near.CloseWrite()
		_ = w.far.CloseWrite()
		_, _ = io.Copy(io.Discard, from) // so that its end is no reset
	case halfCloses:
		_ = to.CloseWrite()
		_, _ = io.Copy(io.Discard, from)
	case swallows:
		if h.up {
			<-w.done
			return
		}
		_, _ = io.Copy(io.Discard, from)
	}
}
