package data

import (
	"crypto/sha256"
	_ "embed"
	"fmt"
	"math"
	"sort"
	"time"
)

//go:embed flights.col.zst
var file []byte

// LateAfter is what "late" means, the target of every model of the demo: the
// flight arrives more than this many minutes after its schedule.
const LateAfter = 15

// Weather are the names of the weather columns, in the file's order. Units:
// °F, °F, per cent, degrees, miles an hour (twice), inches, hectopascal, miles.
func Weather() []string {
	return []string{"temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"}
}

// Flights is the data set by column; row i of each column is the same flight.
// Rows are in the order of scheduled departure. Read-only.
type Flights struct {
	// Minute is the scheduled departure in minutes since the year began, in
	// New York's local time.
	Minute []int32
	// DepDelay and ArrDelay are minutes after schedule; NaN: did not depart,
	// or no arrival is recorded.
	DepDelay, ArrDelay []float64
	// Distance is in miles.
	Distance []float64
	// Carrier, Origin and Dest are two- and three-letter codes.
	Carrier, Origin, Dest *Texts

	weather map[string][]float64 // by hour*len(Origin.Names)+origin
}

// Load decodes the embedded file; it takes about 60 ms.
func Load() (*Flights, error) { return load(file) }

func load(file []byte) (*Flights, error) {
	cols, err := decode(file)
	if err != nil {
		return nil, err
	}
	f := &Flights{
		Minute:   cols.deltas["minute"],
		DepDelay: cols.numbers["dep_delay"],
		ArrDelay: cols.numbers["arr_delay"],
		Distance: cols.numbers["distance"],
		Carrier:  cols.texts["carrier"],
		Origin:   cols.texts["origin"],
		Dest:     cols.texts["dest"],
		weather:  map[string][]float64{},
	}
	n := len(f.Minute)
	for name, rows := range map[string]int{
		"dep_delay": len(f.DepDelay), "arr_delay": len(f.ArrDelay), "distance": len(f.Distance),
		"carrier": f.Carrier.len(), "origin": f.Origin.len(), "dest": f.Dest.len(),
	} {
		if rows != n {
			return nil, fmt.Errorf("data: column %s has %d rows, minute has %d", name, rows, n)
		}
	}
	if n == 0 {
		return nil, fmt.Errorf("data: no flights")
	}
	hours := (int(f.Minute[n-1])/60 + 1) * len(f.Origin.Names)
	for _, name := range Weather() {
		w := cols.numbers["weather."+name]
		if len(w) != hours {
			return nil, fmt.Errorf("data: column weather.%s has %d rows, the flights span %d", name, len(w), hours)
		}
		f.weather[name] = w
	}
	return f, nil
}

func (t *Texts) len() int {
	if t == nil {
		return -1
	}
	return len(t.Codes)
}

// Digest is the sha256 of the embedded file, as lineage names it.
func Digest() string { return fmt.Sprintf("sha256:%x", sha256.Sum256(file)) }

// Len is the number of flights.
func (f *Flights) Len() int { return len(f.Minute) }

// Time is row i's scheduled departure. The zone is UTC but the clock is New
// York's, so that hours and weekdays are the ones on the timetable.
func (f *Flights) Time(i int) time.Time {
	return time.Date(2013, time.January, 1, 0, int(f.Minute[i]), 0, 0, time.UTC)
}

// Departed says whether row i left at all.
func (f *Flights) Departed(i int) bool { return !math.IsNaN(f.DepDelay[i]) }

// Late says whether row i arrived more than [LateAfter] minutes late; known is
// false where no arrival is recorded.
func (f *Flights) Late(i int) (late, known bool) {
	d := f.ArrDelay[i]
	return d > LateAfter, !math.IsNaN(d)
}

// WeatherAt is the named weather column for row i: what was measured at its
// airport in the hour of its scheduled departure. NaN: not measured.
func (f *Flights) WeatherAt(name string, i int) float64 {
	hour := int(f.Minute[i]) / 60
	return f.weather[name][hour*len(f.Origin.Names)+int(f.Origin.Codes[i])]
}

// From is the first row scheduled on the given day of 2013 or later.
func (f *Flights) From(month time.Month, day int) int {
	start := time.Date(2013, month, day, 0, 0, 0, 0, time.UTC)
	minute := int32(start.Sub(time.Date(2013, time.January, 1, 0, 0, 0, 0, time.UTC)) / time.Minute)
	return sort.Search(len(f.Minute), func(i int) bool { return f.Minute[i] >= minute })
}
