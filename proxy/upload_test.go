package proxy

import (
	"net"
	"testing"
	"time"
)

// pumping is a pump that goes on, between two connections.
func pumping(t *testing.T) (*pump, *conn, *upstream) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]*net.TCPConn
	for i := range ends {
		nc, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		ends[i] = nc.(*net.TCPConn)
	}
	t.Cleanup(func() { l.Close(); ends[0].Close(); ends[1].Close() })
	u, err := newUpstream(&endpoint{}, ends[1])
	if err != nil {
		t.Fatal(err)
	}
	return &pump{done: make(chan struct{})}, &conn{deadlines: deadlines{conn: ends[0]}}, u
}

func TestAPumpThatHasSentAllIsNotInterrupted(t *testing.T) {
	p, c, u := pumping(t)
	p.ended.Store(1)
	// Its goroutine takes a moment to end. A longer one only finds more.
	time.AfterFunc(20*time.Millisecond, func() { close(p.done) })
	if !p.stop(c, u) || u.cut.Load() {
		t.Error("its connection was interrupted, or it is said not to have sent all")
	}
}

func TestAPumpThatWasInterruptedHasNotSentAllWhateverItSaysThen(t *testing.T) {
	p, c, u := pumping(t)
	go func() {
		for !u.cut.Load() {
			time.Sleep(time.Millisecond)
		}
		p.ended.Store(1)
		close(p.done)
	}()
	if p.stop(c, u) {
		t.Error("its connection, which is closed, is said to be clean")
	}
}
