package judge

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// nameOf is the guardrail's name for people, such as "latency p99".
func nameOf(v *Verdict) string {
	if v.Metric == MetricLatency {
		return "latency p" + strconv.FormatFloat(v.Quantile*100, 'g', 6, 64)
	}
	return v.Metric
}

func errorWords(v *Verdict) string {
	if v.CandidateUnits == 0 || v.StableUnits == 0 {
		return noData(v)
	}
	return fmt.Sprintf("errors: candidate %s %%, stable %s %%; difference %s points (%s … %s), margin %s: %s",
		percent(v.Candidate), percent(v.Stable), signed(v.Difference*100), signed(v.Low*100), signed(v.High*100),
		percent(v.Margin), v.conclusion())
}

func qualityWords(v *Verdict) string {
	if v.CandidateUnits == 0 || v.StableUnits == 0 {
		side := "candidate"
		if v.CandidateUnits > 0 {
			side = "stable version"
		}
		return "quality: no label of a prediction of the " + side + " yet"
	}
	return fmt.Sprintf("quality: of the labelled predictions wrong: candidate %s %% of %d, stable %s %% of %d; difference %s points (%s … %s), margin %s: %s",
		percent(v.Candidate), v.CandidateUnits, percent(v.Stable), v.StableUnits,
		signed(v.Difference*100), signed(v.Low*100), signed(v.High*100), percent(v.Margin), v.conclusion())
}

func latencyWords(v *Verdict, g Guardrail) string {
	if v.LimitSeconds == 0 {
		return fmt.Sprintf("%s: not enough of the stable's requests seen yet to know its quantile (%d are needed)", nameOf(v), SlowNeed(g.Quantile))
	}
	if v.CandidateUnits == 0 || v.StableUnits == 0 {
		return noData(v)
	}
	return fmt.Sprintf("%s: candidate %s, stable %s, margin %s %%; slower than its limit: candidate %s %%, stable %s %%, difference %s points (%s … %s): %s",
		nameOf(v), seconds(v.CandidateSeconds), seconds(v.StableSeconds), number(g.Margin),
		percent(v.Candidate), percent(v.Stable), signed(v.Difference*100), signed(v.Low*100), signed(v.High*100), v.conclusion())
}

func predictionWords(v *Verdict) string {
	if v.CandidateUnits == 0 || v.StableUnits == 0 {
		return noData(v)
	}
	return fmt.Sprintf("prediction: share of %s: candidate %s %%, stable %s %%; difference %s points (%s … %s), margin %s: %s",
		v.Bin, percent(v.Candidate), percent(v.Stable), signed(v.Difference*100), signed(v.Low*100), signed(v.High*100),
		percent(v.Margin), v.conclusion())
}

// sliceWords tells which slice decides, and how the others stand.
func sliceWords(v *Verdict) string {
	var passed, waiting, few int
	missing := 0.0
	for _, s := range v.Slices[1:] {
		switch {
		case s.Few:
			few++
			missing += s.Share
		case s.Outcome == Pass:
			passed++
		default:
			waiting++
		}
	}
	words := "slice " + v.Slice + ": " + v.Words
	if passed > 0 {
		words += fmt.Sprintf("; %d other slices pass", passed)
	}
	if waiting > 0 {
		words += fmt.Sprintf("; %d more do not", waiting)
	}
	if few > 0 {
		words += fmt.Sprintf("; not waited for: %d small slices, %s %% of the requests", few, percent(missing))
	}
	return words
}

func predictionErrorWords(v *Verdict, batches []*Batch) string {
	var units [2]int64
	for _, b := range batches {
		units[Stable] += b.Counts.Units[Stable]
		units[Candidate] += b.Counts.Units[Candidate]
	}
	return fmt.Sprintf("prediction: read from %d of %d answers of the candidate and %d of %d of the stable: too uneven to compare",
		v.CandidateUnits, units[Candidate], v.StableUnits, units[Stable])
}

func assignmentWords(v *Verdict) string {
	if v.Outcome == Error {
		return fmt.Sprintf("assignment: the candidate got %s %% of the requests that count and should have got %s %%: "+
			"requests are lost on one side or not drawn by weight, nothing can be compared", percent(v.Candidate), percent(v.Stable))
	}
	return fmt.Sprintf("assignment: the candidate got %s %% of the requests, as drawn (%s %%)", percent(v.Candidate), percent(v.Stable))
}

func bakeWords(v *Verdict) string {
	if v.StableUnits == 0 {
		return "errors after 100 %: cannot be judged, those of the previous version were not recorded"
	}
	if v.CandidateUnits == 0 {
		return "errors after 100 %: no requests yet"
	}
	after := "no worse so far"
	if v.Outcome == Fail {
		after = "worse than before, proven (these are its latest requests)"
	}
	return fmt.Sprintf("errors after 100 %%: %s %% of %d requests, the previous version had %s %% of %d; margin %s points: %s",
		percent(v.Candidate), v.CandidateUnits, percent(v.Stable), v.StableUnits, percent(v.Margin), after)
}

func noData(v *Verdict) string {
	side := "the candidate"
	if v.CandidateUnits > 0 {
		side = "the stable version"
	}
	return nameOf(v) + ": nothing measured on " + side + " yet"
}

// conclusion is the outcome in words.
func (v *Verdict) conclusion() string {
	switch v.Outcome {
	case Fail:
		if v.Metric == MetricPrediction {
			return "different, proven (all classes or cuts together)"
		}
		return "worse, proven"
	case Pass:
		if v.Allowed > v.Margin {
			return fmt.Sprintf("good enough for the next step, proven (less than %s points)", percent(v.Allowed))
		}
		return "no worse, proven"
	default:
		words := "not decided yet"
		if v.More > 0 {
			words += fmt.Sprintf(", about %d more %s at this rate", v.More, v.unitName())
		}
		return words
	}
}

// unitName is what the test counts.
func (v *Verdict) unitName() string {
	if v.Metric == MetricQuality {
		return "labels of the candidate"
	}
	return "requests to the candidate"
}

// percent writes a share in per cent with three significant digits.
func percent(share float64) string { return number(share * 100) }

func number(x float64) string {
	if math.Abs(x) >= 100 {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(roundTo(x, 3), 'f', -1, 64)
}

func signed(x float64) string {
	if s := number(x); x > 0 && s != "0" {
		return "+" + s
	}
	return number(x)
}

// roundTo keeps the given number of significant digits, and at most three decimals.
func roundTo(x float64, digits int) float64 {
	if x == 0 {
		return 0
	}
	decimals := min(max(digits-1-int(math.Floor(math.Log10(math.Abs(x)))), 0), 3)
	scale := math.Pow10(decimals)
	return math.Round(x*scale)/scale + 0 // + 0: never −0
}

func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	default:
		return d.Round(time.Microsecond).String()
	}
}
