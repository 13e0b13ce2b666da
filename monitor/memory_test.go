package monitor

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/protocol"
)

// crowd is traffic that makes a monitor hold as much as it can: numbers over many
// decades and of both signs, ever new and long categories, ever new features and
// slices, outputs of many kinds, and a drift that rings everywhere.
func crowd(m *Monitor, version string, rng *rand.Rand, exchanges int) {
	for range exchanges {
		in := &protocol.Batch{Rows: 1, Columns: []protocol.Column{
			{Name: "site", Cells: []protocol.Cell{fakeCell(fmt.Sprint("site", rng.IntN(30)))}},
			{Name: "header", Cells: []protocol.Cell{fakeCell(fmt.Sprint("header", rng.IntN(30)))}},
		}}
		out := &protocol.Batch{Rows: 1}
		for k := range 60 {
			x := 1e6 * rng.Float64()
			if rng.IntN(2) == 0 {
				x = -1 / x
			}
			cell := protocol.Cell{Kind: protocol.Number, Number: x}
			if k%2 == 1 {
				cell = fakeCell(fmt.Sprint("new", rng.IntN(5000), strings.Repeat("x", 60)))
			}
			b, name := in, fmt.Sprint("f", k)
			if k >= 50 {
				b, name = out, fmt.Sprint("out", k)
			}
			b.Columns = append(b.Columns, protocol.Column{Name: name, Cells: []protocol.Cell{cell}})
		}
		m.observe(&Exchange{Version: version, Latency: time.Millisecond}, decoded{in: in, out: out})
	}
}

func TestTheEstimateOfMemoryIsAnUpperBound(t *testing.T) {
	clock := newClock()
	before := heap()
	m := newIdle(Options{
		Model: "crowd", Protocol: fakeProtocol{}, Now: clock.Now, Window: time.Minute,
		Slices: []string{"site", "header"}, FalseAlarmEvery: 1000, MaxMemory: 1 << 40,
	})
	if err := m.SetProfile("1", wideProfile(t, 40)); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 0))
	for range 8 {
		clock.advance(15 * time.Second)
		crowd(m, "1", rng, 400)
		crowd(m, "2", rng, 400)
	}
	held, said := heap()-before, m.memory().Bytes
	runtime.KeepAlive(m)
	alarms := 0
	for _, f := range m.versions["1"].whole.inputs.features {
		alarms += len(f.alarms)
	}
	t.Logf("holds %d KiB, says %d KiB; %d alarms kept", held>>10, said>>10, alarms)
	if held > said || said > 2*held || alarms == 0 {
		t.Errorf("holds %d bytes, says %d; %d alarms kept", held, said, alarms)
	}
	m.Forget("1")
	m.Forget("2")
	if left := m.memory().Bytes; left != 0 {
		t.Errorf("%d bytes are taken by what was forgotten", left)
	}
}

func TestMemoryIsBoundedAndWhatIsNotWatchedIsSaid(t *testing.T) {
	const most = 8 << 20
	clock := newClock()
	m := newIdle(Options{
		Model: "crowd", Protocol: fakeProtocol{}, Now: clock.Now, Window: time.Minute,
		Slices: []string{"site", "header"}, FalseAlarmEvery: 1e9, MaxMemory: most, MaxVersions: 1000,
	})
	if err := m.SetProfile("1", wideProfile(t, 20)); err != nil {
		t.Fatal(err)
	}
	before := heap()
	rng := rand.New(rand.NewPCG(1, 0))
	crowd(m, "1", rng, 3000)
	for version := range 100 {
		crowd(m, fmt.Sprint("more", version), rng, 5)
	}
	m.observe(&Exchange{Version: "1"}, decoded{in: &protocol.Batch{Rows: 1, Columns: []protocol.Column{
		{Name: "late", Cells: []protocol.Cell{{Kind: protocol.Number, Number: 1}}},
	}}})
	if held := heap() - before; held > most || m.memory().Bytes > most {
		t.Errorf("holds %d bytes, says %d; at most %d", held, m.memory().Bytes, most)
	}
	s, err := m.Summary("1", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, reason := range []string{"memory_versions", "memory_slices", "memory_features", "memory_categories"} {
		if s.Dropped[reason] == 0 {
			t.Errorf("nothing was counted as %s: %v", reason, s.Dropped)
		}
	}
	if s.Observations != 3001 || !s.Memory.Short || s.Memory.Max != most {
		t.Errorf("%d observations, memory %+v", s.Observations, s.Memory)
	}
	if _, err := m.Summary("more99", ""); err == nil || !strings.Contains(err.Error(), "raise monitor.max_memory") {
		t.Errorf("of a version without room: %v", err)
	}
	// What was idle for a window makes room.
	clock.advance(2 * time.Minute)
	crowd(m, "more99", rng, 1)
	if _, err := m.Summary("more99", ""); err != nil {
		t.Errorf("after a window: %v", err)
	}
}
