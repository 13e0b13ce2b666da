package monitor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/weir-gateway/weir/monitor/sequential"
	"github.com/weir-gateway/weir/protocol"
)

// gapOf returns the only gap of version 1; nil where there is none.
func (r *rig) gapOf() *FairnessGap {
	r.t.Helper()
	all := r.summary("1", "").Fairness
	if len(all) > 1 {
		r.t.Fatalf("%+v", all)
	}
	if len(all) == 0 {
		return nil
	}
	return &all[0]
}

func TestTheGapIsBetweenTheSlicesWithTheLargestRateAndTheSmallest(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Slices = []string{"origin"} })
	var alone sequential.Mean // JFK's
	for i := range 4000 {
		// Of JFK every second is late, of EWR every fourth, of LGA every fifth; XXX is seen once in 400.
		late := func(every int) int { return min(i/3%every, 1) }
		r.call("origin=JFK;origin=EWR;origin=LGA", fmt.Sprintf("late=%d;late=%d;late=%d", 1-late(2), 1-late(4), 1-late(5)))
		alone.Update(float64(1 - late(2)))
		if i%400 == 0 {
			r.call("origin=XXX", "late=1")
		}
	}
	g := r.gapOf()
	if g == nil || g.Field != "origin" || g.Metric != "positive_rate" || fmt.Sprint(g.Between) != "[JFK LGA]" {
		t.Fatalf("%+v", g)
	}
	if math.Abs(g.Gap-.3) > .002 || !(g.Low > .2 && g.Low < .3 && g.High > .3 && g.High < .4) {
		t.Errorf("%.4f (%.4f … %.4f), want 0.3", g.Gap, g.Low, g.High)
	}
	if len(g.Slices) != 4 || g.Slices[0].Value != "XXX" || !g.Slices[0].Few || g.Slices[1].Few || g.Slices[1].Observations != 4000 {
		t.Errorf("%+v", g.Slices)
	}
	// The level is shared by 20 values and the rest, seen or not.
	if low, high := alone.Bounds(fairnessLevel / 21); g.Slices[1].Low != low || g.Slices[1].High != high {
		t.Errorf("JFK %.4f … %.4f, want %.4f … %.4f", g.Slices[1].Low, g.Slices[1].High, low, high)
	}
	if s := r.summary("1", "origin=JFK"); s.Fairness != nil {
		t.Errorf("a slice has gaps of its own: %+v", s.Fairness)
	}
	if m := r.Metrics().Versions[0].Fairness; len(m) != 1 || m[0].Gap != g.Gap {
		t.Errorf("%+v", m)
	}
}

func TestWhatIsPositiveIsToldOrNatural(t *testing.T) {
	for name, c := range map[string]struct {
		positive string
		answers  []string
		rate     float64 // −1: there is no gap
	}{
		"labels":         {"", []string{"late=1", "late=0", "late=0", "late=1"}, .5},
		"probabilities":  {"", []string{"late=0.9", "late=0.1", "late=0.3", "late=0.3"}, .4},
		"words":          {"", []string{"late=yes", "late=no", "late=No", "late=YES"}, .5},
		"a told class":   {"diverted", []string{"late=late", "late=diverted", "late=x", "late=y"}, .25},
		"a told number":  {"7", []string{"late=7", "late=1", "late=3", "late=7"}, .5},
		"unknown words":  {"", []string{"late=late", "late=diverted"}, -1},
		"a regression":   {"", []string{"late=0", "late=31.5", "late=0"}, -1},
		"nothing":        {"", []string{"late=null", "late={}"}, -1},
		"a missing cell": {"", []string{"late=1", "late=null"}, 1},
	} {
		r := newRig(t, func(o *Options) { o.Slices, o.Positive = []string{"header:x-tenant"}, c.positive })
		for _, answer := range c.answers {
			r.offer(Exchange{Request: body("a=1"), Response: body(answer), Headers: []string{"acme"}})
		}
		switch g := r.gapOf(); {
		case c.rate < 0 && g != nil:
			t.Errorf("%s: %+v", name, g)
		case c.rate >= 0 && (g == nil || len(g.Slices) != 1 || math.Abs(g.Slices[0].Rate-c.rate) > 1e-9 || g.Slices[0].Value != "acme"):
			t.Errorf("%s: %+v, want the rate %v", name, g, c.rate)
		case c.rate >= 0 && (g.Gap != 0 || g.Low != 0 || g.High != 1 || g.Between != nil):
			t.Errorf("%s: a gap of one slice: %+v", name, g)
		}
	}
}

func TestOnlyRowsWhoseSliceIsKnownCount(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Slices = []string{"origin"} })
	r.call("origin=JFK;origin=EWR", "late=1")                                              // rows cannot be told apart
	r.call("a=1", "late=1")                                                                // no such field
	r.offer(Exchange{Request: body("origin=JFK"), Response: body("late=1"), Failed: true}) // no prediction
	r.offer(Exchange{Request: body("no body that can be read"), Response: body("late=1")}) // no request
	r.call("origin=JFK;origin=null", "late=1;late=0")
	g := r.gapOf()
	if g == nil || len(g.Slices) != 2 || g.Slices[0].Observations != 1 || g.Slices[1].Value != "(missing)" {
		t.Errorf("%+v", g)
	}
}

// Sixty services whose rates change all day are watched for 2,000 observations in 5
// slices, and looked at every 50: how often do bounds ever leave out a rate or the gap?
func TestBoundsOfTheGapHoldUnderContinuousLooking(t *testing.T) {
	const services, length = 60, 2000
	wrong := 0
	for seed := range uint64(services) {
		r := rand.New(rand.NewPCG(seed, 68))
		v := &version{m: newIdle(Options{Model: "flights", Slices: []string{"origin"}}), name: "1"}
		var sums, counts [5]float64
		ok := true
		for i := range length {
			k := r.IntN(5)
			rate := .1 + .1*float64(k) + .08*math.Sin(float64(i)/100)
			sums[k] += rate
			counts[k]++
			late := truth(r.Float64() < rate)
			v.fair(&Exchange{}, decoded{in: oneCell("origin", float64(k)), out: oneCell("late", late)}, &pass{})
			if i%50 != 49 {
				continue
			}
			g := v.gaps()[0]
			largest, smallest := 0.0, 1.0
			for _, s := range g.Slices {
				truly := sums[s.Value[0]-'0'] / counts[s.Value[0]-'0']
				ok = ok && s.Low <= truly && truly <= s.High
				if !s.Few {
					largest, smallest = max(largest, truly), min(smallest, truly)
				}
			}
			ok = ok && (len(g.Between) == 0 || g.Low <= largest-smallest && largest-smallest <= g.High)
		}
		if !ok {
			wrong++
		}
	}
	limit := fairnessLevel + 3*math.Sqrt(fairnessLevel*(1-fairnessLevel)/services)
	t.Logf("bounds were ever wrong for %d of %d services (limit %.1f)", wrong, services, limit*services)
	if float64(wrong) > limit*services {
		t.Errorf("bounds were ever wrong for %d of %d services", wrong, services)
	}
}

func oneCell(name string, x float64) *protocol.Batch {
	return &protocol.Batch{Rows: 1, Columns: []protocol.Column{{Name: name, Cells: []protocol.Cell{{Kind: protocol.Number, Number: x}}}}}
}
