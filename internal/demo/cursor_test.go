package demo

import (
	"testing"
	"time"

	"github.com/weir-gateway/weir/internal/demo/data"
)

func flights(t *testing.T) *data.Flights {
	t.Helper()
	f, err := data.Load()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTheCursorGivesDepartedFlightsInOrderAndBeginsAgain(t *testing.T) {
	f := flights(t)
	begin := f.From(time.December, 31)
	c := newCursor(f, begin)
	departed := 0
	for i := begin; i < f.Len(); i++ {
		if f.Departed(i) {
			departed++
		}
	}
	first, _ := c.next()
	last := c.day()
	for range departed - 1 {
		row, ok := c.next()
		if !ok || row.Numbers[0] != row.Numbers[0] {
			t.Fatal("a flight that never left was replayed")
		}
		if c.day().Before(last) {
			t.Fatalf("%v came after %v", c.day(), last)
		}
		last = c.day()
	}
	if again, ok := c.next(); !ok || again.Texts != first.Texts || again.Numbers[0] != first.Numbers[0] {
		t.Errorf("after the year's last flight came %v, want the first again: %v", again, first)
	}
}

func TestATimeLapseTakesOneFlightInSoMany(t *testing.T) {
	f := flights(t)
	from, to := f.From(time.May, 1), f.From(time.June, 1)
	departed := 0
	for i := from; i < to; i++ {
		if f.Departed(i) {
			departed++
		}
	}
	c := newCursor(f, from)
	c.take(70)
	taken := 0
	for c.day().Month() == time.May {
		c.next()
		taken++
	}
	if want := departed / 70; taken < want || taken > want+2 {
		t.Errorf("%d of %d flights in May were taken, want about %d", taken, departed, want)
	}
}

func TestTheCursorOnlyMovesForward(t *testing.T) {
	f := flights(t)
	c := newCursor(f, f.From(time.March, 1))
	c.forward(time.May, 1)
	if got := c.day().Format("January 2"); got != "May 1" {
		t.Errorf("forwarded to %s, want May 1", got)
	}
	c.forward(time.April, 1)
	if got := c.day().Format("January 2"); got != "May 1" {
		t.Errorf("went back to %s", got)
	}
}
