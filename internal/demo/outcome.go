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
	// complete, chosen and applied when the answer to it was chosen and when
	// requests were routed by it. Zero: not part of this act.
	fault, detected, chosen, applied time.Time
}

// times are the four moments, measured from the first of them that the act has.
func (o *outcome) times() string {
	moments := []time.Time{o.fault, o.detected, o.chosen, o.applied}
	var start time.Time
	parts := make([]string, len(moments))
	for i, at := range moments {
		switch {
		case at.IsZero():
			parts[i] = "–"
		case start.IsZero():
			start, parts[i] = at, "0"
		default:
			parts[i] = round(at.Sub(start)).String()
		}
	}
	return strings.Join(parts, " → ")
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
	fmt.Fprintln(t, "act\toutcome\trequests\tfailed\tfault → detected → decided → applied")
	for _, o := range outcomes {
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%s\n", o.act, o.decided, o.requests, o.failed, o.times())
	}
	return t.Flush()
}
