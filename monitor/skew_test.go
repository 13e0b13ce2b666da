package monitor

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// skewed serves rows made of a delay and a carrier against a reference of both, and
// returns the findings by feature.
func skewed(t *testing.T, seed uint64, rows int, row func(delay int, carrier string) string) map[string]SkewFinding {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 0))
	r := newRig(t, nil)
	if err := r.SetProfile("1", mustProfile(t, trainingTable(3000, rng), ProfileOptions{Outputs: []string{"late"}})); err != nil {
		t.Fatal(err)
	}
	for range rows {
		r.call(row(delay(rng), carrier(rng)), fmt.Sprintf("late=%d", late(rng)))
	}
	out := map[string]SkewFinding{}
	if s := r.summary("1", ""); s.Skew != nil {
		for _, f := range s.Skew.Findings {
			out[f.Feature] = f
		}
	}
	return out
}

func TestSkewSaysWhatRequestsDoOtherwiseThanTraining(t *testing.T) {
	const seed = 71
	for name, c := range map[string]struct {
		row           func(delay int, carrier string) string
		feature, kind string
		words         string
	}{
		"a feature that no request carries": {
			func(d int, _ string) string { return fmt.Sprintf("delay=%d", d) },
			"carrier", skewAbsent, "none of the requests so far",
		},
		"a feature under another name": {
			func(d int, c string) string { return fmt.Sprintf("De-Lay=%d,carrier=%s", d, c) },
			"delay", skewAbsent, `but "De-Lay", which differs in its writing only`,
		},
		"a feature nobody knows": {
			func(d int, c string) string { return fmt.Sprintf("delay=%d,carrier=%s,wind=3", d, c) },
			"wind", skewUnexpected, "requests carry it",
		},
		"texts for numbers": {
			func(d int, c string) string { return fmt.Sprintf("delay=%dm,carrier=%s", d, c) },
			"delay", skewType, "200 of 200 values are not of the reference's kind, numeric",
		},
		"seconds for minutes": {
			func(d int, c string) string { return fmt.Sprintf("delay=%d,carrier=%s", 60*d, c) },
			"delay", skewScale, "seconds came for minutes",
		},
		"hours for minutes": {
			func(d int, c string) string { return fmt.Sprintf("delay=%v,carrier=%s", float64(d)/60, c) },
			"delay", skewScale, "hours for minutes",
		},
		"another range": {
			func(d int, c string) string { return fmt.Sprintf("delay=%d,carrier=%s", d+100_000, c) },
			"delay", skewRange, "outside of the reference",
		},
		"categories in other letters": {
			func(d int, c string) string { return fmt.Sprintf("delay=%d,carrier=%s", d, strings.ToLower(c)) },
			"carrier", skewCategories, `most often "ua", where the reference has "UA"`,
		},
	} {
		found := skewed(t, seed, 200, c.row)
		if f := found[c.feature]; f.Kind != c.kind || !strings.Contains(f.Detail, c.words) || f.Role != roleInput {
			t.Errorf("seed %d, %s: %+v", seed, name, found)
		}
		if f := found["delay"]; f.Kind == skewScale && math.Abs(math.Abs(math.Log(*f.Factor))-math.Log(60)) > 0.3 {
			t.Errorf("seed %d, %s: factor %v", seed, name, *f.Factor)
		}
	}
}

// The 95 % quantile of 100 log-normal values with a deviation of 3 is five times too
// high or low in one case of a hundred.
func TestAHeavyTailIsNoOtherUnit(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 72))
		price := func() float64 { return math.Exp(3 * rng.NormFloat64()) }
		var table strings.Builder
		table.WriteString("price\n")
		for range 2000 {
			fmt.Fprintln(&table, price())
		}
		r := newRig(t, nil)
		if err := r.SetProfile("1", mustProfile(t, table.String(), ProfileOptions{})); err != nil {
			t.Fatal(err)
		}
		rows := make([]string, 100)
		for i := range rows {
			rows[i] = fmt.Sprint("price=", price())
		}
		r.call(strings.Join(rows, ";"), "x=1")
		for _, f := range r.summary("1", "").Skew.Findings {
			if f.Feature == "price" {
				t.Errorf("seed %d: %+v", seed, f)
			}
		}
	}
}

// 300 first windows of 100 to 1000 rows like the reference, and a delay that is twice
// as long, which is drift and no skew.
func TestRowsAsInTrainingAreNoSkew(t *testing.T) {
	for seed := range uint64(300) {
		factor := 1 + int(seed%2)
		found := skewed(t, seed, []int{100, 200, 1000}[seed%3], func(d int, c string) string {
			return fmt.Sprintf("delay=%d,carrier=%s", factor*d, c)
		})
		if len(found) > 0 {
			t.Errorf("seed %d: %+v", seed, found)
		}
	}
}
