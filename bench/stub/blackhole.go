//go:build unix

package stub

import (
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// BlackHole is an address whose connections are never made: the queue of the
// listening socket is full, so the kernel drops what asks to connect, as a
// firewall would.
type BlackHole struct {
	address string
	sockets []int
}

// OpenBlackHole takes a free port of the loopback interface.
func OpenBlackHole() (*BlackHole, error) {
	b := &BlackHole{}
	listener, err := b.socket()
	if err != nil {
		return nil, err
	}
	local := &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}
	if err = syscall.Bind(listener, local); err == nil {
		err = syscall.Listen(listener, 0)
	}
	var name syscall.Sockaddr
	if err == nil {
		name, err = syscall.Getsockname(listener)
	}
	if err != nil {
		b.Close()
		return nil, fmt.Errorf("stub: black hole: %w", err)
	}
	local.Port = name.(*syscall.SockaddrInet4).Port
	b.address = net.JoinHostPort("127.0.0.1", strconv.Itoa(local.Port))
	for range 4 { // one fits into a queue of length 0
		fd, err := b.socket()
		if err != nil {
			b.Close()
			return nil, err
		}
		_ = syscall.SetNonblock(fd, true)
		_ = syscall.Connect(fd, local) // in progress, for ever
	}
	return b, nil
}

func (b *BlackHole) socket() (int, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		return -1, fmt.Errorf("stub: black hole: %w", err)
	}
	syscall.CloseOnExec(fd)
	b.sockets = append(b.sockets, fd)
	return fd, nil
}

// Address is where nobody answers.
func (b *BlackHole) Address() string { return b.address }

// Close frees the port.
func (b *BlackHole) Close() {
	for _, fd := range b.sockets {
		_ = syscall.Close(fd)
	}
}
