package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-gateway/weir/registry"
)

func (a *app) historyCommand() *cobra.Command {
	var limit int
	cmd := &cobra.Command{
		Use:   "history MODEL",
		Short: "What served when, by whom and why",
		Args:  cobra.ExactArgs(1),
		RunE: a.verb(func(ctx context.Context, args []string) error {
			if limit < 1 {
				return usage("--limit must be at least 1")
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			history, err := c.History(ctx, args[0], limit)
			if err != nil {
				return err
			}
			if a.asJSON {
				return a.printJSON(history)
			}
			if len(history.Generations) == 0 {
				a.printf("%s has had no traffic yet\n", args[0])
				return nil
			}
			rows := [][]string{{"GENERATION", "TIME", "TRAFFIC", "CAUSE", "BY", "REASON"}}
			for i := range history.Generations {
				rows = append(rows, historyRow(&history.Generations[i]))
			}
			a.table(rows)
			return nil
		}),
	}
	cmd.Flags().IntVar(&limit, "limit", 20, "how many generations to show, newest first")
	return a.reads(cmd)
}

func historyRow(t *registry.Traffic) []string {
	cause := t.Cause
	if t.Restores != 0 {
		cause = strings.TrimSpace(cause + " rollback to " + strconv.FormatUint(t.Restores, 10))
	}
	return []string{
		strconv.FormatUint(t.Generation, 10), moment(t.Time), describeTraffic(t), cause, t.Actor, oneLine(t.Reason),
	}
}
