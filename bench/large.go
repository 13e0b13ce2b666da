package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/weir-gateway/weir/bench/load"
	"github.com/weir-gateway/weir/bench/peers"
	"github.com/weir-gateway/weir/bench/stub"
)

// large measures how memory grows while 200 MB go up, and while 200 MB come
// down.
func large(ctx context.Context, o options) (table, error) {
	const size = 200_000_000
	t := table{Name: "large", Title: "Bodies of 200 MB"}
	f, err := o.newField(stub.Behaviour{Body: []byte(inferAnswer), Sized: true})
	if err != nil {
		return t, err
	}
	defer f.close()
	j := peers.Job{Arms: []peers.Arm{{Address: f.stubs.Addresses[0], Weight: 100}}, Stream: true}
	ways := map[string]func(string) []byte{"up": bulk(size), "down": func(address string) []byte {
		return post(address, fmt.Sprintf("/v2/models/bench/infer?n=%d", size), "{}")
	}}
	for _, way := range []string{"up", "down"} {
		for _, p := range o.tools.Peers() {
			if err := f.enter(o, p.Name+" "+way, p.Name, j, ways[way]); err != nil {
				return t, err
			}
		}
	}
	t.Columns = []string{"proxy", "growth MB", "seconds"}
	for _, c := range f.contenders {
		if err := c.grow(ctx, o); err != nil {
			return t, fmt.Errorf("%s: %w", c.name, err)
		}
		t.Rows = append(t.Rows, []string{c.name, c.cell("MB"), c.cell("seconds")})
	}
	t.Notes = append(t.Notes, fmt.Sprintf("Medians of %d transfers; growth: the highest resident set during a transfer, looked at every 10 ms, over that after 2,000 small requests, before the first transfer.", o.rounds))
	for _, way := range []string{"up", "down"} {
		if w := f.get(peers.NameWeir + " " + way); w != nil {
			t.aim("growth with 200 MB "+way, w.mid("MB"), 1, "MB")
		}
	}
	t.Samples = f.samples()
	return t, nil
}

// grow transfers bodies one at a time and watches the memory.
func (c *contender) grow(ctx context.Context, o options) error {
	small := load.Target{Address: c.target.Address, Request: smallRequest(c.target.Address)}
	if _, err := load.Count(ctx, small, 4, 2000); err != nil { // what a program allocates once
		return err
	}
	before, err := c.process.Memory()
	if err != nil {
		return err
	}
	for range o.rounds {
		began := time.Now()
		highest := c.watchMemory()
		r, err := load.Count(ctx, c.target, 1, 1)
		grown := highest() - before
		if err == nil && r.Requests != 1 {
			err = errors.New(r.First)
		}
		if err != nil {
			return err
		}
		c.add("MB", float64(grown)/1e6)
		c.add("seconds", time.Since(began).Seconds())
	}
	return nil
}

// watchMemory looks at the memory until it is asked for the highest that it saw.
func (c *contender) watchMemory() (highest func() int64) {
	var (
		most int64
		wg   sync.WaitGroup
		stop = make(chan struct{})
	)
	wg.Go(func() {
		for {
			if m, err := c.process.Memory(); err == nil {
				most = max(most, m)
			}
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	return func() int64 {
		close(stop)
		wg.Wait()
		return most
	}
}
