package load

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// epollPwait2 is epoll_wait with a timeout in nanoseconds (Linux 5.11), which
// x/sys has only the number of.
func epollPwait2(fd int, events []unix.EpollEvent, timeout *unix.Timespec) (int, error) {
	n, _, errno := unix.Syscall6(unix.SYS_EPOLL_PWAIT2, uintptr(fd),
		uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(unsafe.Pointer(timeout)), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
