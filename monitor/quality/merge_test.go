package quality

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Several gateways get parts of the labels. These tests deal a stream out to a random
// number of parts, merge them in a random order and bracketing, and compare with the
// one that got it all. Counts are equal; sums of fractions are up to their rounding.

// rounds deals n values out again and again: add puts value i into one, same compares
// what was merged with the one that saw everything.
func rounds[T any](t *testing.T, rng *rand.Rand, n int, add func(*T, int), merge func(into, from *T), same func(got, want *T) error) {
	t.Helper()
	one := new(T)
	for i := range n {
		add(one, i)
	}
	for range 30 {
		parts := make([]*T, 1+rng.IntN(9))
		for k := range parts {
			parts[k] = new(T)
		}
		for i := range n {
			k := rng.IntN(len(parts))
			if i%3 == 0 {
				k = 0 // unevenly
			}
			add(parts[k], i)
		}
		for len(parts) > 1 {
			rng.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
			last := len(parts) - 1
			merge(parts[0], parts[last])
			parts = parts[:last]
		}
		if err := same(parts[0], one); err != nil {
			t.Fatal(err)
		}
	}
}

func nearly(what string, got, want float64) error {
	if math.Abs(got-want) > 1e-10*max(1, math.Abs(want)) {
		return fmt.Errorf("%s is %v, of one stream %v", what, got, want)
	}
	return nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestMergedClassesAreThoseOfOneStream(t *testing.T) {
	rng := rand.New(rand.NewPCG(41, 0))
	pairs := make([][2]string, 3000)
	for i := range pairs {
		pairs[i] = [2]string{fmt.Sprint("c", rng.IntN(MaxClasses)), fmt.Sprint("c", rng.IntN(MaxClasses)*rng.IntN(2))}
	}
	rounds(t, rng, len(pairs),
		func(c *Classes, i int) { c.Add(pairs[i][0], pairs[i][1]) },
		(*Classes).Merge,
		func(got, want *Classes) error {
			if got.Count() != want.Count() || got.Right() != want.Right() || len(got.Names()) != len(want.Names()) {
				return fmt.Errorf("%d pairs of %d classes, %d right; want %d of %d, %d", got.n, len(got.by), got.right, want.n, len(want.by), want.right)
			}
			for _, name := range want.Names() {
				if got.Of(name) != want.Of(name) {
					return fmt.Errorf("%s: %+v, want %+v", name, got.Of(name), want.Of(name))
				}
			}
			return nil
		})
}

// Beyond the bound on classes which ones are told apart depends on who came first;
// nothing is lost or counted twice, and the bound holds.
func TestMergedClassesBeyondTheBoundLoseNothing(t *testing.T) {
	rng := rand.New(rand.NewPCG(42, 0))
	pairs := make([][2]string, 3000)
	for i := range pairs {
		pairs[i] = [2]string{fmt.Sprint("c", rng.IntN(3*MaxClasses)), fmt.Sprint("c", rng.IntN(3*MaxClasses))}
	}
	rounds(t, rng, len(pairs),
		func(c *Classes, i int) { c.Add(pairs[i][0], pairs[i][1]) },
		func(into, from *Classes) {
			again := Classes{}
			again.Merge(into)
			again.Merge(from)
			into.Merge(from)
			for _, name := range again.Names() { // the order of a map decides nothing
				if again.Of(name) != into.Of(name) {
					t.Errorf("%s: %+v and, merged again, %+v", name, into.Of(name), again.Of(name))
				}
			}
		},
		func(got, want *Classes) error {
			var predicted, actual uint64
			for _, name := range got.Names() {
				predicted, actual = predicted+got.Of(name).Predicted, actual+got.Of(name).Actual
			}
			if got.n != want.n || got.right != want.right || predicted != got.n || actual != got.n || len(got.by) > MaxClasses+1 {
				return fmt.Errorf("%d pairs, %d right, %d predicted, %d actual, %d classes", got.n, got.right, predicted, actual, len(got.by))
			}
			return nil
		})
}

func TestMergedErrorsAreThoseOfOneStream(t *testing.T) {
	rng := rand.New(rand.NewPCG(43, 0))
	predicted, actual := make([]float64, 3000), make([]float64, 3000)
	for i := range actual {
		actual[i] = math.Exp(3 * rng.NormFloat64())
		predicted[i] = actual[i] + rng.NormFloat64()
	}
	predicted[7] = math.Inf(1) // refused wherever it comes
	rounds(t, rng, len(actual),
		func(e *Errors, i int) { e.Add(predicted[i], actual[i]) },
		(*Errors).Merge,
		func(got, want *Errors) error {
			if got.Count() != want.Count() || want.Count() != 2999 {
				return fmt.Errorf("%d pairs, want %d", got.Count(), want.Count())
			}
			return first(nearly("MAE", got.MAE(), want.MAE()), nearly("RMSE", got.RMSE(), want.RMSE()), nearly("bias", got.Bias(), want.Bias()))
		})
}

// scored draws scores, some of them at the edges and one out of range, with labels.
func scored(rng *rand.Rand, n int) (scores []float64, labels []bool) {
	for i := range n {
		s := rng.Float64()
		if i%10 == 0 {
			s = float64(rng.IntN(3)) / 2
		}
		scores, labels = append(scores, s), append(labels, rng.Float64() < s)
	}
	scores[n/2] = 1.5
	return scores, labels
}

func TestMergedScoresAreThoseOfOneStream(t *testing.T) {
	rng := rand.New(rand.NewPCG(44, 0))
	scores, labels := scored(rng, 3000)
	rounds(t, rng, len(scores),
		func(s *Scores, i int) { s.Add(scores[i], labels[i]) },
		(*Scores).Merge,
		func(got, want *Scores) error {
			if got.n != want.n || got.right != want.right || got.bins != want.bins {
				return fmt.Errorf("%d scores, %d right; want %d, %d", got.n, got.right, want.n, want.right)
			}
			auc, within := got.AUC()
			wantAUC, wantWithin := want.AUC()
			if auc != wantAUC || within != wantWithin || got.Accuracy() != want.Accuracy() {
				return fmt.Errorf("AUC %v within %v, accuracy %v; want %v, %v, %v", auc, within, got.Accuracy(), wantAUC, wantWithin, want.Accuracy())
			}
			return first(nearly("log loss", got.LogLoss(), want.LogLoss()), nearly("Brier", got.Brier(), want.Brier()),
				nearly("calibration error", got.CalibrationError(), want.CalibrationError()))
		})
}

func TestMergedCalibrationsAndEstimatesAreThoseOfOneStream(t *testing.T) {
	rng := rand.New(rand.NewPCG(45, 0))
	scores, labels := scored(rng, 3000)
	var learnt Calibration
	for i, s := range scores {
		learnt.Add(s, labels[i])
	}
	rounds(t, rng, len(scores),
		func(c *Calibration, i int) { c.Add(scores[i], labels[i]) },
		(*Calibration).Merge,
		func(got, want *Calibration) error {
			if *got != *want || want.Labels() != 2999 {
				return fmt.Errorf("%d labels, want %d", got.Labels(), want.Labels())
			}
			return nil
		})
	rounds(t, rng, len(scores),
		func(u *Unlabelled, i int) { u.Add(scores[i], scores[i] >= 0.5) },
		(*Unlabelled).Merge,
		func(got, want *Unlabelled) error {
			for _, c := range []*Calibration{{}, &learnt} {
				a, b := got.Estimate(c), want.Estimate(c)
				if a.Rows != b.Rows || a.Calibrated != b.Calibrated {
					return fmt.Errorf("estimate of %d rows, %d calibrated; want %d, %d", a.Rows, a.Calibrated, b.Rows, b.Calibrated)
				}
				values := func(e Estimate) []float64 { return []float64{e.Accuracy, e.Low, e.High, e.Precision, e.Recall, e.F1} }
				if !slices.EqualFunc(values(a), values(b), func(x, y float64) bool { return nearly("", x, y) == nil }) {
					return fmt.Errorf("estimate %+v, want %+v", a, b)
				}
			}
			return nil
		})
}
