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
	begin   int // where it starts again after the last flight of the year

	mu    sync.Mutex
	at    int
	every int // one departed flight in so many is taken
	skip  int // departed flights to pass before the next is taken
}

func newCursor(f *data.Flights, begin int) *cursor {
	return &cursor{flights: f, begin: begin, at: begin, every: 1}
}

// next implements the replay's source; it never ends, because the year begins
// again.
func (c *cursor) next() (model.Row, bool) {
	c.mu.Lock()
	for {
		if c.at == c.flights.Len() {
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

// forward moves on to the given day unless that has passed already.
func (c *cursor) forward(month time.Month, day int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = max(c.at, c.flights.From(month, day))
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
