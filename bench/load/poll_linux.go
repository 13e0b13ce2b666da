package load

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// poller waits for many sockets in one thread. The runtime's own does too, but
// rounds a sleep up to whole milliseconds, which is longer than what is
// measured here, and costs more processor time than the proxies that share the
// machine with it.
type poller struct {
	fd     int
	events [256]unix.EpollEvent
}

// newPoller takes the thread for itself until close.
func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("load: epoll: %w", err)
	}
	runtime.LockOSThread()
	// By default the kernel lets timers be 50 µs late.
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	return &poller{fd: fd}, nil
}

func (p *poller) close() {
	_ = unix.Close(p.fd)
	runtime.UnlockOSThread()
}

// wait calls ready for every socket that can be read from or, where asked for,
// written to; it returns after the timeout at the latest.
func (p *poller) wait(timeout time.Duration, ready func(id int)) error {
	spec := unix.NsecToTimespec(int64(max(timeout, 0)))
	n, err := epollPwait2(p.fd, p.events[:], &spec)
	if err != nil && !errors.Is(err, unix.EINTR) {
		return fmt.Errorf("load: epoll: %w", err)
	}
	for _, e := range p.events[:max(n, 0)] {
		ready(int(e.Fd))
	}
	return nil
}

// add watches a socket and names it id.
func (p *poller) add(fd, id int) error {
	e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP, Fd: int32(id)} //nolint:gosec // the number of a connection
	return unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &e)
}

// want says whether to wait until the socket can be written to, too.
func (p *poller) want(fd, id int, write bool) error {
	e := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP, Fd: int32(id)} //nolint:gosec // the number of a connection
	if write {
		e.Events |= unix.EPOLLOUT
	}
	return unix.EpollCtl(p.fd, unix.EPOLL_CTL_MOD, fd, &e)
}

// dialSocket opens a connection that does not block.
func dialSocket(address string) (int, error) {
	a, err := net.ResolveTCPAddr("tcp4", address)
	if err != nil {
		return -1, fmt.Errorf("load: %w", err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("load: socket: %w", err)
	}
	to := &unix.SockaddrInet4{Port: a.Port, Addr: [4]byte(a.IP.To4())}
	// A connect on loopback is over at once; a full backlog delays it by a second.
	if err := unix.Connect(fd, to); err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("load: connect %s: %w", address, err)
	}
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err := unix.SetNonblock(fd, true); err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("load: %w", err)
	}
	return fd, nil
}

func closeSocket(fd int) { _ = unix.Close(fd) }

// readSocket and writeSocket return errAgain where they would have to wait.
func readSocket(fd int, b []byte) (int, error) {
	n, err := unix.Read(fd, b)
	if errors.Is(err, unix.EAGAIN) {
		return 0, errAgain
	}
	return n, err
}

func writeSocket(fd int, b []byte) (int, error) {
	n, err := unix.Write(fd, b)
	if errors.Is(err, unix.EAGAIN) {
		return 0, errAgain
	}
	return n, err
}
