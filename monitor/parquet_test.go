package monitor

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"
)

func TestAProfileOfParquetIsThatOfTheSameTableAsCSV(t *testing.T) {
	build := func(name string) *Profile {
		f, err := os.Open("tabular/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		p, err := BuildProfile(f, ProfileOptions{Outputs: []string{"late"}, Ignore: []string{"flight"}, Now: func() time.Time { return time.Unix(0, 0) }})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	want := build("flights.csv")
	for _, name := range []string{"pyarrow-zstd.parquet", "fastparquet-snappy.parquet"} {
		if diff := cmp.Diff(want, build(name)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestABacktestOfParquetIsThatOfTheSameTableAsCSV(t *testing.T) {
	const seed = 53
	rng := rand.New(rand.NewPCG(seed, 0))
	reference := mustProfile(t, recording(rng, 5000, 1<<30), ProfileOptions{Outputs: []string{"late"}})
	type row struct {
		Delay   int64  `parquet:"delay"`
		Carrier string `parquet:"carrier,dict,zstd"`
		Late    int64  `parquet:"late"`
	}
	table := recording(rng, 8000, 4001)
	var rows []row
	for _, line := range strings.Split(strings.TrimSpace(table), "\n")[1:] {
		var r row
		if _, err := fmt.Sscanf(strings.ReplaceAll(line, ",", " "), "%d %s %d", &r.Delay, &r.Carrier, &r.Late); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	var file bytes.Buffer
	if err := parquet.Write(&file, rows, parquet.MaxRowsPerRowGroup(3000)); err != nil {
		t.Fatal(err)
	}
	run := func(stream []byte) *Backtest {
		b, err := RunBacktest(reference, bytes.NewReader(stream), BacktestOptions{FalseAlarmEvery: 100_000})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	want := run([]byte(table))
	if diff := cmp.Diff(want, run(file.Bytes())); diff != "" || len(want.Alarms) == 0 {
		t.Errorf("seed %d: %d alarms; %s", seed, len(want.Alarms), diff)
	}
}

// BenchmarkBacktestParquet is BenchmarkBacktest with the same numbers in Parquet:
// 20 columns of doubles, snappy.
func BenchmarkBacktestParquet(b *testing.B) {
	const rows, columns = 20_000, 20
	rng := rand.New(rand.NewPCG(1, 0))
	group := parquet.Group{}
	for c := range columns {
		group[fmt.Sprintf("f%02d", c)] = parquet.Leaf(parquet.DoubleType)
	}
	var file bytes.Buffer
	w := parquet.NewGenericWriter[any](&file, parquet.NewSchema("table", group), parquet.Compression(&parquet.Snappy))
	for range rows {
		row := make(parquet.Row, columns)
		for c := range row {
			x := float64(int(1e4*rng.NormFloat64())) / 1e4
			row[c] = parquet.DoubleValue(x).Level(0, 0, c)
		}
		if _, err := w.WriteRows([]parquet.Row{row}); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	reference, err := BuildProfile(bytes.NewReader(file.Bytes()), ProfileOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		if _, err := RunBacktest(reference, bytes.NewReader(file.Bytes()), BacktestOptions{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*rows*columns)/b.Elapsed().Seconds(), "values/s")
}
