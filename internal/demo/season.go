package demo

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weir-gateway/weir/monitor"
)

// thin is the time lapse of act d. At one flight in 70 a day is 13 requests:
// too few for an hour or a weekday to look like a change of the world, which
// at full density they are: all flights of a morning are flights of a morning.
const thin = 70

// season is act d: the mended version takes over, and summer comes.
func (s *story) season(ctx context.Context) (outcome, error) {
	s.act("d · The mended version 4 takes over, and the season changes")
	o := outcome{act: "d"}
	before := s.player.Counts()
	s.player.SetRate(s.scale.lapse)
	s.cursor.within(time.May, time.December+1)
	s.cursor.take(thin)
	var err error
	if o.fault, err = s.takeOver(ctx, "4"); err != nil {
		return o, err
	}
	var m monitor.Summary
	err = s.await(ctx, "the season changes", func() (done bool, how string, err error) {
		if m, err = s.summary(ctx, "4"); err != nil {
			return false, "", err
		}
		return s.cursor.day().Month() >= time.August, "alarms: " + strings.Join(ringing(m), ", "), nil
	})
	if err != nil {
		return o, err
	}
	if _, err := s.serving(ctx, "4"); err != nil {
		return o, err
	}
	temp, err := s.drifted(m)
	if err != nil {
		return o, err
	}
	now := s.player.Counts()
	s.note("alarms advise; the traffic stays where it is")
	o.decided = "drifted: " + strings.Join(ringing(m), ", ")
	o.detected = temp.At
	o.requests, o.failed = now.Sent-before.Sent, now.Failed-before.Failed
	return o, nil
}

// takeOver shows what is new in a version, gives it the traffic at once and
// returns from when on it may have answered.
func (s *story) takeOver(ctx context.Context, version string) (from time.Time, err error) {
	if err := s.register(ctx, version); err != nil {
		return from, err
	}
	diff, err := s.api.Diff(ctx, modelName, "3", version)
	if err != nil {
		return from, err
	}
	for _, c := range diff.Changes {
		if c.What == "params" {
			s.line("weir diff %s 3 %s: %s %s → %s", modelName, version, c.Name, c.From, c.To)
		}
	}
	from = s.now()
	changed, err := s.api.Switch(ctx, modelName, version, "the pipeline reads minutes again")
	if err != nil {
		return from, err
	}
	if !changed.Routed {
		return from, fmt.Errorf("switch to version %s: %s", version, changed.Note)
	}
	s.line("weir switch %s %s → generation %d, routed after %v", modelName, version, changed.Traffic.Generation, round(seconds(changed.Took)))
	s.note("from here on one flight in %d, until August; the reference is January to April", thin)
	return from, nil
}

// drifted tells which inputs rang, the farthest first, and which did not, and
// returns the alarm that has to be there: it got warmer.
func (s *story) drifted(m monitor.Summary) (*monitor.Alarm, error) {
	var temp *monitor.Alarm
	var calm []string
	inputs := slices.DeleteFunc(slices.Clone(m.Features), func(f monitor.FeatureSummary) bool { return f.Role != "input" })
	slices.SortStableFunc(inputs, func(a, b monitor.FeatureSummary) int {
		x, _ := psi(&a)
		y, _ := psi(&b)
		return cmp.Compare(y.Value, x.Value)
	})
	for i := range inputs {
		f := &inputs[i]
		if len(f.Alarms) == 0 {
			calm = append(calm, f.Name)
			continue
		}
		a := &f.Alarms[0]
		score, _ := psi(f)
		s.line("%-10s %-13s %-9s after %4d requests, evidence 10^%.0f; PSI %.2f (%.2f expected without a drift)",
			f.Name, a.Kind, a.Direction, a.Observation, a.EvidenceLog10, score.Value, score.NullExpected)
		if f.Name == "temp" {
			temp = firstAlarm(f.Alarms)
		}
	}
	s.note("no alarm on %s", strings.Join(calm, ", "))
	if temp == nil || temp.Direction != "up" {
		return nil, fmt.Errorf("there is no alarm that the temperature rose, only on %s", strings.Join(ringing(m), ", "))
	}
	return temp, nil
}

// ringing lists the inputs with an alarm, in the order in which they rang.
func ringing(m monitor.Summary) []string {
	type rung struct {
		name string
		at   uint64
	}
	var all []rung
	for _, f := range m.Features {
		if f.Role == "input" && len(f.Alarms) > 0 {
			all = append(all, rung{f.Name, f.Alarms[0].Observation})
		}
	}
	slices.SortStableFunc(all, func(a, b rung) int { return cmp.Compare(a.at, b.at) })
	var names []string
	for _, r := range all {
		names = append(names, r.name)
	}
	return names
}
