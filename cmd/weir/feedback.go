package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/weir-gateway/weir/monitor"
)

// labelBatch is how many labels one call sends.
const labelBatch = 5000

func (a *app) feedbackCommand() *cobra.Command {
	return a.talks(&cobra.Command{
		Use:   "feedback MODEL FILE",
		Short: "Send labels of earlier predictions",
		Long: `Sends labels from a file ("-" is standard input): JSON lines with request_id, label and optionally row and source, or
CSV with such a heading row. In CSV a number is a number, true and false are bools,
and anything else is text; text that looks like a number needs JSON.`,
		Example: "  weir feedback flights outcomes.csv",
		Args:    cobra.ExactArgs(2),
		RunE: a.verb(func(ctx context.Context, args []string) error {
			file, name, err := a.open(args[1])
			if err != nil {
				return err
			}
			defer func() { _ = file.Close() }() // only read
			return a.sendLabels(ctx, args[0], name, file)
		}),
	})
}

// sendLabels sends batch by batch, so that a file may be larger than memory. What was sent before a fault stays counted.
func (a *app) sendLabels(ctx context.Context, model, name string, file io.Reader) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	next := labelReader(file)
	outcomes, sent := map[string]int{}, 0
	for done := false; !done; {
		var batch []monitor.Label
		for len(batch) < labelBatch && !done {
			l, err := next()
			if err != nil && !errors.Is(err, io.EOF) {
				return fmt.Errorf("%s: entry %d: %w (%d entries before it were sent)", name, sent+len(batch)+1, err, sent)
			}
			if done = err != nil; !done {
				batch = append(batch, l)
			}
		}
		if len(batch) == 0 {
			break
		}
		got, err := c.Feedback(ctx, model, batch)
		if err != nil {
			return fmt.Errorf("%w (%d entries before were sent; those that are sent again count as duplicates)", err, sent)
		}
		for outcome, n := range got.Outcomes {
			outcomes[outcome] += n
		}
		for _, b := range got.Bad {
			a.printf("entry %d (%s): %s\n", sent+b.Entry+1, b.RequestID, b.Outcome)
		}
		sent += len(batch)
	}
	var names []string
	for outcome := range outcomes {
		names = append(names, outcome)
	}
	slices.Sort(names)
	for _, outcome := range names {
		a.printf("%s: %d\n", outcome, outcomes[outcome])
	}
	return nil
}

// labelReader reads JSON lines when the first character is a brace, else CSV.
func labelReader(file io.Reader) func() (monitor.Label, error) {
	in := bufio.NewReader(file)
	if first, err := in.Peek(1); err == nil && first[0] == '{' {
		d := json.NewDecoder(in)
		d.DisallowUnknownFields()
		return func() (l monitor.Label, err error) {
			err = d.Decode(&l)
			return l, err
		}
	}
	r := csv.NewReader(in)
	heading, err := r.Read()
	for i := range heading {
		heading[i] = strings.TrimPrefix(strings.TrimSpace(heading[i]), "\ufeff")
	}
	if err == nil && (!slices.Contains(heading, "request_id") || !slices.Contains(heading, "label")) {
		err = errors.New("the heading row has no request_id and label; name the columns request_id,label[,row][,source]")
	}
	return func() (l monitor.Label, _ error) {
		if err != nil {
			return l, err
		}
		record, err := r.Read()
		if err != nil {
			return l, err
		}
		return csvLabel(heading, record)
	}
}

func csvLabel(heading, record []string) (l monitor.Label, err error) {
	for i, value := range record {
		switch heading[i] {
		case "request_id":
			l.RequestID = value
		case "label":
			l.Label = value
			if f, err := strconv.ParseFloat(value, 64); err == nil && !math.IsNaN(f) && !math.IsInf(f, 0) {
				l.Label = f
			} else if value == "true" || value == "false" {
				l.Label = value == "true"
			}
		case "source":
			l.Source = value
		case "row":
			if value == "" {
				continue
			}
			row, err := strconv.Atoi(value)
			if err != nil {
				return l, fmt.Errorf("row %q is no whole number", value)
			}
			l.Row = &row
		}
	}
	return l, nil
}
