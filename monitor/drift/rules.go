package drift

import (
	"fmt"
	"math"
	"strings"
)

// Rules names the tool whose bins, conventions and thresholds a comparison follows.
type Rules string

// The known rules.
const (
	Evidently Rules = "evidently" // Evidently 0.7
	NannyML   Rules = "nannyml"   // NannyML 0.13
	SageMaker Rules = "sagemaker" // Amazon SageMaker Model Monitor
)

// ParseRules returns the rules of a name.
func ParseRules(name string) (Rules, error) {
	for _, r := range []Rules{Evidently, NannyML, SageMaker} {
		if strings.EqualFold(name, string(r)) {
			return r, nil
		}
	}
	return "", fmt.Errorf("drift: there are no rules %q; there are evidently, nannyml and sagemaker", name)
}

// Score is one comparison of a current sample with a reference.
type Score struct {
	Method       string   `json:"method"`
	Value        float64  `json:"value"`             // ≥ 0, finite; tests: the statistic
	NullExpected float64  `json:"null_expected"`     // mean of Value if nothing changed
	PValue       *float64 `json:"p_value,omitempty"` // of tests
	Drifted      *bool    `json:"drifted,omitempty"` // by the tool's threshold; nil: it has none
	Default      bool     `json:"default,omitempty"` // the tool takes this one if nobody says which
	Note         string   `json:"note,omitempty"`
}

// Compare scores a current sample against a reference. Both must be of one kind,
// numbers or categories; nil when they are not or when one has no value.
func Compare(rules Rules, reference, current *Sample) []Score {
	if reference.numeric != current.numeric || reference.n == 0 || current.n == 0 {
		return nil
	}
	switch rules {
	case NannyML:
		return nannyML(reference, current)
	case SageMaker:
		return sageMaker(reference, current)
	case Evidently:
	}
	return evidently(reference, current)
}

// by marks a distance as drifted from the threshold on.
func (s Score) by(drifted bool) Score {
	s.Drifted = &drifted
	return s
}

// tested adds a p-value, and the verdict at 5 %.
func (s Score) tested(p float64) Score {
	s.PValue = &p
	return s.by(p < 0.05)
}

// noted adds a note.
func (s Score) noted(format string, args ...any) Score {
	s.Note = fmt.Sprintf(format, args...)
	return s
}

// binned are the scores of a histogram that differ between the tools only by bins
// and base: JS in nats where base is math.E.
func (h histogram) binned(base float64) (psi, js, kl, hellinger Score) {
	unit := math.Sqrt(math.Log(base))
	psi = Score{Method: "psi", Value: h.psi(), NullExpected: h.nullPSI()}
	js = Score{Method: "js", Value: h.js() / unit, NullExpected: h.nullJS() / unit}
	kl = Score{Method: "kl", Value: h.kl(), NullExpected: h.nullKL()}
	hellinger = Score{Method: "hellinger", Value: h.hellinger(), NullExpected: h.nullHellinger()}
	return psi, js, kl, hellinger
}

// Share scores a share of rows, such as those without a value, by the two-proportion
// z test: hits of n reference rows against those of m current ones. The value is the
// difference of the shares. It follows no tool's rules.
func Share(method string, hits, n, currentHits, m uint64) (s Score, ok bool) {
	if n == 0 || m == 0 {
		return Score{}, false
	}
	h := histogram{n: float64(n), m: float64(m)}
	h.r, h.c = []float64{float64(hits)}, []float64{float64(currentHits)}
	_, p := h.proportions()
	pooled := (h.r[0] + h.c[0]) / (h.n + h.m)
	noise := math.Sqrt(pooled * (1 - pooled) * (1/h.n + 1/h.m))
	value := math.Abs(h.r[0]/h.n - h.c[0]/h.m)
	return Score{Method: method, Value: value, NullExpected: math.Sqrt(2/math.Pi) * noise, PValue: &p}, true
}

// ks is the Kolmogorov-Smirnov test under a name.
func ks(method string, reference, current *Sample) Score {
	d, p := kolmogorovSmirnov(reference, current)
	return Score{Method: method, Value: d, NullExpected: nullKS(reference.n, current.n, 0)}.tested(p)
}

// earth is the plain Wasserstein distance under a name.
func earth(method string, reference, current *Sample) Score {
	value, null := wasserstein(reference, current)
	return Score{Method: method, Value: value, NullExpected: null}
}

// homogeneity is the chi-square contingency test under a name.
func (h histogram) homogeneity(method string) Score {
	x, p, null := h.contingency()
	return Score{Method: method, Value: x, NullExpected: null}.tested(p)
}

// extremes are L∞ and its robust form: what exceeds 1.8·√(1/n+1/m).
func extremes(reference, current *Sample) (plain, robust Score) {
	n, m := reference.n, current.n
	floor := 1.8 * math.Sqrt(1/n+1/m)
	plain, robust = Score{Method: "l_infinity"}, Score{Method: "l_infinity_robust"}
	if reference.numeric {
		plain.Value = float64(reachOf(reference.sorted, current.sorted)) / n / m
		plain.NullExpected, robust.NullExpected = nullKS(n, m, 0), nullKS(n, m, floor)
	} else {
		h := byValue(reference, current)
		plain.Value = h.largest()
		plain.NullExpected, robust.NullExpected = h.nullLargest(0), h.nullLargest(floor)
	}
	robust.Value = max(0, plain.Value-floor)
	return plain, robust
}
