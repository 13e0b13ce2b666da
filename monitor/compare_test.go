package monitor

import (
	"fmt"
	"math/rand/v2"
	"testing"
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
	if c := same.summary("2", "").Shadow; c == nil || fmt.Sprint(*c) != "{2 1 0.5 0 [{p 0.01 2 1 0.5}]}" {
		t.Errorf("after a restart %+v", c)
	}
	if c := other.summary("2", "").Shadow; c != nil {
		t.Errorf("counts by another tolerance: %+v", c)
	}
}
