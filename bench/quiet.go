package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/weir-gateway/weir/bench/peers"
)

// A machine that others use disturbs everything measured on it. So a round
// waits for a quiet moment, and says how much the others used during it; where
// that was much, it is measured again.
const (
	quietBusy   = .25 // of the machine, before a round
	quietOthers = .10 // of the machine, by others, during it
	attempts    = 2   // at a round
)

// machine is the processor time that everything together has used, in ticks.
type machine struct{ busy, all float64 }

// readMachine counts interrupts in: the kernel charges those of the loopback
// interface to the processes that they interrupt, too.
func readMachine() machine {
	content, err := os.ReadFile("/proc/stat")
	if err != nil {
		return machine{}
	}
	line, _, _ := strings.Cut(string(content), "\n")
	fields := strings.Fields(line)
	var m machine
	for i, f := range fields[min(1, len(fields)):min(9, len(fields))] {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil {
			continue
		}
		m.all += v
		switch i {
		case 0, 1, 2, 5, 6, 7: // user, nice, system, interrupts, stolen by other machines
			m.busy += v
		}
	}
	return m
}

// calm waits for a quiet moment, no longer than patience.
func calm(ctx context.Context, patience time.Duration) {
	for end := time.Now().Add(patience); time.Now().Before(end) && ctx.Err() == nil; {
		before := readMachine()
		time.Sleep(300 * time.Millisecond)
		after := readMachine()
		if all := after.all - before.all; all > 0 && (after.busy-before.busy)/all < quietBusy {
			return
		}
	}
}

// usage is the machine's and our own use at one moment.
type usage struct {
	machine machine
	own     float64 // ticks
}

func (f *field) usage() usage {
	u := usage{machine: readMachine(), own: ticksOf(peers.OwnCPU())}
	if f.stubs != nil {
		u.own += ticksOf(f.stubs.CPU())
	}
	for _, c := range f.contenders {
		if c.process != nil {
			u.own += ticksOf(c.process.CPU())
		}
	}
	return u
}

func ticksOf(t peers.Times, err error) float64 {
	if err != nil {
		return 0
	}
	return (t.User + t.System).Seconds() * peers.TicksPerSecond
}

// others is the share of the machine that others used since before.
func (u usage) others(before usage) float64 {
	all := u.machine.all - before.machine.all
	if all <= 0 {
		return 0
	}
	return max(0, (u.machine.busy-before.machine.busy-(u.own-before.own))/all)
}
