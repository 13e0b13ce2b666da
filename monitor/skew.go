package monitor

import (
	"fmt"
	"math"
	"strings"
	"unicode"

	"github.com/weir-gateway/weir/monitor/sketch"
)

// Kinds of a SkewFinding.
const (
	skewAbsent     = "absent"
	skewUnexpected = "unexpected"
	skewType       = "type"
	skewScale      = "scale"
	skewRange      = "range"
	skewCategories = "categories"
)

const (
	// skewRows is how many values are looked at before anything is said of them.
	skewRows = 100
	// skewFactor is from which factor on numbers are of another unit. Sampling hardly
	// makes it: see TestRowsAsInTrainingAreNoSkew, heavy tails among them.
	skewFactor = 5
	// skewFit is how far, in spreads, quantiles may be from the scaled ones.
	skewFit = 0.15
)

// SkewFinding is one way in which requests are not what the model was trained on:
// not a drift, but most often a fault of whoever calls.
type SkewFinding struct {
	Feature string   `json:"feature"`
	Role    string   `json:"role"`
	Kind    string   `json:"kind"` // absent, unexpected, type, scale, range or categories
	Detail  string   `json:"detail"`
	Factor  *float64 `json:"factor,omitempty"` // scale: live values are about so many times the reference's
}

// skewFindings says what is in k and what else differs, in words.
func (s *state) skewFindings(k *Skew) []SkewFinding {
	found := []SkewFinding{}
	for _, t := range []*table{&s.inputs, &s.outputs} {
		for _, f := range t.features {
			if finding, ok := f.skew(s, k); ok {
				finding.Feature, finding.Role = f.name, f.role
				found = append(found, finding)
			}
		}
	}
	return found
}

// skew is the first thing that is wrong with a feature.
func (f *feature) skew(s *state, k *Skew) (SkewFinding, bool) {
	who := "requests"
	if f.role == roleOutput {
		who = "answers"
	}
	say := func(kind, format string, args ...any) (SkewFinding, bool) {
		return SkewFinding{Kind: kind, Detail: fmt.Sprintf(format, args...)}, true
	}
	switch {
	case f.ref == nil:
		return say(skewUnexpected, "%s carry it, and the reference has no such feature", who)
	case !f.ever && s.observations > 0:
		if other := sameLetters(f.name, k.Unexpected); other != "" {
			return say(skewAbsent, "none of the %s carries it, but %q, which differs in its writing only", who, other)
		}
		return say(skewAbsent, "the reference has it, and none of the %s so far", who)
	case f.count+f.invalid < skewRows:
		return SkewFinding{}, false
	case 2*f.invalid > f.count+f.invalid:
		return say(skewType, "%d of %d values are not of the reference's kind, %s", f.invalid, f.count+f.invalid, f.kind)
	case f.kind == kindCategorical && 2*f.unseen > f.count:
		return say(skewCategories, "%d of %d values are in no category of the reference%s", f.unseen, f.count, f.written())
	case f.kind == kindNumeric:
		return f.scaled(s)
	}
	return SkewFinding{}, false
}

// sameLetters finds a name that has the same letters and digits, whatever is between
// them and however they are written.
func sameLetters(name string, others []string) string {
	plain := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				return unicode.ToLower(r)
			}
			return -1
		}, s)
	}
	for _, other := range others {
		if plain(other) == plain(name) {
			return other
		}
	}
	return ""
}

// written says whether the window's most frequent unseen category is a known one
// written in another way.
func (f *feature) written() string {
	counts, best := f.bins(), 0
	for i, n := range counts {
		if i != sketch.Rest && i < f.dict.Len() && !f.dict.Known(i) && n > 0 && (best == 0 || n > counts[best]) {
			best = i
		}
	}
	if best == 0 {
		return ""
	}
	name := f.dict.Name(best)
	if known := sameLetters(name, f.ref.names); known != "" {
		return fmt.Sprintf(", most often %q, where the reference has %q", name, known)
	}
	return fmt.Sprintf(", most often %q", name)
}

// scaled compares the quantiles of the window with those of the reference: all of
// them by one factor are another unit.
func (f *feature) scaled(s *state) (SkewFinding, bool) {
	now, ok := f.profile(s.windowRows())
	if !ok || now.Numeric == nil || now.Count < skewRows || f.ref.Numeric.Sample < skewRows {
		return SkewFinding{}, false
	}
	a, b := f.ref.Numeric.five(), now.Numeric.five()
	was, is := a[4]-a[0], b[4]-b[0]
	if factor := is / was; was > 0 && is > 0 && (factor >= skewFactor || factor <= 1/float64(skewFactor)) {
		// The spread of a heavy tail moves by itself, but then not with the median.
		middle := math.Abs(math.Log(b[2] / a[2] / factor))
		fits := a[2] == 0 || b[2] == 0 || middle < math.Ln2
		for i := range a {
			fits = fits && math.Abs(b[i]-factor*a[i]) <= skewFit*is
		}
		if fits {
			return SkewFinding{Kind: skewScale, Factor: finite(factor), Detail: fmt.Sprintf(
				"values are about %.3g times those of the reference (median %.4g, before %.4g): %s", factor, b[2], a[2], unitOf(factor))}, true
		}
	}
	if b[0] > f.ref.Numeric.Max || b[4] < f.ref.Numeric.Min {
		return SkewFinding{Kind: skewRange, Detail: fmt.Sprintf("nearly all values lie outside of the reference: %.4g to %.4g, before %.4g to %.4g",
			b[0], b[4], f.ref.Numeric.Min, f.ref.Numeric.Max)}, true
	}
	return SkewFinding{}, false
}

// five are the quantiles that a scale is judged by.
func (n *NumericProfile) five() (out [5]float64) {
	for i, q := range []float64{0.05, 0.25, 0.5, 0.75, 0.95} {
		out[i], _ = n.quantile(q)
	}
	return out
}

// unitOf names what a factor may come from.
func unitOf(factor float64) string {
	for _, u := range []struct {
		factor      float64
		large, less string
	}{
		{60, "as if seconds came for minutes, or minutes for hours", "as if minutes came for seconds, or hours for minutes"},
		{100, "as if per cent came for shares", "as if shares came for per cent"},
		{1000, "as if thousandths came for wholes, such as milliseconds for seconds", "as if thousands came for ones, such as seconds for milliseconds"},
		{3600, "as if seconds came for hours", "as if hours came for seconds"},
		{86400, "as if seconds came for days", "as if days came for seconds"},
		{1e6, "as if millionths came for wholes", "as if millions came for ones"},
	} {
		const near = 0.1
		if math.Abs(math.Log(factor/u.factor)) < near {
			return u.large
		}
		if math.Abs(math.Log(factor*u.factor)) < near {
			return u.less
		}
	}
	return "as of another unit"
}
