package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) rollbackCommand() *cobra.Command {
	var reason string
	var to uint64
	var wait time.Duration
	cmd := &cobra.Command{
		Use:   "rollback MODEL",
		Short: "Bring an older traffic back, as a new generation",
		Long: `Brings back the last settled traffic (one version with 100 %) that differs from now, or that of the
generation given with --to. Rolling back twice goes back further; it never toggles.

It is done once the gateway that is asked routes by it. With --wait it waits for all gateways that share the
registry, names those that do not route by it after that time, and then fails.`,
		Example: "  weir rollback flights --reason 'pager 4711'\n  weir rollback flights --to 12 --wait=30s",
		Args:    cobra.ExactArgs(1),
		RunE: a.verb(func(ctx context.Context, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			changed, err := c.RollbackEverywhere(ctx, args[0], to, reason, wait)
			if err != nil {
				return err
			}
			if err := a.tellChange(changed); err != nil || wait == 0 {
				return err
			}
			return a.tellEverywhere(changed)
		}),
	}
	cmd.Flags().Uint64Var(&to, "to", 0, "the generation whose content to bring back (default: the last settled one that differs)")
	cmd.Flags().DurationVar(&wait, "wait", 0, "wait so long for all gateways that share the registry; --wait alone: 10s")
	cmd.Flags().Lookup("wait").NoOptDefVal = "10s"
	return a.changes(cmd, &reason)
}
