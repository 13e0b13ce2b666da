package tabular

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// listTexts are the texts of testdata/make.py's lists in row i.
func listTexts(i int) (text, bare string) {
	whole := string(appendFloat(nil, float64(i), 64))
	quarter := string(appendFloat(nil, float64(i)/4, 64))
	minus := string(appendFloat(nil, -float64(i), 64))
	switch {
	case i%7 == 3:
		return "NaN", "[1.0]"
	case i%11 == 5:
		return "[]", "[]"
	case i%13 == 8:
		return "[" + whole + "," + quarter + ",NaN]", "[" + whole + "," + quarter + ",0.0]"
	}
	if i == 0 {
		minus = "0.0" // of the whole number 0
	}
	both := "[" + whole + "," + quarter + "," + minus + "]"
	return both, both
}

func TestListsOfNumbersAreJSON(t *testing.T) {
	for _, name := range []string{"lists.parquet", "lists-v2.parquet"} {
		rows, err := Open(bytes.NewReader(mustFile(t, name)), Options{Lists: []string{"float", "double", "bare"}})
		if err != nil {
			t.Fatal(err)
		}
		cells, err := all(rows)
		if err != nil || len(cells) != 3000 {
			t.Fatalf("%s: %d rows: %v", name, len(cells), err)
		}
		for i, row := range cells {
			text, bare := listTexts(i)
			if row[1] != text || row[2] != text || row[3] != bare {
				t.Fatalf("%s: row %d: %q, want %q twice and %q", name, i, row[1:], text, bare)
			}
		}
	}
}

// What parquet-go itself makes of a slice is a repeated column without a list's type.
func TestARepeatedColumnIsAList(t *testing.T) {
	type row struct {
		V []float64 `parquet:"v"`
		L []float32 `parquet:"l,list"`
	}
	var file bytes.Buffer
	if err := parquet.Write(&file, []row{{[]float64{1, 2.5}, []float32{3}}, {nil, nil}, {[]float64{4}, []float32{5, 6}}}); err != nil {
		t.Fatal(err)
	}
	rows, err := Open(bytes.NewReader(file.Bytes()), Options{Lists: []string{"v", "l"}})
	if err != nil {
		t.Fatal(err)
	}
	cells, err := all(rows)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range cells {
		got = append(got, r...)
	}
	if text := strings.Join(got, " "); text != "[1.0,2.5] [3.0] [] [] [4.0] [5.0,6.0]" {
		t.Error(text)
	}
}

func TestListsAreReadOnlyWhereTheyAreWanted(t *testing.T) {
	for name, lists := range map[string][]string{`column "float" is nested:`: nil, `column "tags" is nested otherwise than as lists of numbers`: {"tags"}} {
		file := "lists.parquet"
		if lists != nil {
			file = "nested.parquet"
		}
		rows, err := Open(bytes.NewReader(mustFile(t, file)), Options{Lists: lists})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := all(rows); !errors.Is(err, ErrTable) || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %s", err, name)
		}
	}
}

// As TestADamagedParquetFileIsNoPanic, with fewer places.
func TestADamagedFileOfListsIsNoPanic(t *testing.T) {
	data := mustFile(t, "lists.parquet")
	refused := 0
	for i := 4; i < len(data); i += 997 {
		bad := bytes.Clone(data)
		bad[i] ^= 0xff
		rows, err := Open(bytes.NewReader(bad), Options{Lists: []string{"float", "double", "bare"}})
		if err == nil {
			_, err = all(rows)
		}
		if err != nil {
			refused++
		}
		if err != nil && !errors.Is(err, ErrTable) {
			t.Fatalf("byte %d: %v", i, err)
		}
	}
	if refused == 0 {
		t.Error("no damage was noticed")
	}
}
