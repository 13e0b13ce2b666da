package demo

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestTheTableMeasuresFromTheFault(t *testing.T) {
	at := func(d time.Duration) time.Time { return time.Unix(1000, 0).Add(d) }
	var b strings.Builder
	err := table(&b, []outcome{
		{act: "a", decided: "version 1 serves", requests: 10, chosen: at(0), applied: at(1500 * time.Microsecond)},
		{
			act: "c", decided: "version 3 rolled back", requests: 9000, failed: 1,
			fault: at(0), detected: at(2130 * time.Millisecond), chosen: at(2130 * time.Millisecond), applied: at(2142 * time.Millisecond),
		},
		{act: "d", decided: "alarms", fault: at(0), detected: at(250 * time.Microsecond)},
		{act: "e", decided: "nothing"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `act  outcome                requests  failed  fault → detected → decided → applied
a    version 1 serves       10        0       – → – → 0 → 1.5ms
c    version 3 rolled back  9000      1       0 → 2.13s → 2.13s → 2.14s
d    alarms                 0         0       0 → 250µs → – → –
e    nothing                0         0       – → – → – → –
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

func TestPlainOutputHasNoControlCharacters(t *testing.T) {
	var b strings.Builder
	now := time.Unix(1000, 0)
	c := &console{out: &b, now: func() time.Time { return now }}
	c.act("a · begins")
	c.line("100 %% done")
	c.progress("too early to say")
	now = now.Add(plainEvery)
	c.progress("%d requests", 7)
	c.progress("again too early")
	c.note("so it was")
	want := "\na · begins\n  100 % done\n    … 7 requests\n    so it was\n"
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

func TestATerminalRedrawsProgress(t *testing.T) {
	var b strings.Builder
	c := &console{out: &b, live: true, now: time.Now}
	c.progress("1 request")
	c.progress("2 requests")
	c.line("done")
	want := "\r\x1b[K  \x1b[2m1 request\x1b[0m\r\x1b[K  \x1b[2m2 requests\x1b[0m\r\x1b[K  done\n"
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}
