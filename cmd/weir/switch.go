package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (a *app) switchCommand() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:     "switch MODEL VERSION",
		Short:   "Give one version all traffic at once; the one before stays on standby",
		Example: "  weir switch flights 2 --reason 'green is ready'",
		Args:    cobra.ExactArgs(2),
		RunE: a.verb(func(ctx context.Context, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			changed, err := c.Switch(ctx, args[0], args[1], reason)
			if err != nil {
				return err
			}
			return a.tellChange(changed)
		}),
	}
	return a.changes(cmd, &reason)
}
