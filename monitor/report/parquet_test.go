package report

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestAReportOfParquetIsThatOfTheSameTableAsCSV(t *testing.T) {
	const table = "../tabular/testdata/"
	compare := func(reference, current string) *Report {
		old, err := os.Open(table + reference)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = old.Close() }()
		fresh, err := os.Open(table + current)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = fresh.Close() }()
		r, err := Compare(old, fresh, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	want := compare("flights.csv", "flights.csv")
	if len(want.Features) != 7 || len(want.Features[0].Scores) == 0 {
		t.Fatalf("%+v", want)
	}
	for _, pair := range [][2]string{
		{"pyarrow-snappy.parquet", "pyarrow-gzip.parquet"}, {"flights.csv", "fastparquet-zstd.parquet"}, {"fastparquet-gzip.parquet", "flights.csv"},
	} {
		if diff := cmp.Diff(want, compare(pair[0], pair[1]), cmpopts.IgnoreUnexported(Side{})); diff != "" {
			t.Errorf("%v: %s", pair, diff)
		}
	}
}

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	data, err := os.ReadFile("../tabular/testdata/kinds.parquet")
	if err != nil {
		t.Fatal(err)
	}
	_, err = Compare(strings.NewReader("a\n1\n"), strings.NewReader(string(data[:1000])), Options{Reference: "train.csv", Current: "today.parquet"})
	if err == nil || !strings.HasPrefix(err.Error(), "today.parquet: table: ") {
		t.Error(err)
	}
}
