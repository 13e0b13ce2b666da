package sim

import (
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

var table = flag.String("table", "", "run the full form and write the tables to this file")

// size is how much the short and the full form do.
type size struct {
	runs     int // of a null simulation
	changes  int // of a delay
	target   int // promised run length of the null simulations
	rollouts int
	rows     int // of real data without drift
	injected int // changes of each size in real data
	full     bool
}

func sizes() size {
	if *table != "" {
		return size{runs: 400, changes: 200, target: 1000, rollouts: 1000, rows: 10_000_000, injected: 60, full: true}
	}
	return size{runs: 60, changes: 40, target: 300, rollouts: 60, rows: 50_000, injected: 3}
}

// estimate is a mean with its standard error.
type estimate struct{ mean, se float64 }

func (e estimate) String() string { return fmt.Sprintf("%.0f ± %.0f", e.mean, e.se) }

func meanOf(xs []float64) estimate {
	n := float64(len(xs))
	mean, square := 0.0, 0.0
	for _, x := range xs {
		mean += x / n
	}
	for _, x := range xs {
		square += (x - mean) * (x - mean)
	}
	return estimate{mean, math.Sqrt(square / max(n-1, 1) / n)}
}

func medianOf(xs []float64) float64 {
	s := slices.Sorted(slices.Values(xs))
	return s[len(s)/2]
}

// page collects the document.
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func TestPromisesHoldInSimulations(t *testing.T) {
	if testing.Short() && *table == "" {
		t.Skip("simulations take seconds, under the race detector minutes")
	}
	s, p := sizes(), &page{}
	p.line("%s", strings.TrimSpace(head))
	for _, part := range []struct {
		name string
		run  func(*testing.T, size, *page)
	}{
		{"run lengths", runLengths},
		{"high promise", highPromise},
		{"many features", manyFeatures},
		{"autocorrelation", autocorrelation},
		{"delays", delays},
		{"verdicts", verdicts},
		{"flights", realData},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, s, p) })
	}
	t.Logf("\n%s", p.String())
	if *table == "" {
		return
	}
	if err := os.WriteFile(*table, []byte(p.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

const head = `
# Simulations

Made by ` + "`make sim`" + ` from fixed seeds; the same commit gives the same numbers. ` + "`go test ./internal/sim`" + ` runs a short form and fails
where a promise is missed. ± is one standard error of the simulation.

**Run length** is the mean number of observations until a detector rings although nothing changed; it is promised to be at least γ. A new
reference is drawn for every run. Runs are cut at 10 γ, which only lowers the mean. **Delay** is the mean number of observations from a change to the alarm.
**Oracle** is a CUSUM that knows both distributions exactly, its threshold set so that it has the promised run length; no detector that
must find any change can reach it. Wanted is a delay of at most 1.5 oracles.
`
