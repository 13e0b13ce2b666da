package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-gateway/weir/monitor"
)

// backtestSource is what weir backtest runs over what.
type backtestSource struct {
	reference, stream  string
	columns            []string
	delimiter          string
	every              float64
	seed               uint64
	missing, outputs   []string
	ignore, categories []string
	texts, embeddings  []string
}

func (a *app) backtestCommand() *cobra.Command {
	var s backtestSource
	cmd := &cobra.Command{
		Use:   "backtest --reference FILE --stream FILE",
		Short: "Which alarm would have rung at which row of a recorded CSV or Parquet file",
		Long: `Runs the detectors of a gateway over recorded rows in their order and says which alarm would have rung at
which row (from 1). --reference is a table, or a profile that weir profile build made; --stream is a table,
"-" is standard input. A table is CSV with a heading row, or Parquet; its first bytes decide.`,
		Example: `  weir backtest --reference january.csv --stream year.csv --output late --false-alarm-every 100000
  weir backtest --reference profile.json --stream year.csv --json`,
		Args: cobra.NoArgs,
		RunE: a.verb(func(_ context.Context, _ []string) error {
			b, err := a.runBacktest(s)
			if err != nil {
				return err
			}
			if a.asJSON {
				return a.printJSON(b)
			}
			a.showBacktest(b)
			return nil
		}),
	}
	f := cmd.Flags()
	f.StringVar(&s.reference, "reference", "", "CSV or Parquet file, or profile, of the rows that are as they should be")
	f.StringVar(&s.stream, "stream", "", "CSV or Parquet file of the recorded rows, in order")
	f.Float64Var(&s.every, "false-alarm-every", 1e6, "mean rows between false alarms, over all features together")
	f.StringArrayVar(&s.outputs, "output", nil, "column that the model answers with; may be repeated")
	f.StringArrayVar(&s.ignore, "ignore", nil, "column to leave out of the reference; may be repeated")
	f.StringArrayVar(&s.categories, "categorical", nil, "column of numbers that are names; may be repeated")
	f.StringArrayVar(&s.texts, "text", nil, "column of text to be described by numbers; may be repeated")
	f.StringArrayVar(&s.embeddings, "embedding", nil, "column of JSON lists of numbers, likewise; may be repeated")
	f.StringArrayVar(&s.columns, "rename", nil, "COLUMN=FEATURE of the stream where the names differ; may be repeated")
	f.StringArrayVar(&s.missing, "missing", nil, "text that means missing; may be repeated (default empty, NA, NaN, null, None)")
	f.StringVar(&s.delimiter, "delimiter", ",", "one character between the columns")
	f.Uint64Var(&s.seed, "seed", 0, "of the ranks drawn at ties")
	f.BoolVar(&a.asJSON, "json", false, "print JSON")
	return cmd
}

func (a *app) runBacktest(s backtestSource) (*monitor.Backtest, error) {
	if s.reference == "" || s.stream == "" {
		return nil, usage("give both --reference FILE and --stream FILE")
	}
	if s.reference == "-" && s.stream == "-" {
		return nil, usage("only one of --reference and --stream can be standard input")
	}
	if !(s.every >= 1 && s.every <= 1e15) {
		return nil, usage("--false-alarm-every must be from 1 to 1e15 rows, not %v", s.every)
	}
	delimiter, err := oneCharacter(s.delimiter)
	if err != nil {
		return nil, err
	}
	columns, err := renames(s.columns)
	if err != nil {
		return nil, err
	}
	profile, err := a.referenceProfile(s, delimiter)
	if err != nil {
		return nil, err
	}
	stream, name, err := a.open(s.stream)
	if err != nil {
		return nil, err
	}
	defer func() { _ = stream.Close() }() // only read
	b, err := monitor.RunBacktest(profile, stream, monitor.BacktestOptions{
		FalseAlarmEvery: s.every, Columns: columns, Missing: s.missing, Delimiter: delimiter, Seed: s.seed,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

// referenceProfile reads a profile, or makes one of a table.
func (a *app) referenceProfile(s backtestSource, delimiter rune) (*monitor.Profile, error) {
	input, name, err := a.open(s.reference)
	if err != nil {
		return nil, err
	}
	defer func() { _ = input.Close() }() // only read
	b := bufio.NewReader(input)
	var profile *monitor.Profile
	if first, _ := b.Peek(1); string(first) == "{" { // an error comes again below
		data, err := io.ReadAll(b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		profile, err = monitor.DecodeProfile(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return profile, nil
	}
	profile, err = monitor.BuildProfile(fromStart(input, b), monitor.ProfileOptions{
		Source: name, Outputs: s.outputs, Ignore: s.ignore, Categorical: s.categories, Text: s.texts, Embeddings: s.embeddings, Missing: s.missing, Delimiter: delimiter,
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return profile, nil
}

// fromStart is a file from its start again, so that Parquet can be read in place, or
// what was looked into where the input is none.
func fromStart(input io.Reader, looked *bufio.Reader) io.Reader {
	if file, ok := input.(io.ReadSeeker); ok {
		if _, err := file.Seek(0, io.SeekStart); err == nil {
			return file
		}
	}
	return looked
}

// renames reads the values of --rename.
func renames(texts []string) (map[string]string, error) {
	columns := map[string]string{}
	for _, text := range texts {
		column, feature, ok := strings.Cut(text, "=")
		if !ok || column == "" || feature == "" {
			return nil, usage("--rename %q is not COLUMN=FEATURE", text)
		}
		columns[column] = feature
	}
	return columns, nil
}

func (a *app) showBacktest(b *monitor.Backtest) {
	if len(b.Alarms) > 0 {
		rows := [][]string{{"ROW", "FEATURE", "KIND", "BEGAN ABOUT", "DIRECTION", "SIZE", "EVIDENCE", "CATEGORY"}}
		for _, r := range b.Alarms {
			rows = append(rows, []string{
				strconv.FormatUint(r.At, 10), r.Feature, r.Kind, strconv.FormatUint(r.BeganAbout, 10), r.Direction,
				fmt.Sprintf("%+.3g (%+.3g to %+.3g)", r.Size.Value, r.Size.Low, r.Size.High), fmt.Sprintf("10^%.1f", r.EvidenceLog10), r.Category,
			})
		}
		a.table(rows)
	}
	a.printf("%d alarms in %d rows; without a change one is to be expected in %.0f rows or more, over %d detectors of %d features\n",
		len(b.Alarms), b.Observations, b.Guarantee.MeanObservations, b.Guarantee.Detectors, len(b.Watched))
	for _, l := range []struct {
		words string
		names []string
	}{
		{"not in the stream, so missing in every row", b.Absent},
		{"not in the reference, so not looked at", b.Unexpected},
		{"without detectors, as the reference has fewer than 100 values", b.Unwatched},
	} {
		if len(l.names) > 0 {
			a.printf("%s %s: %s\n", a.yellow("note:"), l.words, strings.Join(l.names, ", "))
		}
	}
}
