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

	"github.com/weir-gateway/weir/monitor/tabular"
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

// Lists of numbers in Parquet are the embeddings that their JSON texts are in CSV.
func TestAListInParquetIsTheEmbeddingThatIsATextInCSV(t *testing.T) {
	data, err := os.ReadFile("tabular/testdata/lists.parquet")
	if err != nil {
		t.Fatal(err)
	}
	rows, err := tabular.Open(bytes.NewReader(data), tabular.Options{Lists: []string{"double", "float", "bare"}})
	if err != nil {
		t.Fatal(err)
	}
	table := "vector\n"
	for {
		record, err := rows.Next()
		if err != nil {
			break // the end, or too few rows below
		}
		table += `"` + record[2] + "\"\n"
	}
	o := ProfileOptions{Embeddings: []string{"vector"}, Now: func() time.Time { return time.Unix(0, 0) }}
	want := mustProfile(t, table, o)
	o.Embeddings, o.Ignore, o.Columns = []string{"double"}, []string{"id", "float", "bare"}, map[string]string{"double": "vector"}
	got, err := BuildProfile(bytes.NewReader(data), o)
	if err != nil {
		t.Fatal(err)
	}
	// Reservoirs are not full, so that their seeds, by the places of columns, mean nothing.
	if diff := cmp.Diff(want, got); diff != "" || got.Rows != 3000 || got.Features[0].Invalid == 0 || got.Features[0].Missing == 0 {
		t.Errorf("%d rows: %s", got.Rows, diff)
	}
	b, err := RunBacktest(got, bytes.NewReader(data), BacktestOptions{Columns: map[string]string{"double": "vector"}})
	if err != nil || b.Observations != 3000 || len(b.Absent) != 0 || len(b.Watched) != 10 {
		t.Errorf("%+v, %v", b, err)
	}
}
