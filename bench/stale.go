package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/weir-gateway/weir/bench/load"
	"github.com/weir-gateway/weir/bench/peers"
	"github.com/weir-gateway/weir/bench/stub"
)

// stale measures POSTs over connections that the server closes when they have
// been idle for about as long as clients leave between two requests: some meet
// the close. Every request has a number; the server knows which came twice.
func stale(ctx context.Context, o options) (table, error) {
	const idleTimeout = 20 * time.Millisecond
	t := table{Name: "stale", Title: "POSTs on connections that the server closes while they are idle"}
	t.Columns = []string{"proxy", "requests", "failed", "failed %", "ran twice"}
	for _, p := range o.tools.Peers() {
		if p.Name == peers.NameHAProxyTCP {
			continue
		}
		if err := o.staleOne(ctx, p, idleTimeout, &t); err != nil {
			return t, fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	t.Notes = append(t.Notes, fmt.Sprintf("The server closes a connection after %s of silence. %d requests at once, then %s to %s of silence, and so on.",
		idleTimeout, staleBurst, idleTimeout/2, idleTimeout*3/2))
	return t, nil
}

// staleOne measures one peer, with servers of its own.
func (o options) staleOne(ctx context.Context, p peers.Peer, idleTimeout time.Duration, t *table) error {
	stubs, err := o.tools.Stubs(stub.Behaviour{Body: []byte(inferAnswer), IdleTimeout: idleTimeout, Numbers: true})
	if err != nil {
		return err
	}
	defer stubs.Close()
	f := &field{stubs: stubs}
	j := peers.Job{Arms: []peers.Arm{{Address: stubs.Addresses[0], Weight: 100}}}
	if err := f.enter(o, p.Name, p.Name, j, smallRequest); err != nil || len(f.contenders) == 0 {
		return err
	}
	c := f.contenders[0]
	defer c.process.Stop()
	plain := string(c.target.Request)
	c.target.Make = func(n int64) []byte {
		return []byte(strings.Replace(plain, "/infer ", fmt.Sprintf("/infer?n=%d ", n), 1))
	}
	var sent, failed int64
	first := ""
	offset := int64(0)
	numbered := c.target.Make
	gap := func() time.Duration { return idleTimeout/2 + rand.N(idleTimeout) } //nolint:gosec // not a secret
	for range o.rounds {
		base := offset
		c.target.Make = func(n int64) []byte { return numbered(base + n) }
		r, err := load.Bursts(ctx, c.target, staleBurst, gap, 2*o.duration)
		if err != nil {
			return err
		}
		sent, failed, offset = sent+r.Requests+r.Errors, failed+r.Errors, offset+r.Requests+r.Errors
		if first == "" {
			first = r.First
		}
	}
	stats, err := stubs.Stats()
	if err != nil {
		return err
	}
	share := 100 * float64(failed) / float64(max(sent, 1))
	t.Rows = append(t.Rows, []string{p.Name, fmt.Sprint(sent), fmt.Sprint(failed), fmt.Sprintf("%.3f", share), fmt.Sprint(stats[0].Twice)})
	if failed > 0 {
		t.Notes = append(t.Notes, fmt.Sprintf("%s: the first failed with: %s", p.Name, oneLine(first)))
	}
	if p.Name == peers.NameWeir {
		t.aim("POSTs that fail", share, .01, "%")
		t.aim("POSTs that run twice", float64(stats[0].Twice), 0, "")
	}
	return nil
}

// staleBurst is how many requests go out at once.
const staleBurst = 4
