package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/weir-gateway/weir/monitor/drift"
	"github.com/weir-gateway/weir/monitor/report"
)

// reportSource is what weir report compares.
type reportSource struct {
	reference, current string
	rules, delimiter   string
	options            report.Options
}

func (a *app) reportCommand() *cobra.Command {
	var s reportSource
	var l liveReport
	cmd := &cobra.Command{
		Use:   "report MODEL | report --reference FILE --current FILE",
		Short: "What is running beside its reference; or two CSV or Parquet files, exactly, with no gateway",
		Long: `With MODEL: the window of what a gateway sees of its stable version, or of --version, beside the version's
reference: drift, alarms, quality, load, and where the version comes from.

With two files: compares two tables, CSV with heading rows or Parquet ("-" is standard input for one of them): drift scores by the rules
of Evidently, NannyML or SageMaker, each with what it would be if nothing had changed, and what is wrong
with the data. Every value counts; nothing is sampled.`,
		Example: `  weir report --reference train.csv --current today.csv
  weir report flights --version 3 --json
  weir report --reference train.csv --current today.csv --rules nannyml --json`,
		Args: cobra.MaximumNArgs(1),
		RunE: a.verb(func(ctx context.Context, args []string) error {
			switch files := s.reference != "" || s.current != ""; {
			case len(args) == 1 && files:
				return usage("give either MODEL or --reference and --current, not both")
			case len(args) == 1:
				return a.reportModel(ctx, args[0], l)
			case l.version != "" || l.slice != "":
				return usage("--version and --slice are of a MODEL: name one")
			}
			r, err := a.compareFiles(s)
			if err != nil {
				return err
			}
			if a.asJSON || l.format == "json" {
				return a.printJSON(r)
			}
			a.showReport(r)
			return nil
		}),
	}
	f := cmd.Flags()
	f.StringVar(&s.reference, "reference", "", "CSV or Parquet file of the rows to compare with")
	f.StringVar(&s.current, "current", "", "CSV or Parquet file of the rows to judge")
	f.StringVar(&s.rules, "rules", string(drift.Evidently), "whose bins, conventions and thresholds: evidently, nannyml or sagemaker")
	f.StringArrayVar(&s.options.Ignore, "ignore", nil, "column to leave out; may be repeated")
	f.StringArrayVar(&s.options.Categorical, "categorical", nil, "column of numbers that are names; may be repeated")
	f.StringArrayVar(&s.options.Missing, "missing", nil, "text that means missing; may be repeated (default empty, NA, NaN, null, None)")
	f.StringVar(&s.delimiter, "delimiter", ",", "one character between the columns")
	f.StringVar(&l.version, "version", "", "the version, with MODEL (default: the stable one)")
	f.StringVar(&l.slice, "slice", "", "the slice, with MODEL, as in origin=JFK (default: all rows)")
	f.StringVar(&l.format, "format", "text", "text or json")
	return a.reads(cmd)
}

func (a *app) compareFiles(s reportSource) (*report.Report, error) {
	if s.reference == "" || s.current == "" {
		return nil, usage("give a MODEL, or give both --reference FILE and --current FILE")
	}
	if s.reference == "-" && s.current == "-" {
		return nil, usage("only one of --reference and --current can be standard input")
	}
	rules, err := drift.ParseRules(s.rules)
	if err != nil {
		return nil, usage("--rules: %w", err)
	}
	s.options.Rules = rules
	if s.options.Delimiter, err = oneCharacter(s.delimiter); err != nil {
		return nil, err
	}
	reference, name, err := a.open(s.reference)
	if err != nil {
		return nil, err
	}
	defer func() { _ = reference.Close() }() // only read
	s.options.Reference = name
	current, name, err := a.open(s.current)
	if err != nil {
		return nil, err
	}
	defer func() { _ = current.Close() }() // only read
	s.options.Current = name
	return report.Compare(reference, current, s.options)
}

// oneCharacter reads a --delimiter.
func oneCharacter(text string) (rune, error) {
	delimiter, size := utf8.DecodeRuneInString(text)
	if size == 0 || size != len(text) {
		return 0, usage("--delimiter must be one character, not %q", text)
	}
	return delimiter, nil
}

func (a *app) showReport(r *report.Report) {
	d := r.Dataset
	a.printf("%s rows of %s against %s rows of %s, by the rules of %s\n",
		strconv.FormatUint(d.Current.Rows, 10), d.Current.Name, strconv.FormatUint(d.Reference.Rows, 10), d.Reference.Name, r.Rules)
	rows := [][]string{{"FEATURE", "KIND", "REFERENCE", "CURRENT", "MISSING", "METHOD", "VALUE", "IF UNCHANGED", "P", "VERDICT"}}
	for _, f := range r.Features {
		rows = append(rows, featureRows(&f)...)
	}
	a.table(rows)
	verdict := a.green("no drift")
	if d.Drifted {
		verdict = a.red("drift")
	}
	a.printf("%s: %d of %d compared columns have drifted; half makes a data set drift\n", verdict, d.DriftedCount, d.Compared)
	for _, i := range r.Quality.Issues {
		a.printf("%s %s: %s\n", a.yellow("quality:"), i.Feature, i.Detail)
	}
}

// featureRows shows the score that decides, and PSI beside it.
func featureRows(f *report.Feature) (rows [][]string) {
	first := []string{f.Name, f.Kind, sideText(f.Reference), sideText(f.Current), missingText(f)}
	scores := slices.Clone(f.Scores)
	slices.SortStableFunc(scores, func(a, b drift.Score) int {
		switch {
		case a.Default == b.Default:
			return 0
		case a.Default:
			return -1
		}
		return 1
	})
	for _, s := range scores {
		if !s.Default && s.Method != "psi" {
			continue
		}
		p, verdict := "", ""
		if s.PValue != nil {
			p = fmt.Sprintf("%.3g", *s.PValue)
		}
		if s.Drifted != nil && s.Default {
			verdict = "same"
			if *s.Drifted {
				verdict = "drifted"
			}
		}
		rows = append(rows, append(first, s.Method, fmt.Sprintf("%.4g", s.Value), fmt.Sprintf("%.2g", s.NullExpected), p, verdict))
		first = []string{" ", " ", " ", " ", " "}
	}
	if len(rows) == 0 {
		rows = append(rows, append(first, "", "", "", "", "not compared"))
	}
	return rows
}

func missingText(f *report.Feature) string {
	if f.Reference == nil || f.Current == nil {
		return ""
	}
	return fmt.Sprintf("%.1f → %.1f %%", 100*f.Reference.MissingShare, 100*f.Current.MissingShare)
}

func sideText(s *report.Side) string {
	switch {
	case s == nil:
		return "no such column"
	case s.Mean != nil:
		return fmt.Sprintf("%.4g ± %.4g", *s.Mean, *s.StdDev)
	case len(s.Categories) > 0:
		top := s.Categories[0]
		return fmt.Sprintf("%d values, %s %.1f %%", s.Distinct, top.Value, 100*float64(top.Count)/float64(s.Count))
	}
	return "no value"
}
