package demo

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/weir-gateway/weir/internal/demo/data"
)

// What Export takes of the year: a reference of four months, and the four months
// after it as a stream.
const (
	exportStream = time.May
	exportEnd    = time.September
	week         = 7 * 24 * time.Hour
)

// exported is a file of Export, and the flights in it.
type exported struct {
	name string
	rows []int
}

// Export writes flights as CSV files into the folder, in the order of their scheduled
// departure: reference.csv, January to April; stream.csv, May to August; week-01.csv
// and so on, the stream's weeks. And shuffled-reference.csv and shuffled-stream.csv,
// of the same sizes: all these flights in random order, so that nothing drifts from
// the one to the other. Columns are what is known at departure; flights that did not
// leave are left out, as in the story. It returns the names of the files.
func Export(folder string, seed uint64) (names []string, err error) {
	flights, err := data.Load()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("demo: %w", err)
	}
	for _, e := range exports(flights, seed) {
		if err := e.write(flights, filepath.Join(folder, e.name)); err != nil {
			return nil, fmt.Errorf("demo: %w", err)
		}
		names = append(names, e.name)
	}
	return names, nil
}

func exports(f *data.Flights, seed uint64) []exported {
	reference := departed(f, 0, f.From(exportStream, 1))
	stream := departed(f, f.From(exportStream, 1), f.From(exportEnd, 1))
	all := append(append([]int(nil), reference...), stream...)
	rng := rand.New(rand.NewPCG(seed, 0x73687566))
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	out := []exported{
		{"reference.csv", reference},
		{"stream.csv", stream},
		{"shuffled-reference.csv", all[:len(reference)]},
		{"shuffled-stream.csv", all[len(reference):]},
	}
	start := f.Time(f.From(exportStream, 1)).Truncate(24 * time.Hour)
	var weeks []exported
	for _, row := range stream {
		n := int(f.Time(row).Sub(start)/week) + 1
		if n > len(weeks) {
			weeks = append(weeks, exported{name: fmt.Sprintf("week-%02d.csv", n)})
		}
		weeks[n-1].rows = append(weeks[n-1].rows, row)
	}
	return append(out, weeks...)
}

func departed(f *data.Flights, from, to int) (rows []int) {
	for i := from; i < to; i++ {
		if f.Departed(i) {
			rows = append(rows, i)
		}
	}
	return rows
}

func (e *exported) write(f *data.Flights, path string) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	w := bufio.NewWriter(file)
	line := []byte("hour,dep_delay,distance,carrier,origin,dest")
	for _, name := range data.Weather() {
		line = append(append(line, ','), name...)
	}
	for _, i := range e.rows {
		if _, err := w.Write(append(line, '\n')); err != nil {
			return err
		}
		line = strconv.AppendInt(line[:0], int64(f.Time(i).Hour()), 10)
		line = appendNumber(line, f.DepDelay[i])
		line = appendNumber(line, f.Distance[i])
		line = append(line, ","+f.Carrier.At(i)+","+f.Origin.At(i)+","+f.Dest.At(i)...)
		for _, name := range data.Weather() {
			line = appendNumber(line, f.WeatherAt(name, i))
		}
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return err
	}
	return w.Flush()
}

// appendNumber appends a comma and the number; nothing where it is missing.
func appendNumber(line []byte, x float64) []byte {
	line = append(line, ',')
	if math.IsNaN(x) {
		return line
	}
	return strconv.AppendFloat(line, x, 'g', -1, 64)
}
