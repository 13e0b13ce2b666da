package proxy

import "golang.org/x/sys/unix"

// unread says whether it is certain that no byte of a request reached the
// endpoint before it closed the connection. It is called when the connection ended in an
// orderly way (FIN) without an answer. A FIN carries the acknowledgement of
// everything that came before it, so if the kernel has seen no byte of the
// request acknowledged, the endpoint had closed before it came: it was idle and
// timed out. After a reset nothing is certain, since a reset's acknowledgement
// isn't looked at.
func (u *upstream) unread() bool {
	certain := false
	err := u.raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		// The SYN counts as one byte acknowledged.
		certain = err == nil && info.Bytes_acked > 0 && info.Bytes_acked <= u.before+1
	})
	return err == nil && certain
}
