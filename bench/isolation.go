package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/weir-gateway/weir/bench/load"
	"github.com/weir-gateway/weir/bench/peers"
	"github.com/weir-gateway/weir/bench/stub"
)

// isolationRate and isolationBulkRate are requests a second, small and of 1 MB,
// that leave the machine room.
const (
	isolationRate     = 1500
	isolationBulkRate = 50
	isolationBulk     = 1_000_000
)

// shadowCase is one state that a shadow may be in, for one proxy.
type shadowCase struct {
	shadow string // "healthy" is what the others are compared with; "none": no copies at all
	bulk   bool   // bodies of 1 MB
	peers  []string
}

// shadowCases are those that o asks for.
func (o options) shadowCases() []shadowCase {
	all := shadowCases()
	return slices.DeleteFunc(all, func(c shadowCase) bool {
		return len(o.shadows) > 0 && !slices.Contains(o.shadows, c.shadow) && (c.shadow != "healthy" || c.bulk)
	})
}

// shadowCases: Weir in all, the two peers that can mirror where they are known
// to suffer.
func shadowCases() []shadowCase {
	weir, both, all := []string{peers.NameWeir}, []string{peers.NameWeir, peers.NameEnvoy}, []string{peers.NameWeir, peers.NameEnvoy, peers.NameNginx}
	return []shadowCase{
		{"healthy", false, all},
		{"none", false, weir},
		{"hung", false, all},
		{"breaks off", false, weir},
		{"black hole", false, weir},
		{"slow", false, weir},
		{"refuses", false, weir},
		{"huge answers", false, both},
		{"healthy", true, both},
		{"hung", true, both},
	}
}

func (c shadowCase) name(peer string) string {
	if c.bulk {
		return peer + ": " + c.shadow + ", 1 MB bodies"
	}
	return peer + ": " + c.shadow
}

// isolation measures what the primary's clients notice of a shadow that gets a
// copy of every request and is not well, beside a healthy one: latency open
// loop, at a rate that leaves the machine room; throughput closed loop.
func isolation(ctx context.Context, o options) (table, error) {
	t := table{Name: "isolation", Title: "A shadow that is not well, beside a healthy one"}
	healthy := stub.Behaviour{Body: []byte(inferAnswer)}
	f, err := o.newField(
		healthy, healthy, stub.Behaviour{Hang: true}, stub.Behaviour{Break: true},
		stub.Behaviour{Body: healthy.Body, Delay: 1500 * time.Millisecond}, stub.Behaviour{Size: 10_000_000},
	)
	if err != nil {
		return t, err
	}
	defer f.close()
	hole, err := stub.OpenBlackHole()
	if err != nil {
		return t, err
	}
	defer hole.Close()
	nobody, err := peers.FreeAddress()
	if err != nil {
		return t, err
	}
	shadows := map[string]string{
		"none":    "",
		"healthy": f.stubs.Addresses[1], "hung": f.stubs.Addresses[2], "breaks off": f.stubs.Addresses[3],
		"slow": f.stubs.Addresses[4], "huge answers": f.stubs.Addresses[5], "black hole": hole.Address(), "refuses": nobody,
	}
	if err := f.enterShadows(o, shadows); err != nil {
		return t, err
	}
	rates := map[string]float64{}
	for _, c := range o.shadowCases() {
		for _, p := range c.peers {
			rates[c.name(p)] = isolationRate
			if c.bulk {
				rates[c.name(p)] = isolationBulkRate
			}
		}
	}
	err = f.rounds(ctx, o, func(c *contender) (load.Result, error) {
		busy, err := load.Closed(ctx, c.target, o.conns, o.duration/2)
		if err != nil {
			return busy, err
		}
		c.add("capacity", busy.PerSecond())
		return load.Open(ctx, c.target, o.conns, rates[c.name], o.duration)
	})
	if err != nil {
		return t, err
	}
	f.isolationTable(&t)
	t.Notes = append(t.Notes, fmt.Sprintf("Every request copied. Latency: %d requests a second (1 MB bodies: %d), open loop, %d connections; throughput: closed loop; medians of %d rounds of %s and %s in turn. Ratios are to the same proxy's healthy shadow.",
		isolationRate, isolationBulkRate, o.conns, o.rounds, o.duration, o.duration/2))
	f.failures(&t)
	t.Samples = f.samples()
	return t, nil
}

// enterShadows starts a process for every case, with the first stub as primary.
func (f *field) enterShadows(o options, shadows map[string]string) error {
	for _, c := range o.shadowCases() {
		request := inferRequest
		if c.bulk {
			request = bulk(isolationBulk)
		}
		for _, p := range c.peers {
			j := peers.Job{Arms: []peers.Arm{{Address: f.stubs.Addresses[0], Weight: 100}}, Shadow: shadows[c.shadow]}
			if err := f.enter(o, c.name(p), p, j, request); err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *field) isolationTable(t *table) {
	t.Columns = []string{"proxy: shadow", "p50 µs", "p99 µs", "requests a second", "p50 ×", "p99 ×", "requests a second ×", "failed", "kB resident"}
	for _, c := range shadowCases() {
		for _, p := range c.peers {
			row, base := f.get(c.name(p)), f.get(shadowCase{"healthy", c.bulk, nil}.name(p))
			if row == nil || base == nil {
				continue
			}
			memory, _ := row.process.Memory() // 0 where it ended
			t.Rows = append(t.Rows, []string{
				row.name, row.cell("p50"), row.cell("p99"), row.cell("capacity"),
				times(row.mid("p50"), base.mid("p50")), times(row.mid("p99"), base.mid("p99")), times(row.mid("capacity"), base.mid("capacity")),
				fmt.Sprint(row.errors), fmt.Sprint(memory / 1000),
			})
			if p == peers.NameWeir && row != base && c.shadow != "none" {
				t.aim(row.name+": p50", row.mid("p50")/base.mid("p50"), 1.05, "×")
				t.aim(row.name+": p99", row.mid("p99")/base.mid("p99"), 1.05, "×")
				t.aim(row.name+": time a request, closed loop", base.mid("capacity")/row.mid("capacity"), 1.05, "×")
			}
		}
	}
}
