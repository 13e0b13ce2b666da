package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/weir-gateway/weir/admin/client"
	"github.com/weir-gateway/weir/rollout"
)

func (a *app) rolloutCommand() *cobra.Command {
	return a.group("rollout", "Walk a new version to 100 %, judged at every step",
		a.rolloutStartCommand(),
		a.rolloutStatusCommand(),
		a.rolloutVerb("pause", "Stop steps forward; guardrails still go back", false, (*client.Client).PauseRollout),
		a.rolloutVerb("resume", "Go on after a pause or a hold", true, (*client.Client).ResumeRollout),
		a.rolloutVerb("approve", "Say yes to the step that waits for a person", true, (*client.Client).ApproveRollout),
		a.rolloutVerb("abort", "Give all traffic back to the stable version at once", false, (*client.Client).AbortRollout),
	)
}

func (a *app) rolloutStartCommand() *cobra.Command {
	var o rolloutOverrides
	var reason string
	var wait bool
	cmd := &cobra.Command{
		Use:   "start MODEL VERSION",
		Short: "Begin a rollout, by the plan of the configuration but for what the flags say",
		Example: `  weir rollout start flights 3 --reason 'retrained on March' --wait
  weir rollout start flights 3 --automation automatic --step 1:500:1m --step 10:2000 --step 50::10m:approve`,
		Args: cobra.ExactArgs(2),
	}
	o.flags(cmd)
	cmd.Flags().BoolVar(&wait, "wait", false, waitHelp)
	cmd.RunE = a.verb(func(ctx context.Context, args []string) error {
		request, err := o.request(cmd.Flags().Changed)
		if err != nil {
			return err
		}
		request.Version, request.Reason = args[1], reason
		c, err := a.client()
		if err != nil {
			return err
		}
		walk, err := c.StartRollout(ctx, args[0], request)
		if err != nil {
			return err
		}
		if wait {
			return a.follow(ctx, c, walk)
		}
		return a.showRollout(walk)
	})
	return a.changes(cmd, &reason)
}

const waitHelp = "follow it until it ends (exit code 0 promoted, 3 rolled back) or waits for a person (4)"

func (a *app) rolloutStatusCommand() *cobra.Command {
	var wait bool
	cmd := &cobra.Command{
		Use:   "status MODEL",
		Short: "Where the rollout stands, and why it waits or went back",
		Args:  cobra.ExactArgs(1),
		RunE: a.verb(func(ctx context.Context, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			walk, err := c.Rollout(ctx, args[0])
			if err != nil {
				return err
			}
			if wait {
				return a.follow(ctx, c, walk)
			}
			return a.showRollout(walk)
		}),
	}
	cmd.Flags().BoolVar(&wait, "wait", false, waitHelp)
	return a.reads(cmd)
}

// rolloutVerb is one of the words that a person says to a walk.
func (a *app) rolloutVerb(name, short string, follows bool,
	say func(c *client.Client, ctx context.Context, model, reason string) (rollout.Rollout, error),
) *cobra.Command {
	var reason string
	var wait bool
	cmd := &cobra.Command{
		Use:   name + " MODEL",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE: a.verb(func(ctx context.Context, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			walk, err := say(c, ctx, args[0], reason)
			if err != nil {
				return err
			}
			if wait {
				return a.follow(ctx, c, walk)
			}
			return a.showRollout(walk)
		}),
	}
	if follows {
		cmd.Flags().BoolVar(&wait, "wait", false, waitHelp)
	}
	return a.changes(cmd, &reason)
}

func (a *app) showRollout(walk rollout.Rollout) error {
	if a.asJSON {
		return a.printJSON(walk)
	}
	for _, line := range a.rolloutLines(walk) {
		a.printf("%s\n", line)
	}
	return nil
}
