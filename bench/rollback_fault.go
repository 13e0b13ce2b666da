package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/bench/cluster"
	"github.com/weir-gateway/weir/rollout"
)

// pollPause is between two looks at something that has no event.
const pollPause = 20 * time.Millisecond

// until looks again and again.
func until(ctx context.Context, what string, done func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for !done() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", what, ctx.Err())
		case <-time.After(pollPause):
		}
	}
	return nil
}

// badCandidate starts a rollout of version 2, lets it become bad once it has had
// some requests, and waits for the rollout's end. It returns when the fault
// began, and the leader.
func (b *back) badCandidate(ctx context.Context) (began time.Time, leader *cluster.Gateway, walk rollout.Rollout, err error) {
	bad := &b.cluster.Servers["2"].Bad
	bad.Store(false)
	defer bad.Store(false)
	if _, err = b.cluster.Gateways[0].Switch(ctx, cluster.Model, "1", "benchmark"); err != nil {
		return began, nil, walk, err
	}
	var refusal error
	err = until(ctx, "a leader that starts a rollout", func() bool {
		refusal = nil
		for _, g := range b.cluster.Gateways {
			started, err := g.StartRollout(ctx, cluster.Model, api.RolloutRequest{Version: "2", Reason: "benchmark"})
			if err == nil {
				leader, walk = g, started
				return true
			}
			refusal = errors.Join(refusal, err)
		}
		return false
	})
	if err != nil {
		return began, nil, walk, errors.Join(err, refusal)
	}
	look := func() rollout.Rollout {
		if now, err := leader.Rollout(ctx, cluster.Model); err == nil {
			walk = now
		}
		return walk
	}
	if err = until(ctx, "requests to the candidate", func() bool { return look().CandidateRequests >= 50 }); err != nil {
		return began, leader, walk, err
	}
	began = time.Now()
	bad.Store(true)
	err = until(ctx, "the guardrail", func() bool { return look().Status.Final() })
	return began, leader, walk, err
}

// dead goes back at each gateway while Consul is dead, n times, and waits each
// time until Consul is there again and all agree.
func (b *back) dead(ctx context.Context, t *table, n int) error {
	var here, agreed []time.Duration
	for range n {
		if err := b.candidate(ctx); err != nil {
			return err
		}
		b.cluster.KillConsul()
		for _, g := range b.cluster.Gateways {
			began := time.Now()
			if _, err := g.Rollback(ctx, cluster.Model, 0, "benchmark, Consul dead"); err != nil {
				return err
			}
			here = append(here, time.Since(began))
			if version, err := g.Version(ctx); err != nil || version != "1" {
				return fmt.Errorf("after a rollback without Consul %s answers by version %q: %w", g.Name, version, err)
			}
		}
		if err := b.cluster.StartConsul(); err != nil {
			return err
		}
		back := time.Now()
		if err := until(ctx, "all gateways to agree", func() bool { return b.agree(ctx) }); err != nil {
			return err
		}
		agreed = append(agreed, time.Since(back))
	}
	t.spread("by hand, Consul dead", "decision → answered by the gateway that was asked, which routes by it", here)
	t.spread("by hand, Consul dead", "Consul listens again → one generation on all five", agreed)
	t.aim("by hand, Consul dead, routed by the gateway that was asked, max", milliseconds(slices.Max(here)), 50, "ms")
	return nil
}

// agree tells whether all gateways route version 1 by one generation of the
// registry.
func (b *back) agree(ctx context.Context) bool {
	generation := uint64(0)
	for _, g := range b.cluster.Gateways {
		m, err := g.Model(ctx, cluster.Model)
		if err != nil || m.Interim != nil || m.Traffic == nil || m.Traffic.Stable != "1" || m.Routed != m.Traffic.Generation {
			return false
		}
		if generation != 0 && m.Routed != generation {
			return false
		}
		generation = m.Routed
	}
	return true
}
