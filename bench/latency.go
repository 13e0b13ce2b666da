package main

import (
	"context"
	"fmt"

	"github.com/weir-gateway/weir/bench/load"
	"github.com/weir-gateway/weir/bench/peers"
	"github.com/weir-gateway/weir/bench/stub"
)

// latency measures what a proxy adds to a request at half load: open loop, at
// half the rate that HAProxy and nginx can do on this machine at this time, the
// same for all; added is the difference to going there directly.
func latency(ctx context.Context, o options) (table, error) {
	t := table{Name: "latency", Title: "Latency added at half load"}
	answer := stub.Behaviour{Body: []byte(inferAnswer)}
	f, err := o.newField(answer, answer)
	if err != nil {
		return t, err
	}
	defer f.close()
	for _, p := range o.tools.Peers() {
		if err := f.enter(o, p.Name, p.Name, splitJob(f, ""), smallRequest); err != nil {
			return t, err
		}
	}
	f.enterDirect(f.stubs.Addresses[0], smallRequest)
	rate, err := f.halfLoad(ctx, o)
	if err != nil {
		return t, err
	}
	err = f.rounds(ctx, o, func(c *contender) (load.Result, error) { return load.Open(ctx, c.target, o.conns, rate, o.duration) })
	if err != nil {
		return t, err
	}
	base := f.get(direct)
	for _, c := range f.contenders {
		for _, q := range []string{"p50", "p99", "p999"} {
			if c != base {
				c.add("added "+q, c.mid(q)-base.mid(q))
			}
		}
	}
	t.Columns = []string{"proxy", "p50 µs", "p99 µs", "p99.9 µs", "added p50 µs", "added p99 µs", "added p99.9 µs", "CPU µs a request"}
	for _, c := range f.contenders {
		t.Rows = append(t.Rows, []string{
			c.name, c.cell("p50"), c.cell("p99"), c.cell("p999"), c.cell("added p50"), c.cell("added p99"), c.cell("added p999"), c.cell("cpu"),
		})
	}
	t.Notes = append(t.Notes, fmt.Sprintf("Open loop, %.0f requests a second over %d connections, medians of %d rounds of %s in turn; "+
		"added: the difference to the direct load.", rate, o.conns, o.rounds, o.duration))
	f.failures(&t)
	f.ratio(&t, "added p50", peers.NameWeir, 1, peers.NameNginx, peers.NameHAProxy)
	f.ratio(&t, "added p99", peers.NameWeir, 1, peers.NameNginx, peers.NameHAProxy)
	t.Samples = f.samples()
	return t, nil
}

// halfLoad is half the lesser of what nginx and HAProxy, or else all that there
// are, can do.
func (f *field) halfLoad(ctx context.Context, o options) (float64, error) {
	least := 0.0
	for range 3 {
		for _, c := range f.contenders {
			if c.peer != peers.NameNginx && c.peer != peers.NameHAProxy && len(o.only) == 0 {
				continue
			}
			r, err := load.Closed(ctx, c.target, o.conns, o.duration/2)
			if err != nil {
				return 0, err
			}
			if rate := r.PerSecond(); least == 0 || rate < least {
				least = rate
			}
		}
	}
	return float64(int(least/2/100)) * 100, nil
}
