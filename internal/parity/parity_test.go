package parity

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/internal/demo/data"
	"github.com/weir-gateway/weir/monitor/drift"
	"github.com/weir-gateway/weir/monitor/report"
)

// tolerance is the largest difference that counts as agreement: absolute, or
// relative for scores above 1.
const tolerance = 1e-6

var table = flag.String("table", "", "write the table of agreement to this file")

// theirs is what the tools say of one column; nil where their function gives no number.
type theirs struct {
	Dataset string                         `json:"dataset"`
	Column  string                         `json:"column"`
	Scores  map[string]map[string]*float64 `json:"scores"` // by tool and method; "ks:p" is the p-value of ks
}

// agreement sums up one method.
type agreement struct {
	columns, without int
	worst            float64
}

func TestScoresAreThoseOfEvidentlyAndNannyML(t *testing.T) {
	python := environment(t)
	folder := t.TempDir()
	flights(t, folder)
	script, err := filepath.Abs(filepath.Join("testdata", "scores.py"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, script, folder)
	cmd.Dir = folder // keep what the tools write out of the tree
	out, err := cmd.Output()
	if err != nil {
		if e := (*exec.ExitError)(nil); errors.As(err, &e) {
			t.Logf("%s", e.Stderr)
		}
		t.Fatal(err)
	}
	var columns []theirs
	if err := json.Unmarshal(out, &columns); err != nil {
		t.Fatal(err)
	}
	if len(columns) < 150 {
		t.Fatalf("only %d columns were compared", len(columns))
	}
	all := map[string]*agreement{}
	reports := map[string]*report.Report{}
	sets := map[string]bool{}
	for _, c := range columns {
		sets[c.Dataset] = true
		for tool, scores := range c.Scores {
			key := tool + " " + c.Dataset
			if reports[key] == nil {
				reports[key] = ours(t, folder, c.Dataset, drift.Rules(tool))
			}
			for method, want := range scores {
				compare(t, all, reports[key], c, tool, method, want)
			}
		}
	}
	write(t, all, len(sets), len(columns))
}

func compare(t *testing.T, all map[string]*agreement, r *report.Report, c theirs, tool, method string, want *float64) {
	t.Helper()
	a := all[tool+" "+method]
	if a == nil {
		a = &agreement{}
		all[tool+" "+method] = a
	}
	if want == nil {
		a.without++
		return
	}
	got, ok := find(r, c.Column, method)
	if !ok {
		t.Errorf("%s: %s of %s has no score %s", tool, c.Column, c.Dataset, method)
		return
	}
	a.columns++
	apart := math.Abs(got-*want) / max(1, math.Abs(*want))
	a.worst = max(a.worst, apart)
	if apart > tolerance {
		t.Errorf("%s: %s of %s in %s: %.12g, the tool says %.12g", tool, method, c.Column, c.Dataset, got, *want)
	}
}

func find(r *report.Report, column, method string) (float64, bool) {
	method, p := strings.CutSuffix(method, ":p")
	for _, f := range r.Features {
		for _, s := range f.Scores {
			if f.Name != column || s.Method != method {
				continue
			}
			if p && s.PValue != nil {
				return *s.PValue, true
			}
			return s.Value, !p
		}
	}
	return 0, false
}

func ours(t *testing.T, folder, dataset string, rules drift.Rules) *report.Report {
	t.Helper()
	reference, err := os.Open(filepath.Join(folder, dataset+".ref.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer reference.Close()
	current, err := os.Open(filepath.Join(folder, dataset+".cur.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer current.Close()
	r, err := report.Compare(reference, current, report.Options{Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// flights writes windows of the flights: small and large, of one month and of two.
func flights(t *testing.T, folder string) {
	t.Helper()
	f, err := data.Load()
	if err != nil {
		t.Fatal(err)
	}
	january, july := f.From(time.January, 1), f.From(time.July, 1)
	for name, w := range map[string][4]int{
		"flights-small":  {january, 800, january + 800, 500},
		"flights-july":   {january, 5000, july, 3000},
		"flights-large":  {january, 20_000, july, 12_000},
		"flights-uneven": {january, 20_000, july, 150},
	} {
		export(t, f, filepath.Join(folder, name+".ref.csv"), w[0], w[1])
		export(t, f, filepath.Join(folder, name+".cur.csv"), w[2], w[3])
	}
}

func export(t *testing.T, f *data.Flights, path string, from, rows int) {
	t.Helper()
	var b strings.Builder
	b.WriteString("dep_delay,arr_delay,distance,hour,carrier,origin,dest")
	for _, w := range data.Weather() {
		b.WriteString("," + w)
	}
	b.WriteString("\n")
	number := func(x float64) string {
		if math.IsNaN(x) {
			return ""
		}
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	for i := from; i < from+rows; i++ {
		fmt.Fprintf(&b, "%s,%s,%s,%d,%s,%s,%s", number(f.DepDelay[i]), number(f.ArrDelay[i]), number(f.Distance[i]),
			f.Time(i).Hour(), f.Carrier.At(i), f.Origin.At(i), f.Dest.At(i))
		for _, w := range data.Weather() {
			b.WriteString("," + number(f.WeatherAt(w, i)))
		}
		b.WriteString("\n")
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// environment returns the Python that has the tools, or skips.
func environment(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("other people's tools take long to start; left out by -short")
	}
	cache := os.Getenv("WEIR_CACHE")
	if cache == "" {
		cache = filepath.Join("..", "..", ".cache")
	}
	python, err := filepath.Abs(filepath.Join(cache, "venv-parity", "bin", "python"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(python); err != nil {
		message := "no Python environment " + filepath.Dir(filepath.Dir(python)) + "; `make setup` makes it"
		if os.Getenv("WEIR_REQUIRE_PEERS") == "1" {
			t.Fatal(message)
		}
		t.Skip(message)
	}
	return python
}

// write makes the table for the docs.
func write(t *testing.T, all map[string]*agreement, sets, columns int) {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "# Agreement with Evidently and NannyML\n\nMade by `make parity`: the scores of `weir report` beside those of Evidently 0.7.23 and NannyML 0.13.1, from the same\n"+
		"%d pairs of CSV files with %d columns together: flights from New York in 2013, and the data sets that scikit-learn\nbrings along, in halves and shuffled. "+
		"The difference is absolute, or relative for scores above 1. What each method is: [drift.md](drift.md).\n\n"+
		"| tool | method | columns | tool gives no number | largest difference |\n|---|---|---|---|---|\n", sets, columns)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		a := all[key]
		tool, method, _ := strings.Cut(key, " ")
		method = strings.Replace(method, ":p", ", p-value", 1)
		worst := "below 1e-9"
		if a.worst >= 1e-9 {
			worst = fmt.Sprintf("%.0e", a.worst)
		}
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %s |\n", tool, method, a.columns, a.without, worst)
	}
	t.Logf("\n%s", b.String())
	if *table == "" {
		return
	}
	if err := os.WriteFile(*table, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
