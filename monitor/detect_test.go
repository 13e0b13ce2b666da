package monitor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/protocol"
)

// feed observes rows without the queue: batches of one row, by name.
type feed struct {
	*Monitor
	in, out protocol.Batch
	x       Exchange
}

func newFeed(t *testing.T, p *Profile, o Options) *feed {
	t.Helper()
	o.Model, o.Protocol = "flights", fakeProtocol{}
	o.Now = newClock().Now
	f := &feed{Monitor: New(o), x: Exchange{Version: "1"}}
	t.Cleanup(f.Close)
	if err := f.SetProfile("1", p); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *feed) row(delay, carrier, late string) []Alarm {
	if f.in.Columns == nil {
		for _, name := range []string{"delay", "carrier"} {
			f.in.Columns = append(f.in.Columns, protocol.Column{Name: name, Cells: make([]protocol.Cell, 1)})
		}
		f.out.Columns = []protocol.Column{{Name: "late", Cells: make([]protocol.Cell, 1)}}
		f.in.Rows, f.out.Rows = 1, 1
	}
	f.in.Columns[0].Cells[0], f.in.Columns[1].Cells[0] = fakeCell(delay), fakeCell(carrier)
	f.out.Columns[0].Cells[0] = fakeCell(late)
	return f.observe(&f.x, decoded{in: &f.in, out: &f.out})
}

func (f *feed) healthy(rng *rand.Rand) []Alarm {
	return f.row(fmt.Sprint(delay(rng)), carrier(rng), fmt.Sprint(late(rng)))
}

// The promise is one for the model: any alarm of any detector of any feature.
func TestTheRunLengthOfAWholeModelIsAsPromised(t *testing.T) {
	if testing.Short() {
		t.Skip("a simulation of 400 runs")
	}
	const promised, rows, runs, longest, seed = 500, 2000, 400, 5000, 21
	rng := rand.New(rand.NewPCG(seed, 0))
	lengths := make([]float64, runs)
	for i := range lengths {
		p := mustProfile(t, trainingTable(rows, rng), ProfileOptions{Outputs: []string{"late"}})
		f := newFeed(t, p, Options{FalseAlarmEvery: promised, Seed: uint64(i)})
		n := 1
		for n < longest && len(f.healthy(rng)) == 0 {
			n++
		}
		lengths[i] = float64(n)
		f.Close()
	}
	mean, variance := 0.0, 0.0
	for _, l := range lengths {
		mean += l / runs
	}
	for _, l := range lengths {
		variance += (l - mean) * (l - mean) / (runs - 1)
	}
	se := math.Sqrt(variance / runs)
	t.Logf("seed %d: mean run length %.0f ± %.0f observations (runs cut at %d), promised %d", seed, mean, se, longest, promised)
	if mean < promised-3*se {
		t.Errorf("mean run length %.0f ± %.0f is below the promised %d", mean, se, promised)
	}
}

func TestAlarmsNameFeatureKindDirectionAndBeginning(t *testing.T) {
	const before = 3000
	for _, c := range []struct {
		name                  string
		row                   func(rng *rand.Rand) (delay, carrier, late string)
		feature, kind, direct string
		category              string
		within                int
	}{
		{"later flights", func(r *rand.Rand) (string, string, string) {
			return fmt.Sprint(delay(r) + 10), carrier(r), fmt.Sprint(late(r))
		}, "delay", "distribution", "up", "", 200},
		{"earlier flights", func(r *rand.Rand) (string, string, string) {
			return fmt.Sprint(delay(r) - 10), carrier(r), fmt.Sprint(late(r))
		}, "delay", "range", "up", "", 200},
		{"hours instead of minutes", func(r *rand.Rand) (string, string, string) {
			return fmt.Sprint(float64(delay(r)) / 60), carrier(r), fmt.Sprint(late(r))
		}, "delay", "type", "up", "", 30},
		{"missing delays", func(r *rand.Rand) (string, string, string) {
			if r.IntN(10) == 0 {
				return "null", carrier(r), fmt.Sprint(late(r))
			}
			return fmt.Sprint(delay(r)), carrier(r), fmt.Sprint(late(r))
		}, "delay", "missing", "up", "", 200},
		{"a text", func(r *rand.Rand) (string, string, string) { return "soon", carrier(r), fmt.Sprint(late(r)) }, "delay", "type", "up", "", 30},
		{"a new carrier", func(r *rand.Rand) (string, string, string) {
			if r.IntN(10) == 0 {
				return fmt.Sprint(delay(r)), "XX", fmt.Sprint(late(r))
			}
			return fmt.Sprint(delay(r)), carrier(r), fmt.Sprint(late(r))
		}, "carrier", "unseen", "up", "", 200},
		{"fewer of a carrier", func(r *rand.Rand) (string, string, string) {
			k := carrier(r)
			if k == "B6" {
				k = "UA"
			}
			return fmt.Sprint(delay(r)), k, fmt.Sprint(late(r))
		}, "carrier", "distribution", "down", "B6", 300},
		{"more late predictions", func(r *rand.Rand) (string, string, string) {
			return fmt.Sprint(delay(r)), carrier(r), fmt.Sprint(r.IntN(2))
		}, "late", "volume", "up", "1", 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			const seed = 22
			rng := rand.New(rand.NewPCG(seed, 0))
			p := mustProfile(t, trainingTable(20_000, rng), ProfileOptions{Outputs: []string{"late"}})
			f := newFeed(t, p, Options{FalseAlarmEvery: 1e6})
			for range before {
				if a := f.healthy(rng); len(a) > 0 {
					t.Fatalf("seed %d: a false alarm: %+v", seed, a)
				}
			}
			for n := 1; ; n++ {
				alarms := f.row(c.row(rng))
				if len(alarms) == 0 {
					if n > c.within {
						t.Fatalf("seed %d: nothing within %d observations", seed, c.within)
					}
					continue
				}
				a := alarms[0]
				if a.Feature != c.feature || a.Kind != c.kind || a.Direction != c.direct || a.Category != c.category {
					t.Errorf("seed %d: after %d: %+v", seed, n, a)
				}
				if off := math.Abs(float64(a.BeganAbout) - before); off > float64(n)/2+16 {
					t.Errorf("the change at %d is dated to %d, found at %d", before, a.BeganAbout, a.Observation)
				}
				if a.Observation != uint64(before+n) || a.Size.Low > a.Size.Value || a.Size.High < a.Size.Value || a.EvidenceLog10 < 6 ||
					a.Guarantee.MeanObservations != 1e6 || a.Guarantee.Detectors != 12 {
					t.Errorf("alarm %+v", a)
				}
				return
			}
		})
	}
}

func TestScoresHaveTheirNullExpectation(t *testing.T) {
	const seed = 23
	rng := rand.New(rand.NewPCG(seed, 0))
	p := mustProfile(t, trainingTable(20_000, rng), ProfileOptions{Outputs: []string{"late"}})
	f := newFeed(t, p, Options{})
	for range 5000 {
		f.healthy(rng)
	}
	s, err := f.Summary("1", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range s.Features {
		if len(x.Scores) != 2 || x.Scores[0].Method != "psi" || x.Scores[1].Method != "js" {
			t.Fatalf("%s has the scores %+v", x.Name, x.Scores)
		}
		for _, score := range x.Scores {
			if score.NullExpected <= 0 || score.Value > 4*score.NullExpected || score.Reference != "profile" || score.Rows != 5000 {
				t.Errorf("seed %d: %s without drift: %+v", seed, x.Name, score)
			}
		}
	}
	for range 5000 {
		f.row(fmt.Sprint(delay(rng)+10), "UA", "1")
	}
	if s, err = f.Summary("1", ""); err != nil {
		t.Fatal(err)
	}
	for _, x := range s.Features {
		if score := x.Scores[0]; score.Value < 0.1 {
			t.Errorf("%s with drift: %+v", x.Name, score)
		}
	}
	m := f.Metrics()
	if len(m.Versions) != 1 || len(m.Versions[0].Features) != 3 || m.Versions[0].Classes["1"] == 0 || len(m.Versions[0].Alarms) == 0 {
		t.Errorf("metrics %+v", m)
	}
}

func TestAbsentAndUnexpectedFeaturesAreReported(t *testing.T) {
	const seed = 24
	rng := rand.New(rand.NewPCG(seed, 0))
	r := newRig(t, nil)
	if err := r.SetProfile("1", mustProfile(t, trainingTable(2000, rng), ProfileOptions{Outputs: []string{"late"}})); err != nil {
		t.Fatal(err)
	}
	for range 200 {
		r.call("dely=3,carrier=UA", "late=0")
	}
	s := r.summary("1", "")
	if s.Skew == nil || strings.Join(s.Skew.Absent, " ") != "delay" || strings.Join(s.Skew.Unexpected, " ") != "dely" {
		t.Errorf("skew %+v", s.Skew)
	}
	if d := find(t, s, "delay"); d.Missing != 200 || d.Count != 0 {
		t.Errorf("delay %+v", d)
	}
	if d := find(t, s, "dely"); !d.Unexpected || d.Count != 200 {
		t.Errorf("dely %+v", d)
	}
	if len(r.alarms) == 0 || r.alarms[0].Feature != "delay" || r.alarms[0].Kind != "missing" {
		t.Errorf("alarms %+v", r.alarms)
	}
}

func TestDegenerateValuesNeverYieldNaN(t *testing.T) {
	values := []string{"null", "{}", "0", "1e308", "-1e308", "5e-324", "text", "1", "Inf", "NaN", strings.Repeat("long", 100)}
	tables := []string{
		"x,y\n" + strings.Repeat("1,a\n", 300),                  // constant
		"x,y\n" + strings.Repeat(",\n", 300) + "1,a\n",          // all but missing
		"x,y\n" + strings.Repeat("1e308,a\n-1e308,b\n", 300),    // huge
		"x,y\n" + strings.Repeat("Inf,\nNaN,\n", 300) + "1,a\n", // infinite
		"x,y\n1,a\n", // one row
	}
	for i, table := range tables {
		r := newRig(t, func(o *Options) { o.FalseAlarmEvery = 100; o.Slices = []string{"y"} })
		if err := r.SetProfile("1", mustProfile(t, table, ProfileOptions{})); err != nil {
			t.Errorf("table %d: %v", i, err)
			continue
		}
		for n := range 500 {
			v := values[n%len(values)]
			r.call("x="+v+",y="+values[(n/7)%len(values)]+",z="+v, "out="+v)
		}
		r.summary("1", "") // marshals
		r.summary("1", "y=1")
		for _, a := range r.alarms {
			if math.IsNaN(a.Size.Value + a.Size.Low + a.Size.High + a.EvidenceLog10) {
				t.Errorf("table %d: alarm %+v", i, a)
			}
		}
		if p, err := r.Profile("1"); err != nil {
			t.Errorf("table %d: live profile: %v", i, err)
		} else if err := p.Validate(); err != nil {
			t.Errorf("table %d: live profile: %v", i, err)
		}
		if r.drops.snapshot()["panic"] > 0 {
			t.Errorf("table %d: a panic", i)
		}
	}
}

func TestTheStateSurvivesARestart(t *testing.T) {
	const seed = 25
	rng := rand.New(rand.NewPCG(seed, 0))
	p := mustProfile(t, trainingTable(5000, rng), ProfileOptions{Outputs: []string{"late"}})
	one := newFeed(t, p, Options{FalseAlarmEvery: 1e9})
	for range 1000 {
		one.healthy(rng)
	}
	for range 10 {
		one.row("200", "XX", "1")
	}
	state, err := one.State()
	if err != nil {
		t.Fatal(err)
	}
	two := newFeed(t, p, Options{FalseAlarmEvery: 1e9})
	if err := two.Restore(state); err != nil {
		t.Fatal(err)
	}
	a, _ := one.Summary("1", "")
	b, _ := two.Summary("1", "")
	if a.Observations != b.Observations || len(a.Features) != len(b.Features) {
		t.Fatalf("%+v and %+v", a, b)
	}
	for i := range a.Features {
		x, y := a.Features[i], b.Features[i]
		if x.EvidenceLog10 != y.EvidenceLog10 || x.Count != y.Count || x.Unseen != y.Unseen || x.AlarmsTotal != y.AlarmsTotal {
			t.Errorf("%s: %+v and %+v", x.Name, x, y)
		}
	}
	other := mustProfile(t, trainingTable(5000, rng), ProfileOptions{Outputs: []string{"late"}})
	three := newFeed(t, other, Options{})
	if err := three.Restore(state); err == nil || !strings.Contains(err.Error(), "version 1 has another profile now") {
		t.Errorf("another profile: error %v", err)
	}
	if err := three.Restore([]byte("{")); err == nil {
		t.Error("a broken state was accepted")
	}
}

func TestRepeatedRunsGiveTheSameAlarms(t *testing.T) {
	run := func() string {
		rng := rand.New(rand.NewPCG(26, 0))
		p := mustProfile(t, trainingTable(5000, rng), ProfileOptions{Outputs: []string{"late"}})
		f := newFeed(t, p, Options{FalseAlarmEvery: 100, Seed: 1})
		var all []Alarm
		for range 5000 {
			all = append(all, f.healthy(rng)...)
		}
		return fmt.Sprint(all)
	}
	if a, b := run(), run(); a != b || len(a) < 10 {
		t.Errorf("two runs with one seed differ, or nothing rang:\n%s\n%s", a, b)
	}
}

func TestVersionsFollowTheStableOne(t *testing.T) {
	const seed = 27
	rng := rand.New(rand.NewPCG(seed, 0))
	r := newRig(t, func(o *Options) { o.FollowStable = true })
	r.SetStable("1")
	call := func(version string, shift int) {
		r.offer(Exchange{
			Version: version, Latency: time.Millisecond, Response: body(fmt.Sprint("late=", late(rng))),
			Request: body(fmt.Sprintf("delay=%d,carrier=%s", delay(rng)+shift, carrier(rng))),
		})
	}
	for range followRows {
		call("1", 0)
	}
	for range 2000 {
		call("2", 0)
	}
	s := r.summary("2", "")
	if s.Reference == nil || s.Reference.Kind != "stable" || len(find(t, s, "delay").Scores) != 2 || s.Observations != 2000 {
		t.Fatalf("reference %+v", s.Reference)
	}
	if len(r.alarms) != 0 {
		t.Errorf("seed %d: alarms without a change: %+v", seed, r.alarms)
	}
	for range 500 {
		call("2", 30)
	}
	if len(r.alarms) == 0 || r.alarms[0].Version != "2" || r.alarms[0].Feature != "delay" {
		t.Errorf("alarms %+v", r.alarms)
	}
	if s := r.summary("1", ""); s.Reference != nil {
		t.Errorf("the stable version has the reference %+v", s.Reference)
	}
	r.SetStable("2")
	if s, err := r.Summary("2", ""); err == nil && s.Reference != nil {
		t.Errorf("the new stable version keeps the reference %+v", s.Reference)
	}
}
