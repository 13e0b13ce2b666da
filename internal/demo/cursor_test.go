package demo

import (
	"math"
	"testing"
	"time"

	"github.com/weir-gateway/weir/internal/demo/data"
	"github.com/weir-gateway/weir/internal/demo/model"
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
	c := newCursor(f, time.March)
	c.within(time.March, time.April)
	departed := 0
	for i := f.From(time.March, 1); i < f.From(time.April, 1); i++ {
		if f.Departed(i) {
			departed++
		}
	}
	first, _ := c.next()
	last := c.day()
	for range departed - 1 {
		row, ok := c.next()
		if !ok || math.IsNaN(row.Numbers[model.DepDelay]) {
			t.Fatal("a flight that never left was replayed")
		}
		if c.day().Before(last) {
			t.Fatalf("%v came after %v", c.day(), last)
		}
		last = c.day()
	}
	if again, ok := c.next(); !ok || again.Texts != first.Texts || again.Numbers[0] != first.Numbers[0] {
		t.Errorf("after the last flight of March came %v, want the first again: %v", again, first)
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
	c := newCursor(f, time.May)
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

func TestTheCursorGoesOnFromWhereItIs(t *testing.T) {
	c := newCursor(flights(t), time.March)
	c.within(time.May, time.June)
	if got := c.day().Format("January 2"); got != "May 1" {
		t.Errorf("an act in May begins at %s", got)
	}
	for c.day().Day() < 3 {
		c.next()
	}
	c.within(time.May, time.December+1)
	if got := c.day().Format("January 2"); got != "May 3" {
		t.Errorf("the next act begins at %s, want to go on at May 3", got)
	}
}
