package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/weir-gateway/weir/admin/api"
)

func (a *app) splitCommand() *cobra.Command {
	var stable, reason string
	cmd := &cobra.Command{
		Use:     "split MODEL VERSION=PER-CENT…",
		Short:   "Divide a model's live traffic between versions",
		Example: "  weir split flights 2=95 3=5 --reason 'first look at 3'",
		Args:    cobra.MinimumNArgs(2),
		RunE: a.verb(func(ctx context.Context, args []string) error {
			arms, err := parseArms(args[1:])
			if err != nil {
				return err
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			changed, err := c.Split(ctx, args[0], arms, stable, reason)
			if err != nil {
				return err
			}
			return a.tellChange(changed)
		}),
	}
	cmd.Flags().StringVar(&stable, "stable", "", "the version that serves by default (default: the present one while it is an arm, otherwise the largest arm)")
	return a.changes(cmd, &reason)
}

// tellChange prints what a change of traffic came to.
func (a *app) tellChange(c api.Changed) error {
	if a.asJSON {
		return a.printJSON(c)
	}
	t := c.Traffic
	if c.Interim {
		a.printf("%s %s\n%s by this gateway after %s\n%s\n", t.Model, describeTraffic(&t), a.green("routed"), seconds(c.Took), a.yellow(c.Note))
		return nil
	}
	a.printf("%s generation %d: %s\n", t.Model, t.Generation, describeTraffic(&t))
	if c.Routed {
		a.printf("%s after %s\n", a.green("routed"), seconds(c.Took))
		return nil
	}
	a.printf("%s\n", a.yellow(c.Note))
	return nil
}
