package load

import (
	"bytes"
	"context"
	"strconv"
	"time"

	"github.com/weir-gateway/weir/monitor/sketch"
)

// Streams is what came of server-sent events.
type Streams struct {
	Events  int64
	Broken  int64 // streams that ended
	First   string
	Latency sketch.LatencyCounts // from the moment that an event says it left
}

// Phase is a moment of Events.
type Phase int

// The phases: all streams are open and the counting begins, its middle, its end.
const (
	Began Phase = iota
	Midway
	Ended
)

// Events opens streams of server-sent events evenly over ramp, and a second
// later reads them for d. Every event begins with the time it left, in Unix
// nanoseconds. At each phase it calls at.
func Events(ctx context.Context, t Target, streams int, ramp, d time.Duration, at func(Phase) error) (Streams, error) {
	e, err := newEngine(t, streams)
	if err != nil {
		return Streams{}, err
	}
	defer e.close()
	var (
		out     Streams
		latency sketch.Latency
		began   = time.Now()
		next    = Began
	)
	moments := []time.Duration{Began: ramp + time.Second, Midway: ramp + time.Second + d/2, Ended: ramp + time.Second + d}
	e.body = func(c *client, b []byte) {
		c.events(b, func(left time.Time) {
			if next > Began {
				out.Events++
				latency.Observe(time.Since(left))
			}
		})
	}
	for ctx.Err() == nil && next <= Ended {
		now := time.Now()
		for e.number < int64(streams) && now.Sub(began) > time.Duration(e.number)*ramp/time.Duration(streams) && len(e.idle) > 0 {
			c := e.idle[0]
			e.idle = e.idle[1:]
			e.send(c, now)
		}
		if now.Sub(began) > moments[next] {
			if err := at(next); err != nil {
				return out, err
			}
			next++
		}
		if err := e.poll.wait(time.Millisecond, e.ready); err != nil {
			return out, err
		}
	}
	out.Broken, out.First = int64(streams-e.busy), e.result.First
	latency.Snapshot(&out.Latency)
	return out, nil
}

// events finds the times in whole lines of events.
func (c *client) events(b []byte, each func(time.Time)) {
	if len(c.partial) > 0 {
		c.partial = append(c.partial, b...)
		b = c.partial
	}
	for {
		line, rest, ok := bytes.Cut(b, []byte("\n"))
		if !ok {
			break
		}
		if value, found := bytes.CutPrefix(line, []byte("data: ")); found {
			digits, _, _ := bytes.Cut(value, []byte(" "))
			if ns, err := strconv.ParseInt(string(digits), 10, 64); err == nil {
				each(time.Unix(0, ns))
			}
		}
		b = rest
	}
	c.partial = append(c.partial[:0], b...)
}
