package main

import (
	"context"
	"fmt"
	"time"

	"github.com/weir-gateway/weir/bench/load"
	"github.com/weir-gateway/weir/bench/peers"
	"github.com/weir-gateway/weir/bench/stub"
)

// idle measures the memory of connections that had one request each and wait
// for the next.
func idle(ctx context.Context, o options) (table, error) {
	t := table{Name: "idle", Title: "Idle connections"}
	n := 10_000
	if o.quick {
		n = 2000
	}
	f, err := o.newField(stub.Behaviour{Body: []byte(inferAnswer)})
	if err != nil {
		return t, err
	}
	defer f.close()
	j := peers.Job{Arms: []peers.Arm{{Address: f.stubs.Addresses[0], Weight: 100}}}
	for _, p := range o.tools.Peers() {
		if p.Name == peers.NameHAProxyTCP {
			continue // holds a second connection for each
		}
		if err := f.enter(o, p.Name, p.Name, j, smallRequest); err != nil {
			return t, err
		}
	}
	t.Columns = []string{"proxy", "bytes a connection", "lost"}
	for _, c := range f.contenders {
		lost, err := c.hold(ctx, n)
		if err != nil {
			return t, fmt.Errorf("%s: %w", c.name, err)
		}
		t.Rows = append(t.Rows, []string{c.name, c.cell("bytes"), fmt.Sprint(lost)})
	}
	t.Notes = append(t.Notes, fmt.Sprintf("%d connections, one request over each, then %s of silence; growth of the resident set since 1,000 requests over one connection.", n, settle))
	if w := f.get(peers.NameWeir); w != nil {
		t.aim("memory of an idle connection", w.mid("bytes"), 4096, "B")
	}
	t.Samples = f.samples()
	return t, nil
}

// settle is how long connections are idle before memory is read.
const settle = 5 * time.Second

func (c *contender) hold(ctx context.Context, n int) (lost int, err error) {
	if _, err := load.Count(ctx, c.target, 1, 1000); err != nil { // what a program allocates once
		return 0, err
	}
	before, err := c.process.Memory()
	if err != nil {
		return 0, err
	}
	held, err := load.Hold(ctx, c.target, n)
	if err != nil {
		return 0, err
	}
	defer held.Close()
	time.Sleep(settle)
	after, err := c.process.Memory()
	if err != nil {
		return 0, err
	}
	c.add("bytes", float64(after-before)/float64(n))
	return held.Lost()
}
