package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/weir-gateway/weir/internal/demo"
)

func (a *app) demoCommand() *cobra.Command {
	var o demo.Options
	var log string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "The whole story on this machine: real models, real data, nothing else to install",
		Long: `Trains models on the flights out of New York in 2013, serves them, and puts a gateway in front that
shadows a version, promotes a good one, throws a bad one out and names what drifted. Fails if any act
goes otherwise. The gateway then stays up until Ctrl-C; with --fast it ends at once.`,
		Args: cobra.NoArgs,
		RunE: a.verb(func(ctx context.Context, _ []string) error {
			o.Out = a.out
			o.Live = a.terminal && a.colour
			if log != "" {
				f, err := os.Create(log)
				if err != nil {
					return usage("--log: %w", err)
				}
				defer func() { _ = f.Close() }() // a lost line of the demo's log is nobody's loss
				if o.Log, err = newLogger(f, "text", 0); err != nil {
					return err
				}
			}
			return demo.Run(ctx, o)
		}),
	}
	cmd.Flags().BoolVar(&o.Fast, "fast", false, "end after the last act")
	cmd.Flags().Uint64Var(&o.Seed, "seed", 1, "of the models' training; the same seed gives the same models")
	cmd.Flags().StringVar(&log, "log", "", "file for the gateway's own log")
	return cmd
}
