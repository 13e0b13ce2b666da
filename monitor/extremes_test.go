package monitor

import (
	"encoding/json"
	"fmt"
	"testing"
)

// TestNumbersAtTheEndsOfTheirRangeKeepNobodyFromReading: JSON has no infinity,
// and one request must not take the summary and the report away.
func TestNumbersAtTheEndsOfTheirRangeKeepNobodyFromReading(t *testing.T) {
	ends := []string{"1.7e308", "-1.7e308", "1e154", "-1e154", "1.3e154", "5e-324", "0"}
	for _, referenced := range []bool{false, true} {
		r := newRig(t, func(o *Options) { o.Slices = []string{"x"} })
		if referenced {
			table := "x,y\n"
			for i := range 400 {
				table += fmt.Sprintf("%s,%s\n", ends[i%len(ends)], ends[i%3])
			}
			if err := r.SetProfile("1", mustProfile(t, table, ProfileOptions{Outputs: []string{"y"}})); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 400 {
			x, y := ends[i%len(ends)], ends[(i/2)%len(ends)]
			r.offer(Exchange{Version: "1", Status: 200, RequestID: fmt.Sprint(i), Request: body("x=" + x), Response: body("y=" + y)})
		}
		r.summary("1", "")
		var labels []Label
		for i := range 400 {
			labels = append(labels, Label{RequestID: fmt.Sprint(i), Label: []float64{1.3e154, -1e154, 1.7e308, -1.7e308}[i%4]})
		}
		if f := r.Label(labels); f.Outcomes[labelJoined] != 400 {
			t.Fatalf("%+v", f)
		}
		r.summary("1", "")
		r.liveReport("1", "")
		r.liveReport("1", "x=0")
		if _, err := r.State(); err != nil {
			t.Error(err)
		}
		if _, err := json.Marshal(r.Qualities()); err != nil {
			t.Error(err)
		}
	}
}

// TestErrorsWhoseSumHasNoSquareAreNotShown: each error has a finite square, and
// their sum has not.
func TestErrorsWhoseSumHasNoSquareAreNotShown(t *testing.T) {
	r := newRig(t, nil)
	for i := range 4 {
		id := fmt.Sprint(i)
		r.offer(Exchange{Version: "1", Status: 200, RequestID: id, Request: body("x=1"), Response: body("y=0.5")})
		r.Label([]Label{{RequestID: id, Label: 1.3e154}})
	}
	if q := r.summary("1", "").Quality["truth"]; q.Labels != 4 || q.Errors != nil {
		t.Errorf("%+v", q)
	}
	r.liveReport("1", "")
}
