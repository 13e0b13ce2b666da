package data

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestColumnsComeBackAsWritten(t *testing.T) {
	w := &Writer{}
	deltas := []int32{5, 5, 900, -7}
	numbers := []float64{math.NaN(), 39.02, -43, 39.02}
	texts := []string{"b", "", "a", "b"}
	w.Deltas("d", deltas)
	w.Numbers("n", numbers)
	if err := w.Texts("t", texts); err != nil {
		t.Fatal(err)
	}
	file, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	cols, err := decode(file)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for i := range texts {
		got = append(got, cols.texts["t"].At(i))
	}
	if d := cmp.Diff([]any{deltas, numbers, texts}, []any{cols.deltas["d"], cols.numbers["n"], got}, cmpopts.EquateNaNs()); d != "" {
		t.Error(d)
	}
}

func TestADamagedFileIsAnErrorNeverAPanic(t *testing.T) {
	w := &Writer{}
	w.Numbers("n", []float64{1, 2, 3})
	w.Deltas("d", []int32{1, 2})
	if err := w.Texts("t", []string{"x", "y"}); err != nil {
		t.Fatal(err)
	}
	whole := w.buf
	for cut := 1; cut < len(whole); cut++ {
		w.buf = whole[:cut]
		file, err := w.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := load(file); err == nil {
			t.Errorf("cut at byte %d: no error", cut)
		}
	}
	if _, err := load([]byte("not zstd")); err == nil {
		t.Error("no error for a file of another kind")
	}
}

func TestTooManyTextsAreRefused(t *testing.T) {
	var many []string
	for i := range 256 {
		many = append(many, string(rune('a'+i)))
	}
	if err := (&Writer{}).Texts("t", many); err == nil {
		t.Error("256 distinct texts were accepted, a byte holds 255 here")
	}
}
