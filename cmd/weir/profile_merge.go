package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/weir-gateway/weir/monitor"
)

func (a *app) profileMergeCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "merge FILE-OR-DIGEST FILE-OR-DIGEST…",
		Short: "Make one reference profile of several of the same columns",
		Long: `Makes one profile of two or more, such as those of a month each, as if it were built from all their rows.
Counts, moments, ranges and categories are exact. Distributions of numbers are known at up to 257 points a
profile; between them rows are taken as spread evenly, which misplaces about one row in 256 at most.`,
		Example: `  weir profile merge january.json february.json --out winter.json`,
		Args:    cobra.MinimumNArgs(2),
		RunE: a.verb(func(ctx context.Context, args []string) error {
			var profiles []*monitor.Profile
			for _, name := range args {
				data, err := a.loadProfile(ctx, name)
				if err != nil {
					return err
				}
				p, err := monitor.DecodeProfile(data)
				if err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
				profiles = append(profiles, p)
			}
			merged, err := monitor.MergeProfiles(profiles)
			if err != nil {
				return err
			}
			data, err := merged.Encode()
			if err != nil {
				return err
			}
			return a.writeProfile(data, out)
		}),
	}
	cmd.Flags().StringVar(&out, "out", "-", "file to write, - for standard output")
	return a.talks(cmd)
}
