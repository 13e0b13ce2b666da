package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"time"
)

// options of a run.
type options struct {
	rounds   int
	duration time.Duration
	conns    int
	binary   string // weir
	dir      string // for configurations, removed at the end
}

// table is what a benchmark prints.
type table struct {
	Title   string     `json:"title"`
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
	Notes   []string   `json:"notes,omitempty"`
}

// benchmarks by name.
func benchmarks() map[string]func(context.Context, options) (table, error) {
	return map[string]func(context.Context, options) (table, error){
		"isolation": isolation,
	}
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	o := options{}
	flags.IntVar(&o.rounds, "rounds", 5, "rounds of each case; the median is quoted")
	flags.DurationVar(&o.duration, "duration", 5*time.Second, "of one round")
	flags.IntVar(&o.conns, "conns", 32, "client connections")
	output := flags.String("json", "", "also write the tables as JSON to this `file`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	names := flags.Args()
	all := benchmarks()
	if len(names) == 0 {
		for name := range all {
			names = append(names, name)
		}
		slices.Sort(names)
	}
	var err error
	if o.dir, err = os.MkdirTemp("", "weir-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(o.dir)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if o.binary, err = build(ctx, o.dir); err != nil {
		return err
	}
	var tables []table
	for _, name := range names {
		benchmark, ok := all[name]
		if !ok {
			return fmt.Errorf("no benchmark %q", name)
		}
		t, err := benchmark(ctx, o)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		t.print()
		tables = append(tables, t)
	}
	if *output == "" {
		return nil
	}
	encoded, err := json.MarshalIndent(tables, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(*output, append(encoded, '\n'), 0o600)
}

// build compiles weir as it stands in this module.
func build(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "weir")
	output, err := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/weir-gateway/weir/cmd/weir").CombinedOutput() //nolint:gosec // a path of our own
	if err != nil {
		return "", fmt.Errorf("build weir: %w: %s", err, output)
	}
	return binary, nil
}

func (t *table) print() {
	fmt.Printf("\n## %s\n\n|", t.Title)
	for _, c := range t.Columns {
		fmt.Printf(" %s |", c)
	}
	fmt.Print("\n|")
	for range t.Columns {
		fmt.Print("---|")
	}
	fmt.Println()
	for _, row := range t.Rows {
		fmt.Print("|")
		for _, cell := range row {
			fmt.Printf(" %s |", cell)
		}
		fmt.Println()
	}
	for _, note := range t.Notes {
		fmt.Printf("\n%s\n", note)
	}
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	if n := len(sorted); n%2 == 0 {
		return (sorted[n/2-1] + sorted[n/2]) / 2
	}
	return sorted[len(sorted)/2]
}
