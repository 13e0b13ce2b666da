package consultest

import (
	"bytes"
	"context"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Link is a TCP connection to a server that a test can damage.
type Link struct {
	Address string

	to       string
	listener net.Listener
	done     sync.WaitGroup

	mu     sync.Mutex
	cond   *sync.Cond
	refuse bool          // connections end at once
	held   bool          // nothing passes, and nobody is told
	lose   string        // the next request with this in it reaches the server, and its answer nobody
	delay  time.Duration // of everything, each way
	closed bool
	conns  map[net.Conn]bool
}

// NewLink listens and passes everything on to a server.
func NewLink(tb testing.TB, to string) *Link {
	tb.Helper()
	listener, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	l := &Link{Address: listener.Addr().String(), to: to, listener: listener, conns: map[net.Conn]bool{}}
	l.cond = sync.NewCond(&l.mu)
	l.done.Go(l.accept)
	tb.Cleanup(l.close)
	return l
}

// Hold lets nothing through and tells nobody, as a partition does, until it is
// called with false. Connections stay open.
func (l *Link) Hold(held bool) { l.set(func() { l.held = held }) }

// Refuse ends every connection, and every new one at once, until it is called
// with false.
func (l *Link) Refuse(refuse bool) {
	l.set(func() { l.refuse = refuse })
	if refuse {
		l.Cut()
	}
}

// Delay holds everything up by so much, each way.
func (l *Link) Delay(delay time.Duration) { l.set(func() { l.delay = delay }) }

// Lose lets the next request that contains the text reach the server, and cuts
// its connection instead of passing back the answer.
func (l *Link) Lose(text string) { l.set(func() { l.lose = text }) }

func (l *Link) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
	l.cond.Broadcast()
}

// Cut ends every connection.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		_ = c.Close() // that is the purpose
	}
}

func (l *Link) close() {
	l.set(func() { l.closed = true })
	_ = l.listener.Close() // nothing can be done about it
	l.Cut()
	l.done.Wait()
}

func (l *Link) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.mu.Lock()
		refuse := l.refuse
		l.mu.Unlock()
		if refuse {
			_ = client.Close() // as asked
			continue
		}
		server, err := new(net.Dialer).DialContext(context.Background(), "tcp", l.to)
		if err != nil {
			_ = client.Close() // as the server would
			continue
		}
		l.mu.Lock()
		l.conns[client], l.conns[server] = true, true
		l.mu.Unlock()
		doomed := new(atomic.Bool)
		l.done.Go(func() { l.pass(server, client, func(b []byte) bool { return l.asked(b, doomed) }) })
		l.done.Go(func() { l.pass(client, server, func([]byte) bool { return !doomed.Load() }) })
	}
}

// pass copies one direction of a connection.
func (l *Link) pass(to, from net.Conn, may func([]byte) bool) {
	defer func() {
		_ = to.Close() // both directions end together
		_ = from.Close()
		l.mu.Lock()
		delete(l.conns, from)
		l.mu.Unlock()
	}()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if n > 0 && (!may(buffer[:n]) || !l.through()) {
			return
		}
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// through waits until something may pass, and says whether it may at all.
func (l *Link) through() bool {
	l.mu.Lock()
	delay := l.delay
	for l.held && !l.closed {
		l.cond.Wait()
	}
	pass := !l.closed
	l.mu.Unlock()
	if delay > 0 {
		<-time.After(delay)
	}
	return pass
}

// asked looks at what goes to the server; it always may.
func (l *Link) asked(request []byte, doomed *atomic.Bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lose != "" && bytes.Contains(request, []byte(l.lose)) {
		l.lose = ""
		doomed.Store(true)
	}
	return true
}
