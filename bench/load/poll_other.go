//go:build !linux

package load

import (
	"errors"
	"time"
)

// errLinux: the benchmarks read /proc and use epoll.
var errLinux = errors.New("load: benchmarks run on Linux only")

type poller struct{}

func newPoller() (*poller, error)                   { return nil, errLinux }
func (*poller) close()                              {}
func (*poller) wait(time.Duration, func(int)) error { return errLinux }
func (*poller) add(int, int) error                  { return errLinux }
func (*poller) want(int, int, bool) error           { return errLinux }
func dialSocket(string) (int, error)                { return -1, errLinux }
func closeSocket(int)                               {}
func readSocket(int, []byte) (int, error)           { return 0, errLinux }
func writeSocket(int, []byte) (int, error)          { return 0, errLinux }
