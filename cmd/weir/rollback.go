package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (a *app) rollbackCommand() *cobra.Command {
	var reason string
	var to uint64
	cmd := &cobra.Command{
		Use:   "rollback MODEL",
		Short: "Bring an older traffic back, as a new generation",
		Long: `Brings back the last settled traffic (one version with 100 %) that differs from now, or that of the
generation given with --to. Rolling back twice goes back further; it never toggles.`,
		Example: "  weir rollback flights --reason 'pager 4711'\n  weir rollback flights --to 12",
		Args:    cobra.ExactArgs(1),
		RunE: a.verb(func(ctx context.Context, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			changed, err := c.Rollback(ctx, args[0], to, reason)
			if err != nil {
				return err
			}
			return a.tellChange(changed)
		}),
	}
	cmd.Flags().Uint64Var(&to, "to", 0, "the generation whose content to bring back (default: the last settled one that differs)")
	return a.changes(cmd, &reason)
}
