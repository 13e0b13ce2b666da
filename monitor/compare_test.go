package monitor

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/weir-gateway/weir/protocol"
)

func TestEachOutputDisagreesByItsOwnTolerance(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Tolerances = map[string]float64{"p": 0.01, "exact": 0} })
	pair := func(shadow, primary string) {
		r.offer(Exchange{Version: "2", Shadow: true, Request: body("x=1"), Response: body(shadow), Primary: body(primary)})
	}
	pair("class=1,p=0.5,q=0.5", "class=1,p=0.504,q=0.6")           // p within its own, q decides nothing beside a class
	pair("class=1,p=0.5,q=0.5", "class=1,p=0.51,q=0.5")            // p beyond its own, and it decides
	pair("class=0,p=0.5,q=0.5", "class=1,p=0.5,q=0.5")             // the class
	pair("exact=0.5", "exact=0.5000000001")                        // a tolerance of 0 is none
	pair("p=0", "p=1e-300")                                        // nothing is near 0 but 0
	pair("p=0.5;p=-0.5;p=null;p=null", "p=0.5;p=0.5;p=0.5;p=null") // another sign; missing agrees with missing alone
	got := fmt.Sprint(r.summary("2", "").Shadow.Outputs)
	want := "[{class 1e-06 3 1 0.3333333333333333} {p 0.01 8 4 0.5} {q 1e-06 3 1 0.3333333333333333} {exact 0 1 1 1}]"
	if got != want {
		t.Errorf("outputs\n%s, not\n%s", got, want)
	}
	if c := r.summary("2", "").Shadow; c.Compared != 9 || c.Disagreed != 6 {
		t.Errorf("%d of %d rows disagree", c.Disagreed, c.Compared)
	}
}

func TestAComparisonSurvivesARestartButNotANewTolerance(t *testing.T) {
	p := mustProfile(t, trainingTable(500, rand.New(rand.NewPCG(1, 0))), ProfileOptions{Outputs: []string{"late"}})
	with := func(tolerance float64) *rig {
		r := newRig(t, func(o *Options) { o.Tolerances = map[string]float64{"p": tolerance} })
		if err := r.SetProfile("2", p); err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := with(0.01)
	for _, primary := range []string{"p=0.5", "p=0.6"} {
		r.offer(Exchange{Version: "2", Shadow: true, Request: body("x=1"), Response: body("p=0.5"), Primary: body(primary)})
	}
	r.offer(Exchange{Version: "1", Noise: []string{"2"}, Request: body("x=1"), Response: body("p=0.5"), Primary: body("p=0.6")})
	state, err := r.State()
	if err != nil {
		t.Fatal(err)
	}
	same, other := with(0.01), with(0.3)
	for _, next := range []*rig{same, other} {
		if err := next.Restore(state); err != nil {
			t.Fatal(err)
		}
	}
	if c := same.summary("2", "").Shadow; c == nil || fmt.Sprint(c.Compared, c.Disagreed, c.Outputs, *c.Noise, c.Excess.Value) != "2 1 [{p 0.01 2 1 0.5}] {1 1 1 0} -0.5" {
		t.Errorf("after a restart %+v", c)
	}
	if c := other.summary("2", "").Shadow; c != nil {
		t.Errorf("counts by another tolerance: %+v", c)
	}
}

func TestTheNoiseOfAServiceIsCountedForTheShadowsOfTheRequestAndForNobodyElse(t *testing.T) {
	var predicted []float64
	r := newRig(t, func(o *Options) {
		o.OnPrediction = func(_ *Exchange, c protocol.Cell) { predicted = append(predicted, c.Number) }
	})
	r.call("x=1", "late=1")
	for _, shadow := range []string{"2", "3"} {
		r.offer(Exchange{Version: shadow, Shadow: true, Request: body("x=1"), Response: body("late=0"), Primary: body("late=1")})
	}
	again := func(answer, primary string, failed bool) {
		r.offer(Exchange{Version: "1", Noise: []string{"2", "9"}, Request: body("x=1"), Response: body(answer), Primary: body(primary), Failed: failed})
	}
	again("late=1;late=1", "late=1;late=1", false)
	again("late=0;late=1", "late=1;late=1", false)
	again("", "late=1", true)               // no second answer
	again("late=1", "", false)              // no first one
	again("late=1;late=1", "late=1", false) // of other rows
	two, three := r.summary("2", "").Shadow, r.summary("3", "").Shadow
	if want := (Noise{Compared: 4, Disagreed: 1, Ratio: 0.25, Unmatched: 2}); two.Noise == nil || *two.Noise != want {
		t.Errorf("noise %+v, not %+v", two.Noise, want)
	}
	if e := two.Excess; e == nil || e.Value != 0.75 || e.Low > 0 || e.High != 1 || e.Level != 0.05 {
		t.Errorf("after two requests the excess is %+v", e)
	}
	if three.Noise != nil || three.Excess != nil {
		t.Errorf("noise of requests that were not copied to 3: %+v", three)
	}
	one := r.summary("1", "")
	if one.Observations != 1 || one.Software.Requests != 1 || one.Shadow != nil || fmt.Sprint(r.Versions(), predicted) != "[1 2 3] [1 0 0]" {
		t.Errorf("second answers were taken for a client's: %+v, %v, %v", one, r.Versions(), predicted)
	}
}

// The bounds of the excess hold at every look, whatever the noise has to do with the
// disagreement, and a shadow that is worse than the noise is told from one that is not.
func TestTheExcessIsBoundedAtEveryLook(t *testing.T) {
	const runs, requests, noise = 200, 3000, 0.05
	wrong := map[float64]int{}
	found := 0
	for run := range runs {
		rng := rand.New(rand.NewPCG(77, uint64(run)))
		for _, more := range []float64{0, 0.1} {
			var c comparison
			missed := false
			for i := range requests {
				u := rng.Float64() // one request in three is asked twice, and then fails by the same cause
				c.shadow.mean.Update(truth(u < noise+more))
				if i%3 == 0 {
					c.noise.mean.Update(truth(u < noise))
				}
				if i%100 == 99 {
					e := c.excess()
					missed = missed || e.Low > more || e.High < more
				}
			}
			if missed {
				wrong[more]++
			}
			if more > 0 && c.excess().Low > 0 {
				found++
			}
		}
	}
	// 5 % of 200 runs are 10; more than 19 come with a chance of 0.3 %.
	if wrong[0] > 19 || wrong[0.1] > 19 || found < runs*95/100 {
		t.Errorf("of %d runs the bounds are ever wrong in %v, and %d found an excess of 0.1", runs, wrong, found)
	}
	t.Logf("of %d runs wrong in %v, excess of 0.1 over a noise of %v found in %d", runs, wrong, noise, found)
}
