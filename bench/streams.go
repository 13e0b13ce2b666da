package main

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/weir-gateway/weir/bench/load"
	"github.com/weir-gateway/weir/bench/peers"
	"github.com/weir-gateway/weir/bench/stub"
)

// streams measures many streams of server-sent events at once: what a proxy
// adds to an event, and the memory of a stream.
func streams(ctx context.Context, o options) (table, error) {
	t := table{Name: "streams", Title: "Streams of server-sent events"}
	n := 2000
	if o.quick {
		n = 500
	}
	const interval = time.Second
	f, err := o.newField(stub.Behaviour{Body: []byte("token"), Events: 1 << 30, Interval: interval})
	if err != nil {
		return t, err
	}
	defer f.close()
	j := peers.Job{Arms: []peers.Arm{{Address: f.stubs.Addresses[0], Weight: 100}}, Stream: true}
	for _, p := range o.tools.Peers() {
		if p.Name == peers.NameFastHTTP {
			continue // holds the head back until there is a body, and the body until its buffer is full
		}
		if err := f.enter(o, p.Name, p.Name, j, smallRequest); err != nil {
			return t, err
		}
	}
	f.enterDirect(f.stubs.Addresses[0], smallRequest)
	for range o.rounds {
		for _, c := range f.contenders {
			if err := f.quietStream(ctx, o, c, n, interval); err != nil {
				return t, fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	base := f.get(direct)
	t.Columns = []string{"proxy", "p50 µs an event", "p99 µs", "added p50 µs", "added p99 µs", "kB a stream", "CPU µs an event", "streams broken"}
	for _, c := range f.contenders {
		if c != base {
			for _, q := range []string{"p50", "p99"} {
				c.add("added "+q, c.mid(q)-base.mid(q))
			}
		}
		t.Rows = append(t.Rows, []string{c.name, c.cell("p50"), c.cell("p99"), c.cell("added p50"), c.cell("added p99"), c.cell("kB"), c.cell("cpu"), fmt.Sprint(c.errors)})
	}
	t.Notes = append(t.Notes, fmt.Sprintf("%d streams of one event a second each, medians of %d rounds of %s in turn. "+
		"Memory: the growth of the resident set from before the first round to the middle of each.", n, o.rounds, o.duration))
	f.failures(&t)
	if w := f.get(peers.NameWeir); w != nil {
		t.aim("p99 that Weir adds to an event", w.mid("added p99")/1e3, .3, "ms")
		t.aim("memory of a stream", w.mid("kB"), 16, "kB")
	}
	t.Samples = f.samples()
	return t, nil
}

// quietStream is one round, measured again if others disturbed it.
func (f *field) quietStream(ctx context.Context, o options, c *contender, n int, interval time.Duration) error {
	if c.process != nil {
		if _, err := c.rest(); err != nil { // before any stream
			return err
		}
	}
	for attempt := range attempts {
		calm(ctx, o.patience)
		kept := maps.Clone(c.samples)
		before := f.usage()
		if err := c.stream(ctx, o, n, interval); err != nil {
			return err
		}
		others := f.usage().others(before)
		if others < quietOthers || o.patience == 0 || attempt == attempts-1 {
			c.add("others", 100*others)
			break
		}
		c.samples = kept
	}
	return nil
}

// stream opens the streams to one contender and reads them for a round.
func (c *contender) stream(ctx context.Context, o options, n int, interval time.Duration) error {
	var cpu [2]peers.Times
	r, err := load.Events(ctx, c.target, n, interval, o.duration, func(phase load.Phase) (err error) {
		switch {
		case c.process == nil:
		case phase == load.Began:
			cpu[0], err = c.process.CPU()
		case phase == load.Ended:
			cpu[1], err = c.process.CPU()
		default:
			before, _ := c.rest() // it has been read
			var during int64
			during, err = c.process.Memory()
			c.add("kB", float64(during-before)/1e3/float64(n))
		}
		return err
	})
	if err != nil {
		return err
	}
	if c.process != nil {
		c.add("cpu", (cpu[1].User+cpu[1].System-cpu[0].User-cpu[0].System).Seconds()*1e6/float64(max(r.Events, 1)))
	}
	c.add("p50", r.Latency.Quantile(.5).Seconds()*1e6)
	c.add("p99", r.Latency.Quantile(.99).Seconds()*1e6)
	if c.errors += r.Broken; c.first == "" {
		c.first = r.First
	}
	time.Sleep(500 * time.Millisecond) // for the other side to see them closed
	return nil
}

// rest is the memory before the first round: what a program keeps from one
// round for the next belongs to the streams, too.
func (c *contender) rest() (int64, error) {
	if len(c.samples["rest"]) == 0 {
		m, err := c.process.Memory()
		if err != nil {
			return 0, err
		}
		c.add("rest", float64(m))
	}
	return int64(c.samples["rest"][0]), nil
}
