package main

import (
	"context"
	"fmt"
	"time"

	"github.com/weir-gateway/weir/bench/load"
	"github.com/weir-gateway/weir/bench/peers"
	"github.com/weir-gateway/weir/bench/stub"
)

// monitored is the row of Weir with the monitors on, beside the mirror.
const monitored = "weir, monitors"

// mirror measures the split with every request copied to a third server, and
// Weir also with its monitors on every request: eight features and the
// prediction. It counts the copies and the observations that were really made:
// one that is dropped costs nothing.
func mirror(ctx context.Context, o options) (table, error) {
	t := table{Name: "mirror", Title: "The split, every request copied; Weir also with monitors on every request"}
	answer := stub.Behaviour{Body: []byte(inferAnswer)}
	f, err := o.newField(answer, answer, answer)
	if err != nil {
		return t, err
	}
	defer f.close()
	j := splitJob(f, f.stubs.Addresses[2])
	watched := j
	watched.Monitor = true
	for _, p := range o.tools.Peers() {
		if !p.Mirrors {
			continue
		}
		if err := f.enter(o, p.Name, p.Name, j, inferRequest); err != nil {
			return t, err
		}
		if p.Name == peers.NameWeir {
			if err := f.enter(o, monitored, p.Name, watched, inferRequest); err != nil {
				return t, err
			}
		}
	}
	err = f.rounds(ctx, o, func(c *contender) (load.Result, error) { return c.observed(ctx, o) })
	if err != nil {
		return t, err
	}
	t.Columns = []string{"proxy", "CPU µs a request", "of it user", "× Envoy", "requests a second", "p50 µs", "p99 µs", "share of the second", "copies a request", "observations a request"}
	for _, c := range f.contenders {
		t.Rows = append(t.Rows, []string{
			c.name, c.cell("cpu"), c.cell("user"), times(c.mid("cpu"), f.best("cpu", peers.NameEnvoy)),
			c.cell("rps"), c.cell("p50"), c.cell("p99"), c.cell("server 1"), fmt.Sprintf("%.4f", c.mid("server 2")), c.cell("observed"),
		})
	}
	t.Notes = append(t.Notes, fmt.Sprintf("Closed loop, %d connections, a body of 500 bytes with eight features, medians of %d rounds of %s in turn.",
		o.conns, o.rounds, o.duration))
	f.failures(&t)
	f.ratio(&t, "cpu", peers.NameWeir, .5, peers.NameEnvoy, peers.NameNginx)
	f.ratio(&t, "cpu", monitored, .8, peers.NameEnvoy, peers.NameNginx)
	if w := f.get(peers.NameWeir); w != nil {
		t.aim("requests that Weir did not copy", 1-w.mid("server 2"), .001, "of 1")
		t.aim("requests that Weir's monitors did not see", 1-f.get(monitored).mid("observed")/2, .001, "of 1")
	}
	t.Samples = f.samples()
	return t, nil
}

// observed is a round whose observations are counted, where it has monitors.
func (c *contender) observed(ctx context.Context, o options) (load.Result, error) {
	if c.name != monitored {
		return load.Closed(ctx, c.target, o.conns, o.duration)
	}
	before, err := observations(ctx, c.process, "1", "2", "3")
	if err != nil {
		return load.Result{}, err
	}
	r, err := load.Closed(ctx, c.target, o.conns, o.duration)
	if err != nil {
		return r, err
	}
	time.Sleep(200 * time.Millisecond)
	after, err := observations(ctx, c.process, "1", "2", "3")
	// Version 3 is the shadow, whose answers are observed, too.
	c.add("observed", (after-before)/float64(max(r.Requests, 1)))
	return r, err
}
