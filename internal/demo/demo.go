package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/weir-gateway/weir/internal/demo/data"
)

// Options say how the story is told.
type Options struct {
	Fast bool   // ends after the acts; otherwise the gateway stays up until ctx ends
	Seed uint64 // of the models' training
	Out  io.Writer
	Live bool         // Out is a terminal: colour, and a line that is redrawn
	Log  *slog.Logger // the gateway's own log; default none
}

// afterwards is the rate, requests a second, at which flights go on while the
// gateway stays up.
const afterwards = 100

// Run tells the story. It returns an error that names the act when one went
// otherwise than it has to, and nil when the gateway was ended by ctx after
// all acts.
func Run(ctx context.Context, o Options) error {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	c := &console{out: o.Out, live: o.Live, now: time.Now}
	c.line("Training four versions of a model on the flights out of New York in 2013. It predicts, at")
	c.line("departure, whether a flight arrives more than %d minutes late …", data.LateAfter)
	began := time.Now()
	cast, err := prepare(o.Seed)
	if err != nil {
		return err
	}
	c.line("trained in %v (seed %d)", round(time.Since(began)), o.Seed)
	return run(ctx, o, c, cast, sizes(o.Fast))
}

// cast is what the acts are played with.
type cast struct {
	flights  *data.Flights
	versions []*version
}

func prepare(seed uint64) (*cast, error) {
	flights, err := data.Load()
	if err != nil {
		return nil, err
	}
	versions, err := train(flights, seed)
	return &cast{flights, versions}, err
}

func run(ctx context.Context, o Options, c *console, with *cast, sc scale) (err error) {
	began := time.Now()
	w, err := open(ctx, with, o.Log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	s := &story{world: w, console: c, scale: sc, now: time.Now}
	c.line("gateway: clients %s, admin http://%s, registry %s", w.dataURL(), w.gateway.AdminAddress(), w.folder)
	if err := s.tell(ctx); err != nil {
		return err
	}
	c.line("all acts went as they have to, in %v", round(time.Since(began)))
	if o.Fast {
		return nil
	}
	return s.stay(ctx)
}

// tell plays the acts and prints the table.
func (s *story) tell(ctx context.Context) error {
	var outcomes []outcome
	for _, act := range []struct {
		name string
		play func(context.Context) (outcome, error)
	}{{"a", s.serve}, {"b", s.promote}, {"c", s.rollBack}, {"d", s.season}} {
		o, err := act.play(ctx)
		if err != nil {
			s.clear()
			return fmt.Errorf("demo: act %s went otherwise: %w", act.name, err)
		}
		outcomes = append(outcomes, o)
	}
	if err := s.past(ctx); err != nil {
		return err
	}
	s.act("What happened")
	if err := table(s.out, outcomes); err != nil {
		return err
	}
	counts := s.player.Counts()
	s.line("%d requests of clients, %d failed", counts.Sent, counts.Failed)
	if counts.Failed > 0 {
		return fmt.Errorf("demo: %d requests of clients failed, the first with %q", counts.Failed, counts.FirstFailure)
	}
	return nil
}

// past prints the history of the traffic, as the registry keeps it.
func (s *story) past(ctx context.Context) error {
	s.act("weir history %s", modelName)
	h, err := s.api.History(ctx, modelName, 0)
	if err != nil {
		return err
	}
	t := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	for _, g := range h.Generations {
		var arms []string
		for _, a := range g.Arms {
			arms = append(arms, fmt.Sprintf("%s=%s", a.Version, a.Weight))
		}
		for _, v := range g.Shadows {
			arms = append(arms, "shadow "+v.Version)
		}
		why, _, _ := strings.Cut(g.Reason, ":")
		fmt.Fprintf(t, "  %d\t%s\t%s\t%s\t%s\n", g.Generation, g.Time.Local().Format("15:04:05.000"), strings.Join(arms, " "), g.Cause, why)
	}
	return t.Flush()
}

// stay keeps everything up, with flights at a gentle rate, until ctx ends.
func (s *story) stay(ctx context.Context) error {
	s.cursor.take(1)
	s.player.SetRate(afterwards)
	admin := s.gateway.AdminAddress()
	s.act("The gateway stays up, with %d flights a second, until Ctrl-C", afterwards)
	s.line("ask it      curl -s %s/v2/models/%s/infer -d '{\"inputs\":[{\"name\":\"dep_delay\",\"shape\":[1],\"datatype\":\"FP64\",\"data\":[40]}]}'", s.dataURL(), modelName)
	s.line("its state   weir status %s --admin http://%s", modelName, admin)
	s.line("its past    weir history %s --admin http://%s", modelName, admin)
	s.line("go back     weir rollback %s --reason 'to see it' --admin http://%s", modelName, admin)
	s.line("monitor     curl -s 'http://%s/api/v1/models/%s/monitor?version=4'", admin, modelName)
	s.line("metrics     http://%s/metrics", admin)
	s.line("dashboard   point a Prometheus at %s (job weir) and load deploy/grafana into Grafana", admin)
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.ended:
		s.ended <- err
		return fmt.Errorf("demo: the gateway ended: %w", err)
	}
}
