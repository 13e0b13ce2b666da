package model

import (
	"math"
	"time"

	"github.com/weir-gateway/weir/internal/demo/data"
)

// Numbers of a [Row]; the names are the input tensors' names on the wire.
const (
	DepDelay  = iota // minutes after schedule
	Hour             // of scheduled departure, local time, 0…23
	Weekday          // 0 is Sunday
	Distance         // miles
	Temp             // °F
	Humid            // per cent
	WindSpeed        // miles an hour
	Precip           // inches in the hour
	Pressure         // hectopascal
	Visib            // miles
	numNumbers
)

// Texts of a [Row].
const (
	Carrier = iota
	Origin
	Dest
	numTexts
)

// Row is what a model is asked about: one flight at its departure.
type Row struct {
	Numbers [numNumbers]float64 // NaN: missing
	Texts   [numTexts]string    // "": missing
}

// NumberNames are the names of [Row.Numbers], in order.
func NumberNames() [numNumbers]string {
	return [...]string{"dep_delay", "hour", "weekday", "distance", "temp", "humid", "wind_speed", "precip", "pressure", "visib"}
}

// TextNames are the names of [Row.Texts], in order.
func TextNames() [numTexts]string { return [...]string{"carrier", "origin", "dest"} }

// RowOf reads flight i. It is what a client of the service sends.
func RowOf(f *data.Flights, i int) Row {
	var r Row
	at := f.Time(i)
	r.Numbers[DepDelay] = f.DepDelay[i]
	r.Numbers[Hour] = float64(at.Hour())
	r.Numbers[Weekday] = float64(at.Weekday())
	r.Numbers[Distance] = f.Distance[i]
	for j, name := range NumberNames() {
		if j >= Temp {
			r.Numbers[j] = f.WeatherAt(name, i)
		}
	}
	r.Texts = [...]string{f.Carrier.At(i), f.Origin.At(i), f.Dest.At(i)}
	return r
}

// Examples are rows with their known truth.
type Examples struct {
	Rows []Row
	Late []bool
}

// Known collects the flights scheduled in [from, to) months of 2013 that
// departed and whose arrival is known.
func Known(f *data.Flights, from, to time.Month) Examples {
	var ex Examples
	for i := f.From(from, 1); i < f.From(to, 1); i++ {
		late, known := f.Late(i)
		if known && f.Departed(i) {
			ex.Rows = append(ex.Rows, RowOf(f, i))
			ex.Late = append(ex.Late, late)
		}
	}
	return ex
}

// DelayInHours is version 3's broken pipeline step: it takes the delay for
// hours and "converts" it to minutes. The rows given are not changed.
func DelayInHours(ex Examples) Examples {
	rows := append([]Row(nil), ex.Rows...)
	for i := range rows {
		rows[i].Numbers[DepDelay] *= 60
	}
	return Examples{Rows: rows, Late: ex.Late}
}

func missing(v float64) bool { return math.IsNaN(v) }
