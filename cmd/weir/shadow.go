package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (a *app) shadowCommand() *cobra.Command {
	var reason string
	var none bool
	cmd := &cobra.Command{
		Use:   "shadow MODEL VERSION=SAMPLE…",
		Short: "Send copies of the requests to versions whose answers nobody gets",
		Long: `Makes exactly the given versions shadows of the model: each gets copies of the share SAMPLE
(above 0, at most 1; 1 where it is left out) of the requests. --none ends all shadowing.`,
		Example: "  weir shadow flights 4=0.25\n  weir shadow flights --none",
		Args:    cobra.MinimumNArgs(1),
		RunE: a.verb(func(ctx context.Context, args []string) error {
			shadows, err := parseShadows(args[1:])
			if err != nil {
				return err
			}
			if none == (len(shadows) > 0) {
				return usage("give either the versions to send copies to, as in 4=0.25, or --none")
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			changed, err := c.Shadow(ctx, args[0], shadows, reason)
			if err != nil {
				return err
			}
			return a.tellChange(changed)
		}),
	}
	cmd.Flags().BoolVar(&none, "none", false, "end all shadowing of the model")
	return a.changes(cmd, &reason)
}
