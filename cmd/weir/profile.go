package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-gateway/weir/monitor"
	"github.com/weir-gateway/weir/registry"
)

func (a *app) profileCommand() *cobra.Command {
	return a.group("profile", "Reference profiles: what inputs and outputs looked like in training, or in a live window",
		a.profileBuildCommand(),
		a.profileMergeCommand(),
		a.profileShowCommand(),
	)
}

// profileSource is where profile build takes its rows from.
type profileSource struct {
	model, version string // a live window
	columns        []string
	delimiter      string
	out            string
	options        monitor.ProfileOptions
}

func (a *app) profileBuildCommand() *cobra.Command {
	var p profileSource
	cmd := &cobra.Command{
		Use:   "build FILE | build --model MODEL --version VERSION",
		Short: "Make a reference profile from a CSV or Parquet file, or from a version's live window",
		Long: `Makes a reference profile and writes it to --out, or to standard output. From a CSV file with a heading
row, or a Parquet file ("-" is standard input, the first bytes decide): every column becomes a feature, an
input unless --output names it. With --model and --version: from what that version's monitor saw in its window.`,
		Example: `  weir profile build train.csv --output late --categorical hour --out profile.json
  weir profile build train.parquet --output late --out profile.json
  weir profile build --model flights --version 2 --out profile.json`,
		Args: cobra.MaximumNArgs(1),
		RunE: a.verb(func(ctx context.Context, args []string) error {
			data, err := a.buildProfile(ctx, args, p)
			if err != nil {
				return err
			}
			return a.writeProfile(data, p.out)
		}),
	}
	f := cmd.Flags()
	f.StringVar(&p.model, "model", "", "take the live window of this model's version")
	f.StringVar(&p.version, "version", "", "the version, with --model")
	f.StringArrayVar(&p.options.Outputs, "output", nil, "column that the model answers with; may be repeated")
	f.StringArrayVar(&p.options.Ignore, "ignore", nil, "column to leave out; may be repeated")
	f.StringArrayVar(&p.options.Categorical, "categorical", nil, "column of numbers that are names; may be repeated")
	f.StringArrayVar(&p.options.Text, "text", nil, "column of text to be described by numbers; may be repeated")
	f.StringArrayVar(&p.options.Embeddings, "embedding", nil, "column of JSON lists of numbers, likewise; may be repeated")
	f.StringArrayVar(&p.options.Slices, "slice", nil, "input column whose first 8 values get a reference of their own; may be repeated")
	f.StringArrayVar(&p.columns, "rename", nil, "COLUMN=FEATURE where the names differ; may be repeated")
	f.StringArrayVar(&p.options.Missing, "missing", nil, "text that means missing; may be repeated (default empty, NA, NaN, null, None)")
	f.StringVar(&p.delimiter, "delimiter", ",", "one character between the columns")
	f.StringVar(&p.options.Source, "source", "", "where the rows are from, kept in the profile for people (default: the file's name)")
	f.StringVar(&p.out, "out", "-", "file to write, - for standard output")
	return a.talks(cmd)
}

func (a *app) buildProfile(ctx context.Context, args []string, p profileSource) ([]byte, error) {
	if live := p.model != "" || p.version != ""; live != (len(args) == 0) || live && (p.model == "" || p.version == "") {
		return nil, usage("give either a CSV or Parquet file, or both --model and --version")
	}
	if len(args) == 0 {
		c, err := a.client()
		if err != nil {
			return nil, err
		}
		return c.LiveProfile(ctx, p.model, p.version)
	}
	delimiter, err := oneCharacter(p.delimiter)
	if err != nil {
		return nil, err
	}
	p.options.Delimiter = delimiter
	if p.options.Columns, err = renames(p.columns); err != nil {
		return nil, err
	}
	input, name, err := a.open(args[0])
	if err != nil {
		return nil, err
	}
	defer func() { _ = input.Close() }() // only read
	if p.options.Source == "" {
		p.options.Source = name
	}
	profile, err := monitor.BuildProfile(input, p.options)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return profile.Encode()
}

// open opens a file for reading; "-" is standard input.
func (a *app) open(name string) (io.ReadCloser, string, error) {
	if name == "-" {
		return io.NopCloser(a.in), "standard input", nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, "", usage("%w", err)
	}
	return f, name, nil
}

func (a *app) writeProfile(data []byte, name string) error {
	profile, err := monitor.DecodeProfile(data)
	if err != nil {
		return err
	}
	if name == "-" {
		a.printf("%s\n", strings.TrimSpace(string(data)))
		return nil
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		return err
	}
	slices := ""
	if n := len(profile.Slices); n > 0 {
		slices = fmt.Sprintf(", and of %d slices", n)
	}
	a.printf("wrote %s: %d features of %d rows%s\n", name, len(profile.Features), profile.Rows, slices)
	return nil
}

func (a *app) profileShowCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show FILE | show DIGEST",
		Short: "Show a profile from a file, or one of the registry by its digest",
		Args:  cobra.ExactArgs(1),
		RunE: a.verb(func(ctx context.Context, args []string) error {
			data, err := a.loadProfile(ctx, args[0])
			if err != nil {
				return err
			}
			profile, err := monitor.DecodeProfile(data)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if a.asJSON {
				return a.printJSON(profile)
			}
			a.printf("%s rows from %s, made %s\n", strconv.FormatUint(profile.Rows, 10), orDash(profile.Source), moment(profile.Created))
			a.table(profileRows(profile))
			return nil
		}),
	}
	return a.reads(cmd)
}

func (a *app) loadProfile(ctx context.Context, name string) ([]byte, error) {
	if registry.IsDigest(name) {
		c, err := a.client()
		if err != nil {
			return nil, err
		}
		return c.Profile(ctx, name)
	}
	data, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, usage("there is no file %s; give a profile's file or its digest, sha256:…", name)
	}
	return data, err
}

func profileRows(p *monitor.Profile) [][]string {
	rows := [][]string{{"FEATURE", "ROLE", "KIND", "COUNT", "MISSING", "DISTRIBUTION"}}
	for _, f := range p.Features {
		all := f.Count + f.Missing + f.Invalid
		missing := ""
		if all > 0 {
			missing = strconv.FormatFloat(100*float64(f.Missing)/float64(all), 'f', 1, 64) + " %"
		}
		rows = append(rows, []string{f.Name, f.Role, f.Kind, strconv.FormatUint(f.Count, 10), missing, distribution(f)})
	}
	return rows
}

// distribution is one line about a feature's values.
func distribution(f monitor.ProfileFeature) string {
	if n := f.Numeric; n != nil {
		return fmt.Sprintf("mean %.4g ± %.4g, from %.4g to %.4g", n.Mean, n.StdDev, n.Min, n.Max)
	}
	c := f.Categorical
	if c == nil || f.Count == 0 {
		return ""
	}
	const most = 4
	var parts []string
	for i, k := range c.Categories {
		if i == most {
			parts = append(parts, fmt.Sprintf("and %d more", len(c.Categories)-most))
			break
		}
		parts = append(parts, fmt.Sprintf("%s %.1f %%", k.Value, 100*float64(k.Count)/float64(f.Count)))
	}
	return strings.Join(parts, ", ")
}
