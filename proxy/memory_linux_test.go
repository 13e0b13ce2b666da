package proxy_test

import (
	"bytes"
	"errors"
	"net/netip"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/weir-gateway/weir/proxy"
)

// rawClient is a client's connection that costs this process nothing but a
// descriptor, so that what is measured is the gateway's.
func rawClient(t *testing.T, address string) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	limit := syscall.NsecToTimeval(patience.Nanoseconds())
	if err := syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &limit); err != nil {
		t.Fatal(err)
	}
	a := netip.MustParseAddrPort(address)
	if err := syscall.Connect(fd, &syscall.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}); err != nil {
		t.Fatal(err)
	}
	return fd
}

// ask sends a request and reads until end has come.
func ask(t *testing.T, fd int, request string, end string) {
	t.Helper()
	if _, err := syscall.Write(fd, []byte(request)); err != nil {
		t.Fatal(err)
	}
	var got []byte
	for !bytes.Contains(got, []byte(end)) {
		var b [1024]byte
		n, err := syscall.Read(fd, b[:])
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			t.Fatalf("%q, then %v", got, err)
		}
		got = append(got, b[:n]...)
	}
}

// rawBackend answers the first request of every connection, and costs as little.
func rawBackend(t *testing.T, answer string) string {
	t.Helper()
	l, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Bind(l, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(l, 128); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(l)
	if err != nil {
		t.Fatal(err)
	}
	var open []int
	var running sync.WaitGroup
	running.Go(func() {
		for {
			fd, _, err := syscall.Accept(l)
			if errors.Is(err, syscall.EINTR) {
				continue
			}
			if err != nil {
				return
			}
			open = append(open, fd)
			var b [4096]byte
			n, err := syscall.Read(fd, b[:])
			for errors.Is(err, syscall.EINTR) {
				n, err = syscall.Read(fd, b[:])
			}
			if n > 0 { // none: a health check
				_, _ = syscall.Write(fd, []byte(answer))
			}
		}
	})
	t.Cleanup(func() {
		_ = syscall.Shutdown(l, syscall.SHUT_RDWR)
		running.Wait()
		for _, fd := range append(open, l) {
			_ = syscall.Close(fd)
		}
	})
	a := name.(*syscall.SockaddrInet4)
	return "http://" + netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port)).String()
}

// memory is what is in use after a collection.
func memory() (heap, stacks int) {
	runtime.GC()
	runtime.GC() // the pools are empty after two
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapInuse), int(m.StackInuse)
}

// measured is the memory that each of n connections takes once it is at most
// most, with most at the latest after patience: what they do is not over at the
// moment that the client has its answer.
func measured(t *testing.T, what string, n, most int, open func()) {
	t.Helper()
	heap0, stacks0 := memory()
	open()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		heap, stacks := memory()
		heap, stacks = (heap-heap0)/n, (stacks-stacks0)/n
		if late := time.Now().After(deadline); late || heap+stacks <= most {
			t.Logf("%s takes %d bytes of heap and %d of stack", what, heap, stacks)
			if late {
				t.Errorf("%s takes more than %d bytes", what, most)
			}
			return
		}
	}
}

// deep is an Observer that needs much stack for a moment.
type deep struct{ silent }

//go:noinline
func (deep) Begin() {
	var b [5 << 10]byte
	runtime.KeepAlive(&b)
}

func TestAStreamTakesLittleMemory(t *testing.T) {
	if raced {
		t.Skip("the race detector has shadow memory")
	}
	const n = 1000
	backend := rawBackend(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ntoken\r\n")
	w := start(t, setup{
		upstreams: map[string][]string{"1": {backend}},
		pool:      proxy.PoolConfig{Warm: -1},
		observer:  deep{},
	})
	ask(t, rawClient(t, w.address), plain, "token")
	var clients []int
	measured(t, "a stream", n, 10<<10, func() {
		for range n {
			fd := rawClient(t, w.address)
			ask(t, fd, plain, "token")
			clients = append(clients, fd)
		}
	})
	// Nor does its end: what a stream has given back, it doesn't take again.
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, fd := range clients {
		_ = syscall.Shutdown(fd, syscall.SHUT_RDWR)
	}
	waitFor(t, func() bool { return w.server.Active() == 1 })
	runtime.ReadMemStats(&after)
	if per := (after.TotalAlloc - before.TotalAlloc) / n; per > 4<<10 {
		t.Errorf("the end of a stream takes %d bytes", per)
	}
}

func TestAnIdleConnectionTakesLittleMemory(t *testing.T) {
	if raced {
		t.Skip("the race detector has shadow memory")
	}
	const n = 2000
	backend := listen(t, always(ok))
	w := start(t, setup{upstreams: map[string][]string{"1": {backend.url}}, observer: silent{}})
	ask(t, rawClient(t, w.address), plain, "ok")
	var clients []int
	measured(t, "an idle connection", n, 1500, func() {
		for range n {
			fd := rawClient(t, w.address)
			ask(t, fd, plain, "ok")
			clients = append(clients, fd)
		}
	})
	for _, fd := range clients {
		ask(t, fd, plain, "ok")
	}
}
