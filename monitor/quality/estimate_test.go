package quality

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestEstimatesAgreeWithNannyML(t *testing.T) {
	// nannyml 0.13.1, performance_estimation.confidence_based.metrics: estimate_accuracy,
	// estimate_precision, estimate_recall, estimate_f1 of the same columns.
	scores := []float64{.02, .13, .17, .36, .41, .58, .58, .73, .88, .97}
	predicted := []bool{false, false, true, false, true, true, false, true, true, true}
	var halves [2]Unlabelled
	variance := 0.0
	for i := range scores {
		if !halves[i%2].Add(scores[i], predicted[i]) {
			t.Fatal(scores[i], "was refused")
		}
		variance += scores[i] * (1 - scores[i])
	}
	u := halves[0]
	u.Merge(&halves[1])
	e := u.Estimate(&Calibration{})
	near(t, "accuracy", e.Accuracy, 0.665)
	near(t, "precision", e.Precision, 3.74/6)
	near(t, "recall", e.Recall, 3.74/4.83)
	near(t, "F1", e.F1, 7.48/10.83)
	near(t, "low", e.Low, e.Accuracy-1.96*math.Sqrt(variance)/10)
	near(t, "high", e.High, e.Accuracy+1.96*math.Sqrt(variance)/10)
	if e.Rows != 10 || e.Calibrated != 0 {
		t.Errorf("%+v", e)
	}
}

func TestABinWithEnoughLabelsStandsForItsScores(t *testing.T) {
	var c, other Calibration
	for i := range 40 { // scores near 0.92 are worth a quarter
		c.Add(0.92, i%4 == 0)
	}
	for range leastLabels - 1 { // one too few
		other.Add(0.12, true)
	}
	c.Merge(&other)
	near(t, "a calibrated score", c.Probability(0.94), 0.25)
	near(t, "one of another bin", c.Probability(0.88), 0.88)
	near(t, "one with too few labels", c.Probability(0.12), 0.12)
	near(t, "right where positive is predicted", c.Right(0.92, true), 0.25)
	near(t, "right where it is not", c.Right(0.92, false), 0.75)
	var u Unlabelled
	for range 3 {
		u.Add(0.92, true)
	}
	u.Add(0.12, false)
	e := u.Estimate(&c)
	near(t, "accuracy", e.Accuracy, (3*0.25+0.88)/4)
	near(t, "recall", e.Recall, 0.75/(0.75+0.12))
	p := 11.0 / 42
	half := 1.96 * math.Sqrt(3*0.25*0.75+0.12*0.88+9*p*(1-p)/40) / 4
	near(t, "low", e.Low, max(e.Accuracy-half, 0))
	near(t, "high", e.High, min(e.Accuracy+half, 1))
	if e.Rows != 4 || e.Calibrated != 3 || c.Labels() != 40+leastLabels-1 {
		t.Errorf("%+v, %d labels", e, c.Labels())
	}
}

// Scores that are too sure of themselves: the estimate from them alone is far too
// good, and the one calibrated by labels has the accuracy within its band as often
// as it says.
func TestTheBandHoldsTheAccuracyAsOftenAsItSays(t *testing.T) {
	const runs, labels, rows = 400, 1000, 2000
	r := rand.New(rand.NewPCG(1, 55))
	draw := func() (score float64, positive bool) {
		p := r.Float64()
		// Twice the log odds.
		score = p * p / (p*p + (1-p)*(1-p))
		return score, r.Float64() < p
	}
	inside, insideRaw := 0, 0
	for range runs {
		var c Calibration
		for range labels {
			c.Add(draw())
		}
		var u Unlabelled
		right := 0.0
		for range rows {
			score, positive := draw()
			u.Add(score, score >= 0.5)
			if positive == (score >= 0.5) {
				right++
			}
		}
		e, raw := u.Estimate(&c), u.Estimate(&Calibration{})
		if a := right / rows; a >= e.Low && a <= e.High {
			inside++
		}
		if a := right / rows; a >= raw.Low && a <= raw.High {
			insideRaw++
		}
	}
	t.Logf("the band has the accuracy in %d of %d, that of raw scores in %d", inside, runs, insideRaw)
	if least := 0.95 - 3*math.Sqrt(0.95*0.05/runs); float64(inside) < least*runs {
		t.Errorf("the band has the accuracy in %d of %d only", inside, runs)
	}
	if insideRaw > runs/20 {
		t.Errorf("raw scores have it in %d of %d: they are not wrong enough for this test", insideRaw, runs)
	}
}

func TestNothingIsEstimatedFromNothing(t *testing.T) {
	var u Unlabelled
	var c Calibration
	for _, x := range []float64{math.NaN(), -0.1, 1.1, math.Inf(1)} {
		if u.Add(x, true) || c.Add(x, true) {
			t.Errorf("%v was taken for a score", x)
		}
	}
	if e := u.Estimate(&c); e.Rows != 0 || !math.IsNaN(e.Accuracy) {
		t.Errorf("%+v", e)
	}
}
