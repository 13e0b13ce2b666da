package quality

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
)

// The golden values are scikit-learn 1.9.1's: roc_auc_score, log_loss,
// brier_score_loss, accuracy_score, precision_recall_fscore_support,
// mean_absolute_error, root_mean_squared_error. The calibration error, which it does
// not have, was summed by hand over ten bins of equal width.

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-12) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func TestScoresAgreeWithScikitLearn(t *testing.T) {
	scores := []float64{.12, .81, .47, .33, .95, .62, .55, .47, .05, .47}
	labels := []bool{false, true, true, false, true, false, true, true, false, false}
	var halves [2]Scores
	for i := range scores {
		if !halves[i%2].Add(scores[i], labels[i]) {
			t.Fatal(scores[i], "was refused")
		}
	}
	s := halves[0]
	s.Merge(&halves[1])
	auc, within := s.AUC()
	near(t, "AUC", auc, 0.84)
	near(t, "bound of the AUC", within, 2.0/2/25) // 0.47: two positives, one negative
	near(t, "log loss", s.LogLoss(), 0.45519630262071253)
	near(t, "Brier", s.Brier(), 0.1534)
	near(t, "accuracy", s.Accuracy(), 0.7)
	near(t, "calibration error", s.CalibrationError(), 0.24)
}

func TestBinnedAUCIsWithinItsBound(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var s Scores
	var positive, negative []float64
	for range 600 {
		x := 0.4 + rng.Float64()/50 // a few bins only, so that the bound is large
		y := rng.Float64() < (x-0.4)*50
		s.Add(x, y)
		if y {
			positive = append(positive, x)
		} else {
			negative = append(negative, x)
		}
	}
	wins := 0.0
	for _, p := range positive {
		for _, n := range negative {
			switch {
			case p > n:
				wins++
			case p == n:
				wins += 0.5
			}
		}
	}
	exact := wins / float64(len(positive)*len(negative))
	auc, within := s.AUC()
	if math.Abs(auc-exact) > within || auc == exact {
		t.Errorf("AUC %v ± %v, exactly %v", auc, within, exact)
	}
}

func TestClassesAgreeWithScikitLearn(t *testing.T) {
	const actual, predicted = "aabbccabca", "abbbcacbcc"
	var halves [2]Classes
	for i := range actual {
		halves[i%2].Add(predicted[i:i+1], actual[i:i+1])
	}
	c := halves[0]
	c.Merge(&halves[1])
	near(t, "accuracy", c.Accuracy(), 0.6)
	for name, want := range map[string][3]float64{
		"a": {0.5, 0.25, 1.0 / 3}, "b": {0.75, 1, 6.0 / 7}, "c": {0.5, 2.0 / 3, 4.0 / 7},
	} {
		near(t, "precision of "+name, c.Of(name).Precision(), want[0])
		near(t, "recall of "+name, c.Of(name).Recall(), want[1])
		near(t, "F1 of "+name, c.Of(name).F1(), want[2])
	}
}

func TestClassesAreBoundedAndAccuracyStaysExact(t *testing.T) {
	var c Classes
	for i := range 1000 {
		c.Add(strconv.Itoa(i), strconv.Itoa(i+i%2))
	}
	if n := len(c.Names()); n != MaxClasses+1 {
		t.Errorf("%d classes are kept", n)
	}
	near(t, "accuracy", c.Accuracy(), 0.5)
}

func TestErrorsAgreeWithScikitLearn(t *testing.T) {
	actual, predicted := []float64{3, -.5, 2, 7, 4.25}, []float64{2.5, 0, 2, 8, 3.75}
	var halves [2]Errors
	for i := range actual {
		halves[i%2].Add(predicted[i], actual[i])
	}
	e := halves[0]
	e.Merge(&halves[1])
	near(t, "MAE", e.MAE(), 0.5)
	near(t, "RMSE", e.RMSE(), 0.5916079783099616)
	near(t, "bias", e.Bias(), 0.1)
}

func TestWhatIsNoScoreOrErrorIsNotCounted(t *testing.T) {
	var s Scores
	var e Errors
	for _, x := range []float64{math.NaN(), -0.1, 1.1, math.Inf(1)} {
		if s.Add(x, true) {
			t.Errorf("%v was taken for a score", x)
		}
	}
	if e.Add(math.MaxFloat64, -math.MaxFloat64) || e.Add(math.NaN(), 0) {
		t.Error("an error without bound was summed")
	}
	if s.Count() != 0 || e.Count() != 0 || !math.IsNaN(s.Brier()) || !math.IsNaN(e.MAE()) {
		t.Error("nothing was counted, but there is a number")
	}
}
