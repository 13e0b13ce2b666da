package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/weir-gateway/weir/bench/peers"
	"github.com/weir-gateway/weir/bench/proxies"
	"github.com/weir-gateway/weir/bench/stub"
)

// options of a run.
type options struct {
	rounds   int
	duration time.Duration
	conns    int
	quick    bool
	patience time.Duration // for a quiet moment before a round
	only     []string      // peers; empty: all
	shadows  []string      // states of a shadow beside healthy; empty: all
	tools    peers.Tools
	dir      string // for configurations, removed at the end
}

// benchmark is one table.
type benchmark struct {
	name string
	what string
	// alone: it measures no other proxy and needs Consul, and is run where it is named.
	alone bool
	run   func(context.Context, options) (table, error)
}

// benchmarks in the order of the report.
func benchmarks() []benchmark {
	return []benchmark{
		{"split", "90/10 over two backends: processor time a request, requests a second", false, split},
		{"mirror", "the split with every request copied, and with monitors on every request", false, mirror},
		{"latency", "what a proxy adds at half load", false, latency},
		{"streams", "2,000 streams of server-sent events: latency added, memory", false, streams},
		{"bodies", "1 MB up and down", false, bodies},
		{"large", "200 MB up, and down: growth of memory", false, large},
		{"idle", "10,000 idle connections: memory", false, idle},
		{"models", "10,000 models beside one", false, models},
		{"stale", "POSTs on connections that the server closes while they are idle", false, stale},
		{"isolation", "what a shadow that is not well costs the primary", false, isolation},
		{"rollback", "how long going back takes, on five gateways that share a Consul", true, rollbacks},
	}
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) > 1 && args[0] == "role" {
		return role(args[1], args[2:])
	}
	if len(args) > 0 && args[0] == "cluster" {
		return try(args[1:])
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	o := options{}
	flags.IntVar(&o.rounds, "rounds", 5, "rounds of each case; the median is quoted")
	flags.DurationVar(&o.duration, "duration", 5*time.Second, "of one round")
	flags.IntVar(&o.conns, "conns", 32, "client connections")
	flags.DurationVar(&o.patience, "patience", 5*time.Second, "wait so long for others to leave the machine alone before a round, and repeat a round that they disturbed; 0: never")
	flags.BoolVar(&o.quick, "quick", false, "2 rounds of 2 s, and fewer connections, streams, models and bytes: to try, not to quote")
	flags.StringVar(&o.tools.Weir, "weir", "", "a weir `binary` to measure, in place of this module's")
	flags.StringVar(&o.tools.Cache, "cache", ".cache", "the `folder` where bench/setup put Envoy")
	only := flags.String("only", "", "measure these `peers` alone, separated by commas")
	shadows := flags.String("shadows", "", "isolation: measure these `states` of a shadow alone, beside a healthy one, separated by commas")
	out := flags.String("out", "", "also write NAME.md and NAME.json for every table to this `folder`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if o.quick {
		o.rounds, o.duration, o.patience = 2, 2*time.Second, 0
	}
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	if *shadows != "" {
		o.shadows = strings.Split(*shadows, ",")
	}
	chosen, err := choose(flags.Args())
	if err != nil {
		return err
	}
	if o.dir, err = os.MkdirTemp(scratch(), "weir-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(o.dir)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if o.tools.Self, err = os.Executable(); err != nil {
		return err
	}
	if o.tools.Weir == "" {
		if o.tools.Weir, err = build(ctx, o.dir); err != nil {
			return err
		}
	}
	return o.all(ctx, chosen, *out)
}

// all runs benchmarks one after the other, and writes each one's table when it
// has it.
func (o options) all(ctx context.Context, chosen []benchmark, out string) error {
	var tables []table
	for _, b := range chosen {
		began := time.Now()
		t, err := b.run(ctx, o)
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		t.Name, t.Load, t.Took = b.name, loadAverage(), time.Since(began).Round(time.Second).String()
		if err := t.markdown(os.Stdout); err != nil {
			return err
		}
		if out != "" {
			if err := t.write(out); err != nil {
				return err
			}
		}
		tables = append(tables, t)
	}
	if out == "" {
		return nil
	}
	return writeTargets(filepath.Join(out, "targets.md"), tables)
}

// scratch is memory where there is some: 10,000 models are 20,000 durable
// writes.
func scratch() string {
	const shared = "/dev/shm"
	if s, err := os.Stat(shared); err == nil && s.IsDir() {
		return shared
	}
	return ""
}

func choose(names []string) ([]benchmark, error) {
	all := benchmarks()
	if len(names) == 0 {
		return slices.DeleteFunc(all, func(b benchmark) bool { return b.alone }), nil
	}
	var chosen []benchmark
	for _, name := range names {
		i := slices.IndexFunc(all, func(b benchmark) bool { return b.name == name })
		if i < 0 {
			var lines strings.Builder
			for _, b := range all {
				fmt.Fprintf(&lines, "\n  %-10s %s", b.name, b.what)
			}
			return nil, fmt.Errorf("no benchmark %q; there are:%s", name, lines.String())
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// role is this binary as a process that a benchmark starts.
func role(name string, args []string) error {
	if name == "stub" {
		return stub.Serve(os.Stdin, os.Stdout)
	}
	if len(args) != 2 {
		return fmt.Errorf("role %s: an address and a job", name)
	}
	var j peers.Job
	if err := json.Unmarshal([]byte(args[1]), &j); err != nil {
		return err
	}
	switch name {
	case peers.NameNetHTTP:
		return proxies.NetHTTP(args[0], j)
	case peers.NameFastHTTP:
		return proxies.FastHTTP(args[0], j)
	}
	return fmt.Errorf("no role %q", name)
}

// build compiles weir as it stands in this module.
func build(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "weir")
	output, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/weir-gateway/weir/cmd/weir").CombinedOutput() //nolint:gosec // a path of our own
	if err != nil {
		return "", fmt.Errorf("build weir: %w: %s", err, output)
	}
	return binary, nil
}
