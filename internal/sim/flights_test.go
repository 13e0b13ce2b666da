package sim

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/weir-gateway/weir/monitor"
)

const (
	flightsReference = 20_000
	injectedWarm     = 1000
	missedAfter      = 20_000 // rows after the change
)

// realData watches real flights through weir backtest's code, all features together
// under the default promise.
func realData(t *testing.T, s size, p *page) {
	const seed, every = 24, 1_000_000
	f := loadFlights(t)
	p.line("\n## Real data\n\nThe flights of the demo, %d numbers and 3 categories, through the code of `weir backtest` with its default promise of one false alarm in %d"+
		" rows over all features. Reference: %d rows drawn at random. Seed %d.\n", len(f.names), every, flightsReference, seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	alarms, rows := map[string]int{}, 0
	total, detectors := 0, 0
	for rows < s.rows {
		profile, order := f.split(t, rng, flightsReference)
		order = order[:min(len(order), s.rows-rows)]
		b := backtest(t, profile, f.feed(order), uint64(rows))
		rows += len(order)
		detectors = b.Guarantee.Detectors
		for _, a := range b.Alarms {
			total++
			alarms[a.Feature+" "+a.Kind]++
		}
	}
	promised := float64(rows) / every
	p.line("Without drift (all rows in random order, a new order and reference every %d rows): **%d alarms in %d rows**, promised at most %.1f; %d detectors. %s\n",
		f.f.Len()-flightsReference, total, rows, promised, detectors, strings.Join(slices.Sorted(maps.Keys(alarms)), ", "))
	if float64(total) > promised+3*math.Sqrt(promised)+0.9 {
		t.Errorf("%d alarms in %d rows without drift, promised %.1f: %v", total, rows, promised, alarms)
	}
	p.line("Abrupt changes of one number after %d rows, one feature, kind (shift, scale, a share replaced by high values) and size at random. A shift also makes values that the reference never had,"+
		" which ring sooner than the change of the distribution:\n", injectedWarm)
	p.line("| changes | KS distance | wanted | median delay (95 %% of medians) | mean | found by | missed within %d rows | other features' alarms |\n|---|---|---|---|---|---|---|---|", missedAfter)
	injectedChanges(t, f, "clear", .1, 1, 150, s, p)
	injectedChanges(t, f, "mild", .03, .1, 1000, s, p)
	p.line("\nThe finest bets on numbers are on sixty-fourths of the ranks.")
}

func injectedChanges(t *testing.T, f *flights, name string, low, high, wanted float64, s size, p *page) {
	t.Helper()
	rng := rand.New(rand.NewPCG(24, math.Float64bits(low)))
	var found []float64
	others := 0
	var missed []string
	kinds := map[string]int{}
	for range s.injected {
		profile, order := f.split(t, rng, flightsReference)
		r := f.feed(order[:injectedWarm+missedAfter])
		r.warm = injectedWarm
		var what string
		r.column, what, r.change = f.inject(rng, low, high)
		delay := float64(missedAfter)
		b := backtest(t, profile, r, rng.Uint64())
		for _, a := range b.Alarms {
			if a.Feature != f.names[r.column] {
				others++
			}
		}
		if at, kind := firstAlarm(b, f.names[r.column]); kind != "" {
			delay = at
			kinds[kind]++
		} else {
			missed = append(missed, what)
		}
		found = append(found, delay)
	}
	slices.Sort(found)
	n := float64(len(found))
	rank := func(z float64) float64 { return found[min(max(int(n/2+z*math.Sqrt(n)/2), 0), len(found)-1)] }
	e := meanOf(found)
	p.line("| %d %s | %g to %g | median ≤ %.0f | %.0f (%.0f to %.0f) | %s | %s | %d%s | %d |", len(found), name, low, high, wanted, medianOf(found), rank(-1.96), rank(1.96), e, strings.Trim(fmt.Sprint(kinds), "map[]"), len(missed), list(missed), others)
}

func list(missed []string) string {
	if len(missed) == 0 {
		return ""
	}
	return ": " + strings.Join(missed, "; ")
}

// firstAlarm is the first alarm of a feature after its change, in rows.
func firstAlarm(b *monitor.Backtest, feature string) (after float64, kind string) {
	for _, a := range b.Alarms {
		if a.Feature == feature && a.At > injectedWarm {
			return float64(a.At) - injectedWarm, a.Kind
		}
	}
	return 0, ""
}

// inject draws a feature and a change of it whose KS distance lies in the band.
func (f *flights) inject(rng *rand.Rand, low, high float64) (column int, what string, change func(float64) float64) {
	for {
		column = rng.IntN(len(f.names))
		sorted := f.sorted[column]
		center := sorted[len(sorted)/2]
		size := math.Exp(rng.Float64()*math.Log(200)) / 100 // 0.01 … 2
		switch rng.IntN(3) {
		case 0:
			shift := size * f.spread[column]
			if rng.IntN(2) == 0 {
				shift = -shift
			}
			what = "shift"
			change = func(x float64) float64 { return x + shift }
		case 1:
			what = "scale"
			change = func(x float64) float64 { return center + (x-center)*(1+size) }
		default:
			top, share := sorted[len(sorted)*9/10], min(size, 1)
			what = "high values"
			change = func(x float64) float64 {
				if !math.IsNaN(x) && rng.Float64() < share {
					return top
				}
				return x
			}
		}
		if d := ks(sorted, change); d >= low && d < high {
			return column, fmt.Sprintf("%s of %s, KS %.3f", what, f.names[column], d), change
		}
	}
}

// ks is the Kolmogorov-Smirnov distance between a sorted sample and what change
// makes of it.
func ks(sorted []float64, change func(float64) float64) float64 {
	after := make([]float64, len(sorted))
	for i, x := range sorted {
		after[i] = change(x)
	}
	slices.Sort(after)
	worst, i, j := 0.0, 0, 0
	n := float64(len(sorted))
	for i < len(sorted) && j < len(after) {
		x := min(sorted[i], after[j])
		for i < len(sorted) && sorted[i] == x {
			i++
		}
		for j < len(after) && after[j] == x {
			j++
		}
		worst = max(worst, math.Abs(float64(i-j))/n)
	}
	return worst
}
