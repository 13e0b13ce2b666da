package proxy

import (
	"syscall"
	"unsafe"
)

// sysRead and sysWrite read and write a socket that doesn't block, and repeat
// the call when a signal came. They don't tell the scheduler, as package syscall
// does, that this thread may be away for a while: it won't be. That is worth 3 %
// of a request's CPU time (BenchmarkCPU). An error means -1.
func sysRead(fd int, b []byte) (int, error)  { return sysCall(syscall.SYS_READ, fd, b) }
func sysWrite(fd int, b []byte) (int, error) { return sysCall(syscall.SYS_WRITE, fd, b) }

func sysCall(trap uintptr, fd int, b []byte) (int, error) {
	for {
		n, _, e := syscall.RawSyscall(trap, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
		switch e {
		case 0:
			return int(n), nil
		case syscall.EAGAIN:
			return -1, syscall.EAGAIN
		case syscall.EINTR:
		default:
			return -1, e
		}
	}
}
