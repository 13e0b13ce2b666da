package main

import (
	"context"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-gateway/weir/internal/demo"
)

func (a *app) demoCommand() *cobra.Command {
	var o demo.Options
	var log, export string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "The whole story on this machine: real models, real data, nothing else to install",
		Long: `Trains models on the flights out of New York in 2013, serves them, and puts a gateway in front that
shadows a version, promotes a good one, throws a bad one out and names what drifted. Fails if any act
goes otherwise. The gateway then stays up until Ctrl-C; with --fast it ends at once.

With --export FOLDER it tells no story and writes the flights as CSV files: January to April as reference.csv,
May to August as stream.csv and week by week, and the same flights shuffled. docs/walkthrough.md uses them.`,
		Args: cobra.NoArgs,
		RunE: a.verb(func(ctx context.Context, _ []string) error {
			if export != "" {
				return a.exportFlights(export, o.Seed)
			}
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
	cmd.Flags().Uint64Var(&o.Seed, "seed", 1, "of the models' training, or of --export's shuffling; the same seed gives the same")
	cmd.Flags().StringVar(&log, "log", "", "file for the gateway's own log")
	cmd.Flags().StringVar(&export, "export", "", "folder to write the flights into, instead")
	return cmd
}

func (a *app) exportFlights(folder string, seed uint64) error {
	names, err := demo.Export(folder, seed)
	if err != nil {
		return err
	}
	a.printf("%d files in %s: %s\n", len(names), folder, strings.Join(names, ", "))
	return nil
}
