package main

import (
	"fmt"
	"math"
	"sort"
	"strconv"
	"time"

	"github.com/weir-gateway/weir/internal/demo/data"
)

// table gives a CSV's rows by column name.
type table struct {
	at   map[string]int
	rows [][]string
}

func newTable(records [][]string) table {
	t := table{at: map[string]int{}, rows: records[1:]}
	for i, name := range records[0] {
		t.at[name] = i
	}
	return t
}

func (t table) text(row []string, col string) string { return row[t.at[col]] }

func (t table) number(row []string, col string) (float64, error) {
	s := t.text(row, col)
	if s == "NA" || s == "" {
		return math.NaN(), nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, fmt.Errorf("column %s: %w", col, err)
	}
	return v, nil
}

// flight is one row of flights.csv, as far as the demo uses it. Air time,
// tail number and the actual clock times are left out: known only later, or
// implied by schedule and delay.
type flight struct {
	minute                       int32 // since the year began, local time
	hourUTC                      string
	origin, dest, carrier        string
	depDelay, arrDelay, distance float64
}

func build(src *source) (file []byte, rows int, err error) {
	flights, err := readFlights(newTable(src.flights))
	if err != nil {
		return nil, 0, fmt.Errorf("flights.csv: %w", err)
	}
	sort.SliceStable(flights, func(a, b int) bool { return flights[a].minute < flights[b].minute })

	w := &data.Writer{}
	if err := writeFlights(w, flights); err != nil {
		return nil, 0, err
	}
	if err := writeWeather(w, flights, newTable(src.weather)); err != nil {
		return nil, 0, fmt.Errorf("weather.csv: %w", err)
	}
	file, err = w.Finish()
	return file, len(flights), err
}

func readFlights(t table) ([]flight, error) {
	out := make([]flight, 0, len(t.rows))
	newYear := time.Date(2013, time.January, 1, 0, 0, 0, 0, time.UTC)
	for i, row := range t.rows {
		f := flight{
			hourUTC: t.text(row, "time_hour"),
			origin:  t.text(row, "origin"), dest: t.text(row, "dest"), carrier: t.text(row, "carrier"),
		}
		var month, day, hour, minute float64
		for col, to := range map[string]*float64{
			"dep_delay": &f.depDelay, "arr_delay": &f.arrDelay, "distance": &f.distance,
			"month": &month, "day": &day, "hour": &hour, "minute": &minute,
		} {
			v, err := t.number(row, col)
			if err != nil {
				return nil, fmt.Errorf("row %d: %w", i+2, err)
			}
			*to = v
		}
		at := time.Date(2013, time.Month(month), int(day), int(hour), int(minute), 0, 0, time.UTC)
		f.minute = int32(at.Sub(newYear) / time.Minute)
		out = append(out, f)
	}
	return out, nil
}

func writeFlights(w *data.Writer, flights []flight) error {
	minutes := make([]int32, len(flights))
	for i, f := range flights {
		minutes[i] = f.minute
	}
	w.Deltas("minute", minutes)
	w.Numbers("dep_delay", pick(flights, func(f flight) float64 { return f.depDelay }))
	w.Numbers("arr_delay", pick(flights, func(f flight) float64 { return f.arrDelay }))
	w.Numbers("distance", pick(flights, func(f flight) float64 { return f.distance }))
	if err := w.Texts("carrier", pick(flights, func(f flight) string { return f.carrier })); err != nil {
		return err
	}
	if err := w.Texts("origin", pick(flights, func(f flight) string { return f.origin })); err != nil {
		return err
	}
	return w.Texts("dest", pick(flights, func(f flight) string { return f.dest }))
}

func pick[T any](flights []flight, get func(flight) T) []T {
	out := make([]T, len(flights))
	for i, f := range flights {
		out[i] = get(f)
	}
	return out
}

// writeWeather joins on origin and the hour in universal time (the local hour
// occurs twice when summer time ends) and stores each measurement once an
// hour and airport, where the flights of that hour find it by their own hour.
func writeWeather(w *data.Writer, flights []flight, t table) error {
	type place struct{ origin, hourUTC string }
	measured := make(map[place][]string, len(t.rows))
	for _, row := range t.rows {
		measured[place{t.text(row, "origin"), t.text(row, "time_hour")}] = row
	}
	origins := []string{"EWR", "JFK", "LGA"} // sorted, as the origin column's dictionary is
	index := map[string]int{}
	for i, o := range origins {
		index[o] = i
	}
	hours := int(flights[len(flights)-1].minute)/60 + 1
	for _, name := range data.Weather() {
		values := make([]float64, hours*len(origins))
		for i := range values {
			values[i] = math.NaN()
		}
		for _, f := range flights {
			row, ok := measured[place{f.origin, f.hourUTC}]
			if !ok {
				continue
			}
			v, err := t.number(row, name)
			if err != nil {
				return err
			}
			values[int(f.minute)/60*len(origins)+index[f.origin]] = v
		}
		w.Numbers("weather."+name, values)
	}
	return nil
}
