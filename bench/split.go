package main

import (
	"context"
	"fmt"

	"github.com/weir-gateway/weir/bench/load"
	"github.com/weir-gateway/weir/bench/peers"
	"github.com/weir-gateway/weir/bench/stub"
)

// split measures a weighted split, closed loop: the processor time of one
// request, and how many a second one thread can do.
func split(ctx context.Context, o options) (table, error) {
	t := table{Name: "split", Title: "A weighted split, 90/10"}
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
	err = f.rounds(ctx, o, func(c *contender) (load.Result, error) { return load.Closed(ctx, c.target, o.conns, o.duration) })
	if err != nil {
		return t, err
	}
	t.Columns = []string{"proxy", "CPU µs a request", "of it user", "× nginx", "requests a second", "p50 µs", "p99 µs", "share of the second"}
	for _, c := range f.contenders {
		t.Rows = append(t.Rows, []string{
			c.name, c.cell("cpu"), c.cell("user"), times(c.mid("cpu"), f.best("cpu", peers.NameNginx)),
			c.cell("rps"), c.cell("p50"), c.cell("p99"), c.cell("server 1"),
		})
	}
	t.Notes = append(t.Notes, fmt.Sprintf("Closed loop, %d connections, bodies of 70 and 91 bytes, medians of %d rounds of %s in turn. "+
		"HAProxy in TCP mode splits connections, not requests.", o.conns, o.rounds, o.duration))
	f.failures(&t)
	f.ratio(&t, "cpu", peers.NameWeir, 1, peers.NameNginx, peers.NameHAProxy)
	f.ratio(&t, "cpu", peers.NameWeir, .5, peers.NameEnvoy)
	t.Samples = f.samples()
	return t, nil
}

// splitJob is 90/10 over the first two stubs.
func splitJob(f *field, shadow string) peers.Job {
	return peers.Job{
		Arms:   []peers.Arm{{Address: f.stubs.Addresses[0], Weight: 90}, {Address: f.stubs.Addresses[1], Weight: 10}},
		Shadow: shadow,
	}
}

// times prints a ratio.
func times(v, of float64) string {
	if v == 0 || of == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", v/of)
}
