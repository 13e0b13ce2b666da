package monitor

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// disagreeing offers 3000 rows to a shadow that disagrees in 2 % of them, and in
// those that odd names in 40 %.
func disagreeing(r *rig, odd func(distance float64, carrier string) bool) []Concentration {
	rng := rand.New(rand.NewPCG(11, 130))
	for range 3000 {
		distance, carrier := float64(rng.IntN(1000)), []string{"AA", "BB", "CC", "null"}[rng.IntN(4)]
		share := 0.02
		if odd != nil && odd(distance, carrier) {
			share = 0.4
		}
		answer := "late=1"
		if rng.Float64() < share {
			answer = "late=0"
		}
		r.offer(Exchange{
			Version: "2", Shadow: true, Response: body(answer), Primary: body("late=1"),
			Request: body(fmt.Sprintf("distance=%v,carrier=%s,plain=%v", distance, carrier, rng.IntN(3))),
		})
	}
	return r.summary("2", "").Shadow.Concentrated
}

// place writes where a concentration is.
func where(c Concentration) string {
	switch {
	case c.Missing:
		return c.Feature + " missing"
	case c.Category != nil:
		return c.Feature + "=" + *c.Category
	}
	text := ""
	if c.Above != nil {
		text = fmt.Sprintf("%v < ", *c.Above)
	}
	text += c.Feature
	if c.UpTo != nil {
		text += fmt.Sprintf(" <= %v", *c.UpTo)
	}
	return text
}

func TestDisagreementsAreFoundWhereTheyConcentrate(t *testing.T) {
	var table strings.Builder // a reference whose bins of distance end at 49, 99, 149, …
	table.WriteString("distance,carrier,plain\n")
	for i := range 1000 {
		fmt.Fprintf(&table, "%d,%s,%d\n", i, []string{"AA", "BB", "CC", ""}[i%4], i%3)
	}
	p, err := BuildProfile(strings.NewReader(table.String()), ProfileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, withReference := range []bool{true, false} {
		for want, odd := range map[string]func(float64, string) bool{
			"carrier=BB":      func(_ float64, carrier string) bool { return carrier == "BB" },
			"carrier missing": func(_ float64, carrier string) bool { return carrier == "null" },
			"899 < distance":  func(distance float64, _ string) bool { return distance > 899 },
			"":                nil,
		} {
			t.Run(fmt.Sprintf("%s reference %v", want, withReference), func(t *testing.T) {
				r := newRig(t, nil)
				if withReference {
					if err := r.SetProfile("2", p); err != nil {
						t.Fatal(err)
					}
				}
				got := disagreeing(r, odd)
				switch {
				case want == "" && len(got) == 0:
					return
				case want == "" || len(got) == 0 || len(got) > 5:
					t.Fatalf("found %+v", got)
				}
				best := got[0]
				if strings.Contains(want, "distance") { // the bins are cut elsewhere, so the range is within
					if best.Feature != "distance" || best.Above == nil || *best.Above < 850 {
						t.Errorf("found %s first", where(best))
					}
				} else if where(best) != want || len(got) != 1 {
					t.Errorf("found %s first of %d", where(best), len(got))
				}
				if best.Low <= 0 || best.Low > best.Rate-best.Elsewhere || best.High < best.Rate-best.Elsewhere || best.Rate < 0.3 || best.Elsewhere > 0.06 {
					t.Errorf("%+v", best)
				}
				if best.Disagreed == 0 || float64(best.Disagreed)/float64(best.Compared) != best.Rate {
					t.Errorf("counts %+v", best)
				}
			})
		}
	}
}

func TestManyRowsOfOneRequestAreOneForTheBounds(t *testing.T) {
	r := newRig(t, nil)
	r.offer(Exchange{
		Version: "2", Shadow: true, Request: body(strings.Repeat("c=a;", 500) + strings.Repeat("c=b;", 499) + "c=b"),
		Response: body(strings.Repeat("late=1;", 500) + strings.Repeat("late=0;", 499) + "late=0"),
		Primary:  body(strings.Repeat("late=1;", 999) + "late=1"),
	})
	if c := r.summary("2", "").Shadow; c.Disagreed != 500 || len(c.Concentrated) != 0 {
		t.Errorf("one request is no evidence: %+v", c)
	}
}

func TestWhatConcentrationsTakeIsBounded(t *testing.T) {
	r := newRig(t, nil)
	var wide strings.Builder
	for i := range 400 {
		fmt.Fprintf(&wide, ",f%d=a", i)
	}
	for i := range 300 {
		r.offer(Exchange{
			Version: "2", Shadow: true, Response: body("late=1"), Primary: body("late=1"),
			Request: body(fmt.Sprintf("c=v%d%s", i, wide.String())),
		})
	}
	c := &r.versions["2"].comparison.concentration
	if len(c.inputs) != concentratedInputs {
		t.Errorf("%d inputs are kept", len(c.inputs))
	}
	if n := c.inputs[0].contrast.Groups(); n != concentratedGroups+2 {
		t.Errorf("%d groups of categories", n)
	}
}

// shadowed is eight's model as a shadow that disagrees in one row of 16.
func (e *eight) shadowed(i int) {
	j := i & 511
	x := e.x[j]
	x.Shadow, x.Primary = true, x.Response
	primary := e.answers[j]
	if i&15 == 0 {
		primary = e.answers[(j+1)&511]
	}
	e.m.observe(x, decoded{in: e.requests[j], out: e.answers[j], primary: primary})
}

// What a shadow's row of eight inputs costs beside being observed: its answer compared
// with the primary's, and where they disagree.
func BenchmarkCompare(b *testing.B) {
	e := newEight(b, Options{})
	for i := range 2000 {
		e.shadowed(i)
	}
	v := e.m.versions["1"]
	c := v.comparison
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		d := decoded{in: e.requests[i&511], out: e.answers[i&511], primary: e.answers[(i+1)&511]}
		i++
		c.shadow.observe(d, &e.m.o)
		c.concentration.observe(v, d.in, c.shadow.differ, &e.m.pass)
	}
}

// What a summary of a shadow spends on where its disagreements concentrate.
func BenchmarkConcentrated(b *testing.B) {
	e := newEight(b, Options{})
	for i := range 20_000 {
		e.shadowed(i)
	}
	c := &e.m.versions["1"].comparison.concentration
	for b.Loop() {
		c.found()
	}
}

func TestComparingDoesNotAllocate(t *testing.T) {
	e := newEight(t, Options{})
	c := comparison{}
	v, err := newVersion(e.m, "1", e.m.o.Now())
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	compare := func() {
		j := i & 511
		d := decoded{in: e.requests[j], out: e.answers[j], primary: e.answers[(j+1)&511]}
		v.whole.observe(d, 0, 1, &e.m.pass)
		if c.shadow.observe(d, &e.m.o) {
			c.concentration.observe(v, d.in, c.shadow.differ, &e.m.pass)
		}
		i++
	}
	for range 2000 {
		compare()
	}
	if n := testing.AllocsPerRun(1000, func() {
		d := decoded{in: e.requests[i&511], out: e.answers[i&511], primary: e.answers[(i+1)&511]}
		i++
		c.shadow.observe(d, &e.m.o)
		c.concentration.observe(v, d.in, c.shadow.differ, &e.m.pass)
	}); n != 0 {
		t.Errorf("%v allocations a comparison", n)
	}
}
