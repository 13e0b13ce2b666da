package demo

import (
	"sync"
	"time"

	"github.com/weir-gateway/weir/internal/demo/data"
	"github.com/weir-gateway/weir/internal/demo/model"
)

// cursor walks over the departed flights in the order of schedule. It is safe
// for concurrent use: the replay takes rows while acts move it.
type cursor struct {
	flights *data.Flights

	mu    sync.Mutex
	at    int
	begin int // where it starts again
	end   int // when it gets here
	every int // one departed flight in so many is taken
	skip  int // departed flights to pass before the next is taken
}

func newCursor(f *data.Flights, month time.Month) *cursor {
	c := &cursor{flights: f, every: 1}
	c.within(month, time.December+1)
	return c
}

// next implements the replay's source; it never ends, because its months begin
// again.
func (c *cursor) next() (model.Row, bool) {
	c.mu.Lock()
	for {
		if c.at >= c.end {
			c.at = c.begin
		}
		i := c.at
		c.at++
		if !c.flights.Departed(i) {
			continue
		}
		if c.skip > 0 {
			c.skip--
			continue
		}
		c.skip = c.every - 1
		c.mu.Unlock()
		return model.RowOf(c.flights, i), true
	}
}

// within keeps the replay in [from, to) months: it goes on from where it is, or
// from the first of them where that is not reached yet. An act that takes longer
// than its months sees them again.
func (c *cursor) within(from, to time.Month) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begin, c.end = c.flights.From(from, 1), c.flights.From(to, 1)
	c.at = max(c.at, c.begin)
}

// take sets that one flight in every is replayed from here on.
func (c *cursor) take(every int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.every, c.skip = every, 0
}

// day is the date that the replay has reached.
func (c *cursor) day() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.flights.Time(min(c.at, c.flights.Len()-1))
}
