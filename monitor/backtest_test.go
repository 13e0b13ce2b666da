package monitor

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// recording writes rows of a delay and a carrier; from row change on the delays are
// longer, and one carrier is new.
func recording(rng *rand.Rand, rows, change int) string {
	var b strings.Builder
	b.WriteString("delay,carrier,late\n")
	for i := 1; i <= rows; i++ {
		d, c := delay(rng), carrier(rng)
		if i >= change {
			d += 10
			if i%10 == 0 {
				c = "ZZ"
			}
		}
		fmt.Fprintf(&b, "%d,%s,%d\n", d, c, late(rng))
	}
	return b.String()
}

func TestABacktestFindsTheRowOfTheChange(t *testing.T) {
	const seed, rows, change = 51, 20_000, 12_001
	rng := rand.New(rand.NewPCG(seed, 0))
	p := mustProfile(t, recording(rng, 20_000, 1<<30), ProfileOptions{Outputs: []string{"late"}})
	b, err := RunBacktest(p, strings.NewReader(recording(rng, rows, change)), BacktestOptions{FalseAlarmEvery: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	if b.Observations != rows || len(b.Watched) != 3 || len(b.Absent)+len(b.Unexpected) != 0 || b.Guarantee.MeanObservations != 100_000 {
		t.Errorf("seed %d: %+v", seed, b)
	}
	first := map[string]BacktestAlarm{}
	for _, a := range b.Alarms {
		if a.At < change {
			t.Errorf("seed %d: an alarm before the change: %+v", seed, a)
		}
		if _, ok := first[a.Feature+" "+a.Kind]; !ok {
			first[a.Feature+" "+a.Kind] = a
		}
	}
	if a := first["delay distribution"]; a.At == 0 || a.At > change+300 || a.Direction != "up" || a.BeganAbout+200 < change || a.BeganAbout > a.At {
		t.Errorf("seed %d: delay: %+v", seed, a)
	}
	if a := first["carrier unseen"]; a.At == 0 || a.At > change+1000 {
		t.Errorf("seed %d: carrier: %+v", seed, a)
	}
}

// A backtest is only worth something when a gateway would have rung at the same row.
func TestABacktestRingsWhereALiveMonitorRings(t *testing.T) {
	const seed, rows = 52, 4000
	rng := rand.New(rand.NewPCG(seed, 0))
	p := mustProfile(t, recording(rng, 5000, 1<<30), ProfileOptions{Outputs: []string{"late"}})
	stream := recording(rng, rows, 2001)
	b, err := RunBacktest(p, strings.NewReader(stream), BacktestOptions{FalseAlarmEvery: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, func(o *Options) { o.FalseAlarmEvery = 10_000 })
	if err := r.SetProfile("1", p); err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(strings.TrimSpace(stream), "\n")[1:] {
		v := strings.Split(line, ",")
		r.call("delay="+v[0]+",carrier="+v[1], "late="+v[2])
	}
	type ringing struct {
		feature, kind string
		at, began     uint64
		evidence      float64
	}
	var live, recorded []ringing
	for _, a := range r.alarms {
		live = append(live, ringing{a.Feature, a.Kind, a.Observation, a.BeganAbout, a.EvidenceLog10})
	}
	for _, a := range b.Alarms {
		recorded = append(recorded, ringing{a.Feature, a.Kind, a.At, a.BeganAbout, a.EvidenceLog10})
	}
	// Ranks at ties are drawn in another order, so a distribution may ring a few rows apart.
	if len(live) == 0 || len(live) != len(recorded) {
		t.Fatalf("seed %d: live %+v, recorded %+v", seed, live, recorded)
	}
	for i := range live {
		if live[i].feature != recorded[i].feature || live[i].kind != recorded[i].kind || apart(live[i].at, recorded[i].at) > 50 {
			t.Errorf("seed %d: live %+v, recorded %+v", seed, live[i], recorded[i])
		}
	}
}

func apart(a, b uint64) uint64 { return max(a, b) - min(a, b) }

func TestABacktestSaysWhatItDoesNotLookAt(t *testing.T) {
	rng := rand.New(rand.NewPCG(53, 0))
	p := mustProfile(t, recording(rng, 2000, 1<<30), ProfileOptions{Outputs: []string{"late"}})
	b, err := RunBacktest(p, strings.NewReader("DELAY,new\n1,2\nInf,3\n"), BacktestOptions{Columns: map[string]string{"DELAY": "delay"}})
	if err != nil {
		t.Fatal(err)
	}
	if b.Observations != 2 || fmt.Sprint(b.Absent, b.Unexpected) != "[carrier] [new]" {
		t.Errorf("%+v", b)
	}
	if _, err := RunBacktest(p, strings.NewReader("a,b\n1\n"), BacktestOptions{}); err == nil || !strings.Contains(err.Error(), "row 1") {
		t.Errorf("error %v names no row", err)
	}
	if _, err := RunBacktest(p, strings.NewReader("a\n1\n"), BacktestOptions{Columns: map[string]string{"x": "delay"}}); err == nil {
		t.Error("a column that is not there can be renamed")
	}
	if _, err := RunBacktest(&Profile{}, strings.NewReader("a\n1\n"), BacktestOptions{}); !errors.Is(err, ErrProfile) {
		t.Errorf("error %v", err)
	}
}

// The promise is a million feature values a second; 20 columns of numbers.
func BenchmarkBacktest(b *testing.B) {
	const columns, rows = 20, 5000
	rng := rand.New(rand.NewPCG(54, 0))
	var table bytes.Buffer
	for i := range columns {
		fmt.Fprintf(&table, "f%d%c", i, ",\n"[i/(columns-1)])
	}
	for range rows {
		for i := range columns {
			fmt.Fprintf(&table, "%.4f%c", rng.NormFloat64(), ",\n"[i/(columns-1)])
		}
	}
	p, err := BuildProfile(bytes.NewReader(table.Bytes()), ProfileOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(table.Len()))
	for b.Loop() {
		if _, err := RunBacktest(p, bytes.NewReader(table.Bytes()), BacktestOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(columns*rows*float64(b.N)/b.Elapsed().Seconds(), "values/s")
}
