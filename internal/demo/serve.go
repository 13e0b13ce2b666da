package demo

import (
	"context"
	"fmt"
	"time"
)

// serve is act a: version 1 gets the traffic and answers.
func (s *story) serve(ctx context.Context) (outcome, error) {
	s.act("a · Version 1 serves")
	o := outcome{act: "a", decided: "version 1 serves"}
	if err := s.register(ctx, "1"); err != nil {
		return o, err
	}
	o.chosen = s.now()
	changed, err := s.api.Switch(ctx, modelName, "1", "the first version")
	if err != nil {
		return o, err
	}
	if !changed.Routed {
		return o, fmt.Errorf("switch to version 1: %s", changed.Note)
	}
	o.applied = o.chosen.Add(seconds(changed.Took))
	s.line("weir switch %s 1 → generation %d, routed after %v", modelName, changed.Traffic.Generation, round(seconds(changed.Took)))

	s.cursor.within(time.March, time.May)
	s.play(ctx)
	err = s.await(ctx, "version 1 serves", func() (bool, string, error) {
		n := s.player.Counts().Versions["1"].Answers
		return n >= s.scale.serve, "version 1", nil
	})
	if err != nil {
		return o, err
	}
	if _, err := s.serving(ctx, "1"); err != nil {
		return o, err
	}
	counts := s.player.Counts()
	one := counts.Versions["1"]
	if one.Answers+counts.Failed != counts.Sent {
		return o, fmt.Errorf("answers came from other versions than 1: %+v", counts.Versions)
	}
	s.line("%d flights answered, %.1f %% called late", one.Answers, percent(one.Late, one.Answers))
	o.requests, o.failed = counts.Sent, counts.Failed
	return o, nil
}

func percent(part, whole uint64) float64 { return 100 * float64(part) / float64(max(whole, 1)) }
