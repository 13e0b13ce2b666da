package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/weir-gateway/weir/bench/cluster"
	"github.com/weir-gateway/weir/bench/load"
)

const (
	rollbackGateways = 5
	rollbackRate     = 50 // requests a second at each gateway
	rollbackConns    = 8  // at each gateway
)

// rollbackPlan keeps a candidate at 10 % until a guardrail ends it.
const rollbackPlan = `    monitor: off
    rollout:
      automation: supervised
      steps: [{weight: 10, min_requests: 1000000}]
      guardrails: [{metric: errors, margin: 0.5}]
`

// rollbacks measures how long it takes to go back, by hand and by itself, on
// five gateways that share a Consul.
func rollbacks(ctx context.Context, o options) (table, error) {
	t := table{Name: "rollback", Title: "Back, on five gateways"}
	manual, dead, bad := 100, 6, 6
	if o.quick {
		manual, dead, bad = 10, 2, 2
	}
	dir, err := os.MkdirTemp("", "weir-rollback-") // a disk, where Consul's writes cost what they cost
	if err != nil {
		return t, err
	}
	defer os.RemoveAll(dir)
	c, err := cluster.Start(ctx, cluster.Options{
		Weir: o.tools.Weir, Consul: filepath.Join(o.tools.Cache, "bin", "consul"), Dir: dir, Gateways: rollbackGateways, Settings: rollbackPlan,
	})
	if err != nil {
		return t, err
	}
	defer c.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	b := &back{cluster: c, watch: c.Watch(ctx)}
	t.Columns = []string{"back", "from → to", "n", "p50 ms", "p99 ms", "max ms"}
	for _, part := range []func() error{
		func() error {
			return b.underLoad(ctx, &t, "by hand, through Consul", func() error { return b.manual(ctx, &t, manual) })
		},
		func() error {
			return b.underLoad(ctx, &t, "by hand, Consul dead", func() error { return b.dead(ctx, &t, dead) })
		},
		func() error { return b.byGuardrail(ctx, &t, bad) },
	} {
		if err := part(); err != nil {
			return t, err
		}
	}
	t.Notes = append(t.Notes, fmt.Sprintf("%d gateways with one processor each, one Consul server on a disk, two stubs of model servers and the load (%d requests a second at each gateway), all on this machine.",
		rollbackGateways, rollbackRate))
	return t, nil
}

// back is what the parts share.
type back struct {
	cluster *cluster.Cluster
	watch   *cluster.Watch
}

// underLoad does something while requests go to all gateways, none of which may
// fail.
func (b *back) underLoad(ctx context.Context, t *table, what string, do func() error) error {
	finish := b.load(ctx)
	err := do()
	requests, failed, first, loadErr := finish()
	if err := errors.Join(err, loadErr); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	t.Notes = append(t.Notes, fmt.Sprintf("%s: %s", what, strings.TrimSpace(fmt.Sprintf("%d requests, %d failed %s", requests, failed, first))))
	t.aim("failed requests, "+what, float64(failed), 0, "")
	return nil
}

// load begins the load; finish ends it and adds up.
func (b *back) load(ctx context.Context) (finish func() (requests, failed int64, first string, err error)) {
	ctx, cancel := context.WithCancel(ctx)
	results := make(chan load.Result, len(b.cluster.Gateways))
	failures := make(chan error, len(b.cluster.Gateways))
	for _, g := range b.cluster.Gateways {
		go func() {
			r, err := load.Open(ctx, load.Target{Address: g.Process.Address, Request: post(g.Process.Address, cluster.Path, cluster.Body)}, rollbackConns, rollbackRate, time.Hour)
			results <- r
			failures <- err
		}()
	}
	return func() (requests, failed int64, first string, err error) {
		cancel()
		for range b.cluster.Gateways {
			r := <-results
			requests, failed = requests+r.Requests, failed+r.Errors
			if r.First != "" {
				first = r.First
			}
			if e := <-failures; !errors.Is(e, context.Canceled) {
				err = errors.Join(err, e)
			}
		}
		return requests, failed, first, err
	}
}

// candidate gives version 2 all traffic, on all gateways.
func (b *back) candidate(ctx context.Context) error {
	changed, err := b.cluster.Gateways[0].Switch(ctx, cluster.Model, "2", "benchmark")
	if err != nil {
		return err
	}
	_, err = b.watch.All(ctx, changed.Traffic.Generation)
	return err
}

// manual goes back n times, at one gateway after the other.
func (b *back) manual(ctx context.Context, t *table, n int) error {
	var here, all []time.Duration
	for i := range n {
		if err := b.candidate(ctx); err != nil {
			return err
		}
		began := time.Now()
		changed, err := b.cluster.Gateways[i%rollbackGateways].Rollback(ctx, cluster.Model, 0, "benchmark")
		if err != nil {
			return err
		}
		here = append(here, time.Since(began))
		last, err := b.watch.All(ctx, changed.Traffic.Generation)
		if err != nil {
			return err
		}
		all = append(all, last.Sub(began))
	}
	t.spread("by hand", "decision → answered by the gateway that was asked, which routes by it", here)
	t.spread("by hand", "decision → routed by all five", all)
	t.aim("by hand, routed by all five, p99", milliseconds(quantile(all, .99)), 250, "ms")
	t.aim("by hand, routed by all five, max", milliseconds(slices.Max(all)), 1000, "ms")
	return nil
}

// byGuardrail lets a version become bad at 10 % and waits until it is gone.
func (b *back) byGuardrail(ctx context.Context, t *table, n int) error {
	finish := b.load(ctx)
	var detected, decided, applied, all []time.Duration
	for range n {
		began, g, walk, err := b.badCandidate(ctx)
		if err != nil {
			return fmt.Errorf("by a guardrail: %w", err)
		}
		f := walk.Fault
		if f == nil {
			return fmt.Errorf("by a guardrail: the rollout is %s without a fault: %s", walk.Status, walk.Why)
		}
		m, err := g.Model(ctx, cluster.Model)
		if err != nil {
			return err
		}
		last, err := b.watch.All(ctx, m.Traffic.Generation)
		if err != nil {
			return err
		}
		detected = append(detected, f.DetectedAt.Sub(began))
		decided = append(decided, f.DecidedAt.Sub(f.DetectedAt))
		applied = append(applied, f.AppliedAt.Sub(f.DecidedAt))
		all = append(all, last.Sub(f.DecidedAt))
	}
	requests, failed, _, err := finish()
	if err != nil {
		return err
	}
	t.spread("by a guardrail", "fault → detection", detected)
	t.spread("by a guardrail", "detection → decision", decided)
	t.spread("by a guardrail", "decision → routed by the leader", applied)
	t.spread("by a guardrail", "decision → routed by all five", all)
	t.Notes = append(t.Notes, fmt.Sprintf("By a guardrail: a version at 10 %% begins to answer everything with 500; %d requests, of which %d got that answer.", requests, failed))
	return nil
}

// spread adds a row.
func (t *table) spread(what, from string, times []time.Duration) {
	t.Rows = append(t.Rows, []string{
		what, from, fmt.Sprint(len(times)),
		number(milliseconds(quantile(times, .5))), number(milliseconds(quantile(times, .99))), number(milliseconds(slices.Max(times))),
	})
}

// quantile is the smallest value that the share q of all is not above.
func quantile(times []time.Duration, q float64) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	return sorted[max(0, int(float64(len(sorted))*q+.999999)-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
