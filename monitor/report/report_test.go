package report

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/monitor/drift"
)

func compared(t *testing.T, reference, current string, o Options) *Report {
	t.Helper()
	r, err := Compare(strings.NewReader(reference), strings.NewReader(current), o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(r); err != nil { // NaN and infinities cannot be written
		t.Fatal(err)
	}
	return r
}

func (r *Report) feature(t *testing.T, name string) Feature {
	t.Helper()
	for _, f := range r.Features {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("there is no feature %s", name)
	return Feature{}
}

func TestAShiftedColumnDriftsAndAnotherDoesNot(t *testing.T) {
	const seed = 41
	rng := rand.New(rand.NewPCG(seed, 0))
	table := func(rows int, shift float64) string {
		var b strings.Builder
		b.WriteString("moved,kept,city\n")
		for range rows {
			fmt.Fprintf(&b, "%g,%g,%s\n", rng.NormFloat64()+shift, rng.NormFloat64(), []string{"Oslo", "Rome"}[rng.IntN(2)])
		}
		return b.String()
	}
	old, fresh := table(3000, 0), table(2000, 0.5)
	for _, rules := range []drift.Rules{drift.Evidently, drift.NannyML, drift.SageMaker} {
		r := compared(t, old, fresh, Options{Rules: rules})
		for name, want := range map[string]bool{"moved": true, "kept": false, "city": false} {
			if f := r.feature(t, name); f.Drifted == nil || *f.Drifted != want {
				t.Errorf("seed %d: %s: drifted of %s is not %v: %+v", seed, rules, name, want, f.Scores)
			}
		}
		if r.Dataset.Drifted || r.Dataset.Compared != 3 || r.Dataset.DriftedCount != 1 || r.Dataset.Reference.Rows != 3000 {
			t.Errorf("seed %d: %s: %+v", seed, rules, r.Dataset)
		}
	}
}

func TestBadColumnsAreNamedAndNeverCrash(t *testing.T) {
	old := "a,constant,empty,gone,code,typed,one\n1,5,,1,007,1,1\n2,5,NA,2,010,2,\n3,5,,3,007,3,\n"
	fresh := "a,constant,empty,code,typed,new,one\n1,5,,007,x,1,\nInf,5,,099,y,2,\n9,6,,007,z,3,2\n"
	for _, rules := range []drift.Rules{drift.Evidently, drift.NannyML, drift.SageMaker} {
		r := compared(t, old, fresh, Options{Rules: rules, Categorical: []string{"code"}})
		q := r.Quality
		if fmt.Sprint(q.OnlyInReference, q.OnlyInCurrent, q.AllMissing, q.Constant, q.TypeChanged) != "[gone] [new] [empty] [constant one] [typed]" {
			t.Errorf("%s: %+v", rules, q)
		}
		if len(r.Features) != 8 {
			t.Errorf("%s: %d features", rules, len(r.Features))
		}
		a := r.feature(t, "a")
		if a.Current.Invalid != 1 || *a.Current.OutOfRange != 1 || a.Current.Count != 2 {
			t.Errorf("%s: %+v", rules, a.Current)
		}
		if code := r.feature(t, "code"); *code.Current.Unseen != 1 || fmt.Sprint(code.Reference.Categories) != "[{007 2} {010 1}]" {
			t.Errorf("%s: %+v", rules, code)
		}
		for name, words := range map[string]string{"gone": "the current table has no such column", "empty": "no value in 3 rows", "typed": "none of the values of the current table is a number"} {
			if f := r.feature(t, name); !strings.Contains(f.Note, words) || f.Drifted != nil {
				t.Errorf("%s: %s: %q", rules, name, f.Note)
			}
		}
	}
}

func TestTablesWithoutRowsAreReported(t *testing.T) {
	for _, tables := range [][2]string{{"a,b\n", "a,b\n"}, {"a,b\n1,x\n", "a,b\n"}, {"a,b\n", "a,b\n1,x\n"}, {"a\n", "b\n"}} {
		if r := compared(t, tables[0], tables[1], Options{}); r.Dataset.Compared != 0 || r.Dataset.Drifted || len(r.Quality.Issues) == 0 {
			t.Errorf("%q: %+v", tables, r.Dataset)
		}
	}
}

func TestBrokenTablesNameTheSideAndTheRow(t *testing.T) {
	for _, c := range []struct{ reference, current, words string }{
		{"", "a\n1\n", "reference: table: it is empty"},
		{"a\n1\n", "a,a\n1,2\n", `current: table: columns 1 and 2 are both named "a"`},
		{"a,b\n1,2\n", "a,b\n1,2\n1\n", "current: table: row 2: record on line 3: wrong number of fields"},
	} {
		if _, err := Compare(strings.NewReader(c.reference), strings.NewReader(c.current), Options{}); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("error %v, want one with %q", err, c.words)
		}
	}
	if _, err := Compare(strings.NewReader("a\n"), strings.NewReader("a\n"), Options{Ignore: []string{"x"}}); err == nil {
		t.Error("a column that is not there can be ignored")
	}
}

func TestAChangeOfTheShareOfMissingHasAScoreOfItsOwn(t *testing.T) {
	table := func(missing int) string {
		return "a,b\n" + strings.Repeat("1,x\n", 500) + strings.Repeat("2,y\n", 500-missing) + strings.Repeat(",y\n", missing)
	}
	r := compared(t, table(10), table(100), Options{})
	for _, s := range r.feature(t, "a").Scores {
		if s.Method == "missing" && math.Abs(s.Value-0.09) < 1e-12 && *s.PValue < 1e-6 {
			return
		}
	}
	t.Errorf("%+v", r.feature(t, "a").Scores)
}

func FuzzCompare(f *testing.F) {
	f.Add("a,b\n1,x\n", "a,b\n2,y\n")
	f.Add("a\n007\n1e308\n-1e308\n", "a\n+1\ntrue\n")
	f.Fuzz(func(t *testing.T, reference, current string) {
		for _, rules := range []drift.Rules{drift.Evidently, drift.NannyML, drift.SageMaker} {
			r, err := Compare(strings.NewReader(reference), strings.NewReader(current), Options{Rules: rules})
			if err != nil {
				return
			}
			if _, err := json.Marshal(r); err != nil {
				t.Error(err)
			}
		}
	})
}
