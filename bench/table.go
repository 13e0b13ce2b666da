package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// table is what a benchmark found.
type table struct {
	Name    string     `json:"name"`
	Title   string     `json:"title"`
	Columns []string   `json:"columns"`
	Rows    [][]string `json:"rows"`
	Notes   []string   `json:"notes,omitempty"`
	Targets []goal     `json:"targets,omitempty"`
	Samples any        `json:"samples,omitempty"` // every round
	Load    string     `json:"load_average"`      // of the machine, at the end
	Took    string     `json:"took"`
}

// goal is a figure that is to be reached: at most Limit.
type goal struct {
	What    string  `json:"what"`
	Figure  float64 `json:"figure"`
	Limit   float64 `json:"limit"`
	Unit    string  `json:"unit,omitempty"`
	Reached bool    `json:"reached"`
}

// aim adds a goal.
func (t *table) aim(what string, figure, limit float64, unit string) {
	t.Targets = append(t.Targets, goal{what, figure, limit, unit, figure <= limit})
}

func (g goal) String() string {
	verdict := "**not reached**"
	if g.Reached {
		verdict = "reached"
	}
	return fmt.Sprintf("%s: %s, wanted ≤ %s: %s", g.What, strings.TrimSpace(number(g.Figure)+" "+g.Unit), strings.TrimSpace(number(g.Limit)+" "+g.Unit), verdict)
}

// number prints three digits that matter.
func number(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v >= 100 || v <= -100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10 || v <= -10:
		return fmt.Sprintf("%.1f", v)
	case v >= .1 || v <= -.1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.4f", v)
}

func (t *table) markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n| %s |\n|%s\n", t.Title, strings.Join(t.Columns, " | "), strings.Repeat("---|", len(t.Columns)))
	for _, row := range t.Rows {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
	}
	for _, note := range t.Notes {
		fmt.Fprintf(&b, "\n%s\n", note)
	}
	for i, g := range t.Targets {
		if i == 0 {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "- %s\n", g)
	}
	fmt.Fprintf(&b, "\nTook %s; load average at the end %s.\n", t.Took, t.Load)
	_, err := io.WriteString(w, b.String())
	return err
}

// write leaves NAME.md and NAME.json.
func (t *table) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // results are for everybody
		return err
	}
	encoded, err := json.MarshalIndent(t, "", " ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, t.Name+".json"), append(encoded, '\n'), 0o644); err != nil { //nolint:gosec // see above
		return err
	}
	f, err := os.Create(filepath.Join(dir, t.Name+".md")) //nolint:gosec // see above
	if err != nil {
		return err
	}
	return errors.Join(t.markdown(f), f.Close())
}

// writeTargets lists what was to be reached.
func writeTargets(path string, tables []table) error {
	var b strings.Builder
	b.WriteString("# Reached and not reached\n\n")
	for _, t := range tables {
		for _, g := range t.Targets {
			fmt.Fprintf(&b, "- %s: %s\n", t.Name, g)
		}
	}
	return os.WriteFile(path, []byte(b.String()), 0o644) //nolint:gosec // results are for everybody
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	switch n := len(sorted); {
	case n == 0:
		return 0
	case n%2 == 0:
		return (sorted[n/2-1] + sorted[n/2]) / 2
	default:
		return sorted[n/2]
	}
}

// loadAverage is the kernel's, over 1, 5 and 15 minutes.
func loadAverage() string {
	content, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	fields := strings.Fields(string(content))
	return strings.Join(fields[:min(3, len(fields))], " ")
}
