package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout"
)

// describeTraffic is one line: who serves what share, who gets copies, who stands by. Shares are written as split and
// shadow take them.
func describeTraffic(t *registry.Traffic) string {
	var arms []string
	for _, arm := range t.Arms {
		arms = append(arms, arm.Version+"="+arm.Weight.String()+"%")
	}
	text := strings.Join(arms, " ")
	if len(t.Shadows) > 0 {
		var shadows []string
		for _, s := range t.Shadows {
			shadows = append(shadows, s.Version+"="+strconv.FormatFloat(s.Sample, 'g', 4, 64))
		}
		text += "; shadow " + strings.Join(shadows, " ")
	}
	if len(t.Standby) > 0 {
		text += "; standby " + strings.Join(t.Standby, " ")
	}
	return text
}

// seconds is a duration for reading, with three digits.
func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(100 * time.Nanosecond).String()
}

// moment is a time of the local clock, to the second.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// paintStatus colours a rollout's status: good news, bad news, or somebody's turn.
func (a *app) paintStatus(s rollout.Status) string {
	switch s {
	case rollout.Promoted:
		return a.green(string(s))
	case rollout.RolledBack, rollout.Aborted:
		return a.red(string(s))
	case rollout.Held, rollout.WaitingApproval, rollout.Paused:
		return a.yellow(string(s))
	case rollout.Running, rollout.Baking:
	}
	return string(s)
}
