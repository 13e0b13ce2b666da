//go:build !linux

package proxy

import "syscall"

// sysRead and sysWrite read and write a socket that doesn't block, and repeat
// the call when a signal came. An error means -1.
func sysRead(fd int, b []byte) (int, error) {
	for {
		n, err := syscall.Read(fd, b)
		if err != syscall.EINTR {
			return n, err
		}
	}
}

func sysWrite(fd int, b []byte) (int, error) {
	for {
		n, err := syscall.Write(fd, b)
		if err != syscall.EINTR {
			return n, err
		}
	}
}
