package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/monitor"
)

// liveReport is what weir report MODEL asks for.
type liveReport struct {
	version, slice, format string
}

func (a *app) reportModel(ctx context.Context, model string, l liveReport) error {
	switch l.format {
	case "text", "json":
	default:
		return usage("--format must be text or json, not %q", l.format)
	}
	c, err := a.client()
	if err != nil {
		return err
	}
	r, err := c.Report(ctx, model, l.version, l.slice)
	if err != nil {
		return err
	}
	if a.asJSON || l.format == "json" {
		return a.printJSON(r)
	}
	a.showLiveReport(&r)
	return nil
}

func (a *app) showLiveReport(r *api.Report) {
	s := r.Serving
	name := fmt.Sprintf("%s version %s", r.Model, r.Version)
	if r.Slice != nil {
		name += " where " + *r.Slice
	}
	part := s.Role
	if s.Weight != nil {
		part += " with " + s.Weight.String() + " % of the traffic"
	}
	if s.Traffic != nil {
		part += fmt.Sprintf(", generation %d", s.Traffic.Generation)
	}
	a.printf("%s: %s\n", a.bold(name), part)
	a.printf("from code %s, data %s, artifact %s, run %s; registered %s\n",
		orDash(s.Lineage.Git), orDash(s.Lineage.Data), orDash(s.Lineage.Artifact), orDash(s.Lineage.Run), moment(s.Registered))
	window := time.Duration(r.Window.Seconds * float64(time.Second))
	a.printf("%d rows in the last %v, %d since %s\n", r.Window.Observations, window, r.Observations, moment(r.Since))
	if r.Reference == nil {
		a.printf("%s there is no reference yet, and so no scores: register the version with --profile\n", a.yellow("note:"))
	} else {
		a.printf("against %d rows of %s\n", r.Reference.Rows, orDash(r.Reference.Source))
	}
	rows := [][]string{{"FEATURE", "ROLE", "KIND", "REFERENCE", "CURRENT", "MISSING", "JS", "IF UNCHANGED", "ALARMS", "VERDICT"}}
	for i := range r.Features {
		rows = append(rows, liveRow(&r.Features[i]))
	}
	a.table(rows)
	a.showVerdict(r)
	for _, i := range r.Quality.Issues {
		a.printf("%s %s: %s\n", a.yellow("quality:"), i.Feature, i.Detail)
	}
	if r.Skew != nil {
		for _, f := range r.Skew.Findings {
			a.printf("%s %s: %s\n", a.red("skew:"), f.Feature, f.Detail)
		}
	}
	for _, line := range shadowLines(r.Shadow) {
		a.printf("%s %s\n", a.bold("shadow:"), line)
	}
	for _, alarm := range r.Alarms {
		a.printf("%s %s\n", a.red("alarm:"), alarmText(&alarm))
	}
	a.printf("%d requests, %d errors; %s%s\n", r.Software.Requests, r.Software.Errors, latencies(r.Software.Latency), dropped(r.Dropped))
}

func (a *app) showVerdict(r *api.Report) {
	d := r.Dataset
	if d.Compared == 0 {
		a.printf("nothing could be compared\n")
		return
	}
	verdict := a.green("no drift")
	if d.Drifted {
		verdict = a.red("drift")
	}
	a.printf("%s: %d of %d compared features have drifted; of the outputs %d of %d\n",
		verdict, d.DriftedCount, d.Compared, d.Predictions.DriftedCount, d.Predictions.Compared)
}

func liveRow(f *monitor.FeatureReport) []string {
	row := []string{f.Name, f.Role, f.Kind, "", "", missingText(&f.Feature), "", "", strconv.FormatUint(f.AlarmsTotal, 10), "not compared"}
	if f.Reference != nil {
		row[3] = sideText(f.Reference)
	}
	if f.Current != nil {
		row[4] = sideText(f.Current)
	}
	for _, s := range f.Scores {
		if s.Default {
			row[6], row[7] = fmt.Sprintf("%.4g", s.Value), fmt.Sprintf("%.2g", s.NullExpected)
		}
	}
	if f.Drifted != nil {
		row[9] = "same"
		if *f.Drifted {
			row[9] = "drifted"
		}
	}
	return row
}

func alarmText(alarm *monitor.Alarm) string {
	about := ""
	if alarm.Category != "" {
		about = " (" + alarm.Category + ")"
	}
	return fmt.Sprintf("%s %s%s %s by %+.3g at %s, row %d, began about row %d; evidence 10^%.1f, one false alarm in %.0f rows or more",
		alarm.Feature, alarm.Kind, about, alarm.Direction, alarm.Size.Value, moment(alarm.At), alarm.Observation, alarm.BeganAbout,
		alarm.EvidenceLog10, alarm.Guarantee.MeanObservations)
}

func latencies(l map[string]float64) string {
	var parts []string
	for _, q := range []string{"0.5", "0.99"} {
		if x, ok := l[q]; ok {
			parts = append(parts, fmt.Sprintf("latency %s: %s", q, seconds(x)))
		}
	}
	return strings.Join(parts, ", ")
}

// dropped says what the monitor did not see.
func dropped(counts map[string]uint64) string {
	var parts []string
	for _, reason := range slices.Sorted(maps.Keys(counts)) {
		if counts[reason] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[reason], reason))
		}
	}
	if len(parts) == 0 {
		return "; everything was seen"
	}
	return "; not seen: " + strings.Join(parts, ", ")
}
