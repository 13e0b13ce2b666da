package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/weir-gateway/weir/bench/cluster"
	"github.com/weir-gateway/weir/bench/load"
)

// tryPlan is a rollout that takes a minute or two at the load of try.
const tryPlan = `    rollout:
      automation: supervised
      steps: [{weight: 10, min_requests: 100}, {weight: 50, min_requests: 200, approve: true}]
      guardrails: [{metric: errors, margin: 5}]
      bake: 30s
`

// tryRate is how many requests a second each gateway gets.
const tryRate = 20

// try runs five gateways on a Consul until Ctrl-C, with requests to all, and says
// what there is to try.
func try(args []string) error {
	flags := flag.NewFlagSet("bench cluster", flag.ContinueOnError)
	cache := flags.String("cache", ".cache", "the `folder` where make consul put Consul, under bin")
	port := flags.Int("port", 8000, "gateway n listens at `port`+n, its admin API at 1000 more")
	if err := flags.Parse(args); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, err := os.MkdirTemp("", "weir-cluster-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary, err := build(ctx, dir)
	if err != nil {
		return err
	}
	c, err := cluster.Start(ctx, cluster.Options{
		Weir: binary, Consul: filepath.Join(*cache, "bin", "consul"), Dir: dir, Gateways: rollbackGateways, Settings: tryPlan, FirstPort: *port,
	})
	if err != nil {
		return err
	}
	defer c.Close()
	for _, g := range c.Gateways {
		go func() {
			target := load.Target{Address: g.Process.Address, Request: post(g.Process.Address, cluster.Path, cluster.Body)}
			for ctx.Err() == nil { // a gateway that was killed may come back
				_, err := load.Open(ctx, target, 2, tryRate, time.Minute)
				if err != nil && !errors.Is(err, context.Canceled) {
					<-time.After(time.Second)
				}
			}
		}()
	}
	printTry(c, binary, dir)
	<-ctx.Done()
	return nil
}

func printTry(c *cluster.Cluster, binary, dir string) {
	fmt.Printf("\nFive gateways on one Consul (process %d), versions 1 and 2 of %s, %d requests a second to each. Ctrl-C ends all.\n\n", c.ConsulPID(), cluster.Model, tryRate)
	for i, g := range c.Gateways {
		fmt.Printf("  gateway %d  http://%s  admin http://%s  process %d\n", i+1, g.Process.Address, g.Admin, g.PID())
	}
	fmt.Printf(`
In another shell:

  export WEIR_ADMIN=http://%[1]s
  alias weir=%[2]s
  weir status %[3]s --watch            # who routes by what, and who leads
  weir switch %[3]s 2 --reason try
  weir rollback %[3]s --wait           # on all five
  weir rollout start %[3]s 2           # at the leader: status names it
  kill -9 PROCESS                         # the leader's; another leads within 20 s
  %[2]s serve --config %[4]s/gateway-1/weir.yaml      # and gateway 1 is back
  kill -9 %[5]d                        # Consul
  weir rollback %[3]s                  # works all the same, at each gateway that is asked; then Consul again:
  %[6]s

docs/cluster.md goes through it step by step.
`, c.Gateways[0].Admin, binary, cluster.Model, dir, c.ConsulPID(), c.ConsulCommand())
}
