package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/weir-gateway/weir/registry"
)

func (a *app) diffCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "diff MODEL VERSION VERSION",
		Short: "What changed between two versions: code, data, parameters, profile",
		Args:  cobra.ExactArgs(3),
		RunE: a.verb(func(ctx context.Context, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			diff, err := c.Diff(ctx, args[0], args[1], args[2])
			if err != nil {
				return err
			}
			if a.asJSON {
				return a.printJSON(diff)
			}
			if len(diff.Changes) == 0 {
				a.printf("%s versions %s and %s are registered alike\n", diff.Model, diff.From, diff.To)
				return nil
			}
			rows := [][]string{{"WHAT", "NAME", "IN " + diff.From, "IN " + diff.To}}
			for _, change := range diff.Changes {
				rows = append(rows, []string{change.What, change.Name, shorten(change.From), shorten(change.To)})
			}
			a.table(rows)
			return nil
		}),
	}
	return a.reads(cmd)
}

// shorten makes a value fit a column: a digest to what tells it from others; --json has the whole.
func shorten(value string) string {
	const digest = len("sha256:") + 12
	if registry.IsDigest(value) {
		return value[:digest] + "…"
	}
	return oneLine(value)
}
