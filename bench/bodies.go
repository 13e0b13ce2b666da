package main

import (
	"context"
	"fmt"

	"github.com/weir-gateway/weir/bench/load"
	"github.com/weir-gateway/weir/bench/peers"
	"github.com/weir-gateway/weir/bench/stub"
)

// bodies measures requests of 1 MB with answers of 1 MB.
func bodies(ctx context.Context, o options) (table, error) {
	const size = 1_000_000
	t := table{Name: "bodies", Title: "Bodies of 1 MB up and down"}
	f, err := o.newField(stub.Behaviour{Size: size})
	if err != nil {
		return t, err
	}
	defer f.close()
	j := peers.Job{Arms: []peers.Arm{{Address: f.stubs.Addresses[0], Weight: 100}}, Stream: true}
	for _, p := range o.tools.Peers() {
		if err := f.enter(o, p.Name, p.Name, j, bulk(size)); err != nil {
			return t, err
		}
	}
	f.enterDirect(f.stubs.Addresses[0], bulk(size))
	conns := min(o.conns, 8)
	err = f.rounds(ctx, o, func(c *contender) (load.Result, error) { return load.Closed(ctx, c.target, conns, o.duration) })
	if err != nil {
		return t, err
	}
	t.Columns = []string{"proxy", "CPU µs a request", "of it user", "× nginx", "requests a second", "p50 ms", "p99 ms"}
	for _, c := range f.contenders {
		t.Rows = append(t.Rows, []string{
			c.name, c.cell("cpu"), c.cell("user"), times(c.mid("cpu"), f.best("cpu", peers.NameNginx)),
			c.cell("rps"), number(c.mid("p50") / 1e3), number(c.mid("p99") / 1e3),
		})
	}
	t.Notes = append(t.Notes, fmt.Sprintf("Closed loop, %d connections, medians of %d rounds of %s in turn; nginx without its buffers.", conns, o.rounds, o.duration))
	f.failures(&t)
	t.Samples = f.samples()
	return t, nil
}
