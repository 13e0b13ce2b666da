package main

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/weir-gateway/weir/monitor"
)

// shownOutputs is how many outputs of a shadow a report names.
const shownOutputs = 5

// shadowLines says in words how a shadow's answers differ from those that clients
// got; none where the version never was a shadow.
func shadowLines(c *monitor.Comparison) (lines []string) {
	if c == nil {
		return nil
	}
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	say("%d of %d rows (%s) disagree with what clients got; %d answers could not be compared",
		c.Disagreed, c.Compared, percent(c.Ratio), c.Unmatched)
	if c.Noise != nil {
		say("asked twice, the service disagrees with itself in %d of %d rows (%s)", c.Noise.Disagreed, c.Noise.Compared, percent(c.Noise.Ratio))
	}
	if e := c.Excess; e != nil {
		found := "this may be noise"
		if e.Low > 0 {
			found = "more than noise"
		}
		say("beyond that it disagrees in %s of the requests, between %s and %s: %s", percent(e.Value), percent(e.Low), percent(e.High), found)
	}
	outputs := slices.Clone(c.Outputs)
	slices.SortStableFunc(outputs, func(a, b monitor.OutputComparison) int { return cmp.Compare(b.Ratio, a.Ratio) })
	for i, o := range outputs {
		if len(outputs) > 1 && o.Disagreed > 0 && i < shownOutputs {
			say("output %s disagrees in %s", o.Name, percent(o.Ratio))
		}
	}
	for _, k := range c.Concentrated {
		say("where %s: %d of %d (%s), elsewhere %s", bin(k), k.Disagreed, k.Compared, percent(k.Rate), percent(k.Elsewhere))
	}
	return lines
}

// bin writes a range or category of an input.
func bin(k monitor.Concentration) string {
	switch {
	case k.Missing:
		return k.Feature + " is missing"
	case k.Category != nil:
		return fmt.Sprintf("%s is %s", k.Feature, *k.Category)
	case k.Above != nil && k.UpTo != nil:
		return fmt.Sprintf("%s is above %g, up to %g", k.Feature, *k.Above, *k.UpTo)
	case k.Above != nil:
		return fmt.Sprintf("%s is above %g", k.Feature, *k.Above)
	case k.UpTo != nil:
		return fmt.Sprintf("%s is up to %g", k.Feature, *k.UpTo)
	}
	return k.Feature + " is a number" // its only bin
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }
