package peers

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"

	"github.com/weir-gateway/weir/bench/stub"
)

// role starts the benchmark's own binary as the named proxy.
func (t Tools) role(name string) func(dir string, j Job) (*Process, error) {
	return func(_ string, j Job) (*Process, error) {
		address, err := FreeAddress()
		if err != nil {
			return nil, err
		}
		job, err := json.Marshal(j)
		if err != nil {
			return nil, err
		}
		return Start(name, address, "env", "GOMAXPROCS=1", t.Self, "role", name, address, string(job))
	}
}

// Stubs are servers in a process of their own.
type Stubs struct {
	Addresses []string
	cmd       *exec.Cmd
	in        io.WriteCloser
	out       *bufio.Reader
	log       bytes.Buffer
}

// Stubs starts servers, all in one process with one processor.
func (t Tools) Stubs(behaviours ...stub.Behaviour) (*Stubs, error) {
	s := &Stubs{cmd: exec.Command("env", "GOMAXPROCS=1", t.Self, "role", "stub")} //nolint:gosec // this program; ended by Close
	s.cmd.Stderr = &s.log
	var err error
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("peers: stubs: %w", err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("peers: stubs: %w", err)
	}
	s.out = bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("peers: stubs: %w", err)
	}
	if err := s.ask(behaviours, &s.Addresses); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// ask sends one line and reads one.
func (s *Stubs) ask(question, answer any) error {
	line, err := json.Marshal(question)
	if err != nil {
		return fmt.Errorf("peers: stubs: %w", err)
	}
	if _, err := s.in.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("peers: stubs: %w", err)
	}
	reply, err := s.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(reply, answer)
	}
	if err != nil {
		return fmt.Errorf("peers: stubs: %w: %s", err, s.log.String())
	}
	return nil
}

// Stats are the counts of each server.
func (s *Stubs) Stats() ([]stub.Stats, error) {
	var stats []stub.Stats
	err := s.ask("stats", &stats)
	return stats, err
}

// Close ends the process.
func (s *Stubs) Close() {
	_ = s.in.Close()
	_ = s.cmd.Wait() // it ends with its input
}
