package peers

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// TicksPerSecond is the unit of processor time in /proc: USER_HZ, 100 on every
// Linux that Go runs on.
const TicksPerSecond = 100

// Process is a program under measurement, with its children.
type Process struct {
	Name    string
	Address string // where it takes requests
	Admin   string // where Weir tells its metrics
	cmd     *exec.Cmd
	log     bytes.Buffer
}

// Start runs a command and waits until it accepts connections at address.
func Start(name, address string, command string, args ...string) (*Process, error) {
	p := &Process{Name: name, Address: address, cmd: exec.Command(command, args...)} //nolint:gosec // the benchmark's own configuration; ended by Stop
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("peers: start %s: %w", name, err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = c.Close()
			return p, nil
		}
		if time.Now().After(deadline) {
			p.Stop()
			return nil, fmt.Errorf("peers: %s does not listen at %s: %s", name, address, p.log.String())
		}
	}
}

// Stop ends the program and all its children.
func (p *Process) Stop() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM)
	ended := make(chan struct{})
	go func() {
		_ = p.cmd.Wait() // it was told to end: how does not matter
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(5 * time.Second):
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-ended
	}
}

// Command is the command line, for a person to type again.
func (p *Process) Command() string {
	parts := slices.Clone(p.cmd.Args)
	for i, part := range parts {
		if strings.ContainsAny(part, " {}") {
			parts[i] = "'" + part + "'"
		}
	}
	return strings.Join(parts, " ")
}

// PID is the program's.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Kill ends the program and all its children at once, as a power cut does.
func (p *Process) Kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	_ = p.cmd.Wait() // it was killed: how it ended does not matter
}

// Log is what the program has said so far. Only after Stop.
func (p *Process) Log() string { return p.log.String() }

// Times are processor times.
type Times struct{ User, System time.Duration }

// CPU is the processor time that the program and its children have used so far,
// to 10 ms.
func (p *Process) CPU() (Times, error) {
	var sum Times
	err := p.each(func(stat []string) { sum.add(stat) })
	return sum, err
}

// OwnCPU is that of this process.
func OwnCPU() (Times, error) { return processCPU("/proc/self/stat") }

// CPU is that of the stubs' process.
func (s *Stubs) CPU() (Times, error) {
	return processCPU(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
}

func processCPU(file string) (t Times, err error) {
	stat, err := readStat(file)
	if err == nil {
		t.add(stat)
	}
	return t, err
}

func (t *Times) add(stat []string) {
	user, _ := strconv.ParseInt(stat[11], 10, 64)
	system, _ := strconv.ParseInt(stat[12], 10, 64)
	t.User += time.Duration(user) * time.Second / TicksPerSecond
	t.System += time.Duration(system) * time.Second / TicksPerSecond
}

// Memory is the resident memory of the program and its children, in bytes.
func (p *Process) Memory() (int64, error) {
	var sum int64
	err := p.each(func(stat []string) {
		pages, _ := strconv.ParseInt(stat[21], 10, 64)
		sum += pages * int64(os.Getpagesize())
	})
	return sum, err
}

// each visits the processes of the program's group.
func (p *Process) each(visit func(stat []string)) error {
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return fmt.Errorf("peers: %w", err)
	}
	found := false
	group := strconv.Itoa(p.cmd.Process.Pid)
	for _, file := range files {
		stat, err := readStat(file)
		if err == nil && stat[2] == group { // an error: it has ended meanwhile
			found = true
			visit(stat)
		}
	}
	if !found {
		return errors.New("peers: " + p.Name + " is no longer running: " + p.log.String())
	}
	return nil
}

// readStat returns the fields of a process from the third on.
func readStat(file string) ([]string, error) {
	content, err := os.ReadFile(file) //nolint:gosec // of /proc
	if err != nil {
		return nil, fmt.Errorf("peers: %w", err)
	}
	// The name, in parentheses, may hold anything; what follows may not.
	stat := strings.Fields(string(content[bytes.LastIndexByte(content, ')')+1:]))
	if len(stat) <= 21 {
		return nil, errors.New("peers: " + file + " is not as expected")
	}
	return stat, nil
}

// FreeAddress returns a loopback address whose port was free a moment ago.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("peers: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}
