package proxy

import (
	"cmp"
	"errors"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// hangups notices clients that leave while their request is under way. Nobody
// reads from such a connection, so nothing tells the goroutine that serves it.
//
// Each connection is registered once, edge-triggered and for EPOLLRDHUP only:
// the kernel wakes us when the peer closes its side, and for nothing else. So it
// costs one system call a connection and nothing a request. It also wakes the
// connections that rest, which are registered for what they get meanwhile. Rejected: a
// goroutine that peeks at the socket, which costs each request that waits a
// goroutine, two deadlines and a system call.
type hangups struct {
	file *os.File
	raw  syscall.RawConn
	find func(id uint64) *conn
	wake func(c *conn)
	done sync.WaitGroup
}

func newHangups(find func(id uint64) *conn, wake func(c *conn)) (*hangups, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("epoll_create1", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	// The runtime's poller can wait for an epoll instance like for a socket, so
	// that no thread sits in epoll_wait.
	h := &hangups{file: os.NewFile(uintptr(fd), "hangups"), find: find, wake: wake}
	if h.raw, err = h.file.SyscallConn(); err != nil {
		_ = h.file.Close()
		return nil, err
	}
	h.done.Go(h.watch)
	return h, nil
}

// add registers a connection; closing it unregisters it.
func (h *hangups) add(c *conn) { _ = h.control(c, unix.EPOLL_CTL_ADD, 0) }

// listen has wake called once there is something to read, or already is. false:
// it won't be.
func (h *hangups) listen(c *conn) bool {
	return h.control(c, unix.EPOLL_CTL_MOD, unix.EPOLLIN) == nil
}

// unlisten ends that.
func (h *hangups) unlisten(c *conn) { _ = h.control(c, unix.EPOLL_CTL_MOD, 0) }

var errNoHangups = errors.New("there is no epoll instance")

func (h *hangups) control(c *conn, operation int, also uint32) error {
	if h == nil {
		return errNoHangups
	}
	event := unix.EpollEvent{Events: unix.EPOLLRDHUP | unix.EPOLLET | also, Fd: int32(c.id), Pad: int32(c.id >> 32)}
	var failed error
	outer := h.raw.Control(func(epoll uintptr) {
		inner := c.raw.Control(func(fd uintptr) {
			failed = unix.EpollCtl(int(epoll), operation, int(fd), &event)
		})
		failed = cmp.Or(failed, inner)
	})
	return cmp.Or(failed, outer)
}

func (h *hangups) watch() {
	events := make([]unix.EpollEvent, 128)
	n := 0
	wait := func(fd uintptr) bool {
		var err error
		n, err = unix.EpollWait(int(fd), events, 0)
		return n > 0 || err != nil && err != unix.EINTR
	}
	for h.raw.Read(wait) == nil {
		for _, e := range events[:max(n, 0)] {
			// By id, not by descriptor: that may already be another's.
			c := h.find(uint64(uint32(e.Fd)) | uint64(uint32(e.Pad))<<32)
			if c == nil {
				continue
			}
			if e.Events&^unix.EPOLLIN != 0 {
				c.hungUp()
			}
			h.wake(c)
		}
	}
}

func (h *hangups) close() {
	if h != nil {
		_ = h.file.Close()
		h.done.Wait()
	}
}
