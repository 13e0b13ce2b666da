package handover

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// Socket is a listening socket with its use and the address it was configured by.
type Socket struct {
	Name, Address string
	Listener      net.Listener `json:"-"`
}

// patience is how long one side waits for the other's next word. Between taking
// the sockets and being ready a process may read a lot.
const (
	patience = 10 * time.Second
	starting = 5 * time.Minute
)

// Offer waits for a process that takes over.
type Offer struct {
	listener *net.UnixListener
	give     func() []Socket
	release  func()
	log      *slog.Logger
	taken    chan struct{}
	done     sync.WaitGroup

	mu      sync.Mutex
	current net.Conn
	closed  bool
}

// NewOffer offers the sockets that give returns at path, whose folder it makes.
// release is called when a process that has them is ready: it ends what must not
// go on in both; then Taken is closed. It fails where another process offers its
// own there.
func NewOffer(path string, give func() []Socket, release func(), log *slog.Logger) (*Offer, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("handover: %w", err)
	}
	if conn, err := dial(path); err == nil {
		_ = conn.Close()
		return nil, fmt.Errorf("handover: another process already offers its sockets at %s", path)
	}
	_ = os.Remove(path) // of a process that was killed
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("handover: %w", err)
	}
	o := &Offer{listener: l, give: give, release: release, log: log, taken: make(chan struct{})}
	o.done.Go(o.serve)
	return o, nil
}

// Taken is closed when another process serves in our place.
func (o *Offer) Taken() <-chan struct{} { return o.taken }

// Close withdraws the offer and waits. It may be called more than once, and on nil.
func (o *Offer) Close() {
	if o == nil {
		return
	}
	o.mu.Lock()
	o.closed = true
	if o.current != nil {
		_ = o.current.Close()
	}
	o.mu.Unlock()
	_ = o.listener.Close()
	o.done.Wait()
}

func (o *Offer) serve() {
	for {
		conn, err := o.listener.AcceptUnix()
		if err != nil {
			return
		}
		o.mu.Lock()
		o.current = conn
		closed := o.closed
		o.mu.Unlock()
		gone := false
		if !closed {
			gone, err = o.hand(conn)
			if err != nil && !closed {
				o.log.Warn("the sockets were not taken over; serving on", "error", err)
			}
		}
		_ = conn.Close()
		if gone {
			close(o.taken)
			return
		}
	}
}

// hand goes through one handover; gone: the other process serves now.
func (o *Offer) hand(conn *net.UnixConn) (gone bool, err error) {
	_ = conn.SetDeadline(time.Now().Add(starting))
	if err := expect(conn, wordTake); err != nil {
		return false, nil // somebody looked whether we are here
	}
	sockets := o.give()
	message, err := json.Marshal(sockets)
	if err != nil {
		return false, fmt.Errorf("handover: %w", err)
	}
	err = withDescriptors(sockets, nil, func(fds []int) error {
		_, _, err := conn.WriteMsgUnix(message, syscall.UnixRights(fds...), nil)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("handover: send the sockets: %w", err)
	}
	if err := expect(conn, wordReady); err != nil {
		return false, fmt.Errorf("handover: the process that took the sockets did not get ready: %w", err)
	}
	o.release()
	_ = o.listener.Close() // its path is the other's now
	_, err = conn.Write([]byte{wordGone})
	return true, err
}

// withDescriptors calls f with the descriptors of sockets. They are not
// duplicated: that could make the old process's block.
func withDescriptors(sockets []Socket, fds []int, f func(fds []int) error) error {
	if len(sockets) == 0 {
		return f(fds)
	}
	l, ok := sockets[0].Listener.(syscall.Conn)
	if !ok {
		return fmt.Errorf("handover: a %T can't be passed on", sockets[0].Listener)
	}
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = raw.Control(func(fd uintptr) { inner = withDescriptors(sockets[1:], append(fds, int(fd)), f) })
	return errors.Join(err, inner)
}

// The words of the two.
const (
	wordTake  = 't' // new: send me the sockets
	wordReady = 'r' // new: I serve
	wordGone  = 'g' // old: I don't accept any more
)

func expect(conn net.Conn, word byte) error {
	var b [1]byte
	if _, err := conn.Read(b[:]); err != nil {
		return err
	}
	if b[0] != word {
		return fmt.Errorf("handover: got %q instead of %q", b[0], word)
	}
	return nil
}
