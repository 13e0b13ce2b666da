package handover

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Taken are sockets that this process has got from another one.
type Taken struct {
	conn    *net.UnixConn // nil: from the service manager
	sockets []Socket
}

// Take asks the process that offers its sockets at path for them. It returns nil
// where there is none.
func Take(path string) (*Taken, error) {
	c, err := dial(path)
	if err != nil {
		return nil, nil //nolint:nilerr // nobody is there: this is a first start
	}
	t := &Taken{conn: c.(*net.UnixConn)}
	if err := t.receive(); err != nil {
		t.Close()
		return nil, fmt.Errorf("handover: take over from the process at %s: %w", path, err)
	}
	return t, nil
}

func (t *Taken) receive() error {
	_ = t.conn.SetDeadline(time.Now().Add(patience))
	if _, err := t.conn.Write([]byte{wordTake}); err != nil {
		return err
	}
	message, rights := make([]byte, 4096), make([]byte, 256)
	n, m, _, _, err := t.conn.ReadMsgUnix(message, rights)
	if err != nil {
		return err
	}
	controls, err := syscall.ParseSocketControlMessage(rights[:m])
	if err != nil {
		return err
	}
	var fds []int
	for i := range controls {
		got, err := syscall.ParseUnixRights(&controls[i])
		if err != nil {
			return err
		}
		fds = append(fds, got...)
	}
	var names []Socket
	if err := json.Unmarshal(message[:n], &names); err != nil || len(names) != len(fds) {
		for _, fd := range fds {
			_ = syscall.Close(fd)
		}
		return fmt.Errorf("%d descriptors came for %d sockets: %w", len(fds), len(names), err)
	}
	for i, fd := range fds {
		if err := t.add(names[i], fd); err != nil {
			return err
		}
	}
	return nil
}

func (t *Taken) add(s Socket, fd int) (err error) {
	syscall.CloseOnExec(fd)
	f := os.NewFile(uintptr(fd), s.Name)
	s.Listener, err = net.FileListener(f) // which duplicates it
	_ = f.Close()
	if err != nil {
		return fmt.Errorf("socket %s: %w", s.Name, err)
	}
	t.sockets = append(t.sockets, s)
	return nil
}

// Inherit returns the sockets that a service manager has opened for this process
// (systemd's LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES), nil where there are none.
// names are the uses, in the order in which sockets without a name stand.
func Inherit(getenv func(string) string, pid int, names ...string) (*Taken, error) {
	if getenv("LISTEN_PID") != strconv.Itoa(pid) {
		return nil, nil
	}
	n, err := strconv.Atoi(getenv("LISTEN_FDS"))
	if err != nil || n < 1 || n > len(names) {
		return nil, fmt.Errorf("handover: LISTEN_FDS is %q; give at most %d sockets: %s", getenv("LISTEN_FDS"), len(names), strings.Join(names, ", "))
	}
	called := strings.Split(getenv("LISTEN_FDNAMES"), ":")
	t := &Taken{}
	for i := range n {
		name := names[i]
		if i < len(called) {
			for _, known := range names {
				if called[i] == known {
					name = known
				}
			}
		}
		if err := t.add(Socket{Name: name}, 3+i); err != nil {
			t.Close()
			return nil, fmt.Errorf("handover: %w", err)
		}
	}
	return t, nil
}

// Listener returns the socket of that name, nil where there is none or it was
// configured by another address. It belongs to the caller. t may be nil.
func (t *Taken) Listener(name, address string) net.Listener {
	if t == nil {
		return nil
	}
	for i := range t.sockets {
		s := &t.sockets[i]
		if l := s.Listener; l != nil && s.Name == name && (t.conn == nil || s.Address == address) {
			s.Listener = nil
			return l
		}
	}
	return nil
}

// Ready tells the other process that this one serves, and returns when it has
// stopped accepting. t may be nil.
func (t *Taken) Ready() error {
	if t == nil || t.conn == nil {
		return nil
	}
	_ = t.conn.SetDeadline(time.Now().Add(patience))
	if _, err := t.conn.Write([]byte{wordReady}); err != nil {
		return fmt.Errorf("handover: %w", err)
	}
	if err := expect(t.conn, wordGone); err != nil {
		return fmt.Errorf("handover: the process before did not say that it stops: %w", err)
	}
	return nil
}

// Close closes what was not asked for. Without a Ready before it, the other
// process goes on. t may be nil.
func (t *Taken) Close() {
	if t == nil {
		return
	}
	for _, s := range t.sockets {
		if s.Listener != nil {
			_ = s.Listener.Close()
		}
	}
	if t.conn != nil {
		_ = t.conn.Close()
	}
}

// dial connects to the socket at path, which is answered at once or not at all.
func dial(path string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(context.Background(), "unix", path)
}
