package demo

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// outcome is an act's line in the final table.
type outcome struct {
	act      string
	decided  string
	requests uint64 // of clients, until the decision was applied
	failed   uint64 // of them

	// fault is when what was found began, detected when the evidence was
	// complete, decided and applied when the answer to it was chosen and when
	// requests were routed by it. Zero: not part of this act.
	fault, detected, chosen, applied time.Time
}

// times are the steps from the fault on, each measured from it.
func (o *outcome) times() string {
	var parts []string
	start := o.fault
	if start.IsZero() {
		start = o.chosen
	}
	for _, p := range []struct {
		name string
		at   time.Time
	}{{"detected", o.detected}, {"decided", o.chosen}, {"applied", o.applied}} {
		if p.at.IsZero() || (p.at.Equal(start) && o.fault.IsZero()) {
			continue
		}
		parts = append(parts, fmt.Sprintf("%s +%s", p.name, round(p.at.Sub(start))))
	}
	if len(parts) == 0 {
		return "–"
	}
	first := "decided"
	if !o.fault.IsZero() {
		first = "fault"
	}
	return first + " → " + strings.Join(parts, " → ")
}

// round keeps what a reader can use.
func round(d time.Duration) time.Duration {
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond)
	case d >= time.Millisecond:
		return d.Round(100 * time.Microsecond)
	default:
		return d.Round(time.Microsecond)
	}
}

// table writes the outcomes.
func table(w io.Writer, outcomes []outcome) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "act\tdecided\trequests\ttimes\tfailed")
	for _, o := range outcomes {
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%d\n", o.act, o.decided, o.requests, o.times(), o.failed)
	}
	return t.Flush()
}
