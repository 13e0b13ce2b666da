package proxy

import (
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
// costs one system call a connection and nothing a request. Rejected: a
// goroutine that peeks at the socket, which costs each request that waits a
// goroutine, two deadlines and a system call.
type hangups struct {
	file *os.File
	raw  syscall.RawConn
	find func(id uint64) *conn
	done sync.WaitGroup
}

func newHangups(find func(id uint64) *conn) (*hangups, error) {
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
	h := &hangups{file: os.NewFile(uintptr(fd), "hangups"), find: find}
	if h.raw, err = h.file.SyscallConn(); err != nil {
		_ = h.file.Close()
		return nil, err
	}
	h.done.Go(h.watch)
	return h, nil
}

// add registers a connection; closing it unregisters it.
func (h *hangups) add(c *conn) {
	if h == nil {
		return
	}
	_ = h.raw.Control(func(epoll uintptr) {
		_ = c.raw.Control(func(fd uintptr) {
			event := unix.EpollEvent{Events: unix.EPOLLRDHUP | unix.EPOLLET, Fd: int32(c.id), Pad: int32(c.id >> 32)}
			_ = unix.EpollCtl(int(epoll), unix.EPOLL_CTL_ADD, int(fd), &event)
		})
	})
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
			if c := h.find(uint64(uint32(e.Fd)) | uint64(uint32(e.Pad))<<32); c != nil {
				c.hungUp()
			}
		}
	}
}

func (h *hangups) close() {
	if h != nil {
		_ = h.file.Close()
		h.done.Wait()
	}
}
