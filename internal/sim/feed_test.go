package sim

import (
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/internal/demo/data"
	"github.com/weir-gateway/weir/monitor"
)

// flights are the embedded flights by column; rows can be read in any order.
type flights struct {
	f       *data.Flights
	names   []string // of the numbers
	numbers [][]float64
	texts   []*data.Texts
	spread  []float64 // standard deviation of each number
	sorted  [][]float64
}

func loadFlights(t *testing.T) *flights {
	t.Helper()
	f, err := data.Load()
	if err != nil {
		t.Fatal(err)
	}
	all := &flights{f: f, texts: []*data.Texts{f.Carrier, f.Origin, f.Dest}}
	add := func(name string, at func(i int) float64) {
		column := make([]float64, f.Len())
		var known []float64
		for i := range column {
			column[i] = at(i)
			if i%8 == 0 && !math.IsNaN(column[i]) {
				known = append(known, column[i])
			}
		}
		slices.Sort(known)
		e := meanOf(known)
		all.names, all.numbers = append(all.names, name), append(all.numbers, column)
		all.spread = append(all.spread, e.se*math.Sqrt(float64(len(known))))
		all.sorted = append(all.sorted, known)
	}
	add("dep_delay", func(i int) float64 { return f.DepDelay[i] })
	add("arr_delay", func(i int) float64 { return f.ArrDelay[i] })
	add("distance", func(i int) float64 { return f.Distance[i] })
	add("hour", func(i int) float64 { return float64(f.Time(i).Hour()) })
	for _, w := range data.Weather() {
		add(w, func(i int) float64 { return f.WeatherAt(w, i) })
	}
	return all
}

func (f *flights) header() string {
	return strings.Join(f.names, ",") + ",carrier,origin,dest\n"
}

// feed is a CSV table of rows in the given order; change rewrites the numbers of
// one column from the row warm on.
type feed struct {
	f      *flights
	order  []int
	next   int
	buffer []byte
	column int
	warm   int
	change func(x float64) float64
}

func (f *flights) feed(order []int) *feed {
	return &feed{f: f, order: order, buffer: []byte(f.header())}
}

func (r *feed) Read(p []byte) (int, error) {
	if len(r.buffer) == 0 {
		if r.next == len(r.order) {
			return 0, io.EOF
		}
		for range min(256, len(r.order)-r.next) {
			r.row()
		}
	}
	n := copy(p, r.buffer)
	r.buffer = r.buffer[n:]
	return n, nil
}

func (r *feed) row() {
	i := r.order[r.next]
	for k, column := range r.f.numbers {
		x := column[i]
		if r.change != nil && k == r.column && r.next >= r.warm {
			x = r.change(x)
		}
		if !math.IsNaN(x) {
			r.buffer = strconv.AppendFloat(r.buffer, x, 'g', -1, 64)
		}
		r.buffer = append(r.buffer, ',')
	}
	for k, texts := range r.f.texts {
		if k > 0 {
			r.buffer = append(r.buffer, ',')
		}
		r.buffer = append(r.buffer, texts.At(i)...)
	}
	r.buffer = append(r.buffer, '\n')
	r.next++
}

// split draws a reference of the given number of rows, and the other rows, both in
// random order: so nothing drifts.
func (f *flights) split(t *testing.T, rng *rand.Rand, rows int) (*monitor.Profile, []int) {
	t.Helper()
	order := rng.Perm(f.f.Len())
	p, err := monitor.BuildProfile(f.feed(order[:rows]), monitor.ProfileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p, order[rows:]
}

func backtest(t *testing.T, p *monitor.Profile, r io.Reader, seed uint64) *monitor.Backtest {
	t.Helper()
	b, err := monitor.RunBacktest(p, r, monitor.BacktestOptions{Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return b
}
