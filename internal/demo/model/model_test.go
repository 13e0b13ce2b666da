package model_test

import (
	"math"
	"sync"
	"testing"
	"time"

	"github.com/weir-gateway/weir/internal/demo/data"
	"github.com/weir-gateway/weir/internal/demo/model"
)

const seed = 1

// flights are loaded once for all tests: they only read.
var flights = sync.OnceValues(data.Load)

func examples(t *testing.T, from, to time.Month) model.Examples {
	t.Helper()
	f, err := flights()
	if err != nil {
		t.Fatal(err)
	}
	return model.Known(f, from, to)
}

func logistic(t *testing.T) *model.Logistic {
	t.Helper()
	m, err := model.TrainLogistic(examples(t, time.January, time.March))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func trees(t *testing.T, ex model.Examples, seed uint64) *model.Trees {
	t.Helper()
	m, err := model.TrainTrees(ex, seed)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func within(t *testing.T, what string, got, low, high float64) {
	t.Helper()
	if !(got >= low && got <= high) {
		t.Errorf("%s is %.4f, want %.4f to %.4f", what, got, low, high)
	}
}

func TestVersionsScoreAsTheDemoSays(t *testing.T) {
	if testing.Short() {
		t.Skip("trains three models and asks them about 55,000 flights")
	}
	train, test := examples(t, time.January, time.March), examples(t, time.March, time.May)

	one := model.Evaluate(logistic(t), test)
	t.Logf("version 1: %+v", one)
	within(t, "version 1's AUC", one.AUC, 0.895, 0.900)
	within(t, "version 1's share of late flights", one.LateShare, 0.185, 0.205)

	two := model.Evaluate(trees(t, train, seed), test)
	t.Logf("version 2: %+v", two)
	within(t, "version 2's AUC", two.AUC, 0.902, 0.907)
	within(t, "version 2's share of late flights", two.LateShare, 0.18, 0.20)

	skewed := trees(t, model.DelayInHours(train), seed)
	three := model.Evaluate(skewed, test)
	t.Logf("version 3 as served: %+v", three)
	within(t, "version 3's AUC as served", three.AUC, 0.60, 0.70)
	within(t, "version 3's share of late flights as served", three.LateShare, 0, 0.01)

	offline := model.Evaluate(skewed, model.DelayInHours(test))
	t.Logf("version 3 by its own pipeline: %+v", offline)
	within(t, "version 3's AUC by its own pipeline", offline.AUC, 0.902, 0.907)
}

func TestTrainingRepeatsForASeedAndDiffersBetweenSeeds(t *testing.T) {
	ex := examples(t, time.January, time.March)
	ex.Rows, ex.Late = ex.Rows[:8000], ex.Late[:8000]
	a, b, c := trees(t, ex, 1), trees(t, ex, 1), trees(t, ex, 2)
	differ := false
	for _, r := range ex.Rows[:500] {
		if a.Probability(r) != b.Probability(r) {
			t.Fatal("two trainings with seed 1 answer differently")
		}
		differ = differ || a.Probability(r) != c.Probability(r)
	}
	if !differ {
		t.Error("seeds 1 and 2 train the same trees")
	}
}

func TestMissingAndUnknownInputsGetAProbability(t *testing.T) {
	var empty model.Row
	for j := range empty.Numbers {
		empty.Numbers[j] = math.NaN()
	}
	odd := empty
	for j := range odd.Numbers {
		odd.Numbers[j] = math.Inf(1 - 2*(j%2))
	}
	odd.Texts = [...]string{"??", "XXX", "nowhere"}
	train := examples(t, time.January, time.February)
	for _, m := range []model.Model{logistic(t), trees(t, train, seed)} {
		for _, r := range []model.Row{empty, odd} {
			if p := m.Probability(r); !(p >= 0 && p <= 1) {
				t.Errorf("%T: probability %v for %v", m, p, r)
			}
		}
	}
}

func TestNothingToLearnFromIsAnError(t *testing.T) {
	if _, err := model.TrainLogistic(model.Examples{}); err == nil {
		t.Error("a logistic regression was trained on nothing")
	}
	if _, err := model.TrainTrees(model.Examples{}, seed); err == nil {
		t.Error("trees were trained on nothing")
	}
	same := model.Examples{Rows: make([]model.Row, 10), Late: make([]bool, 10)}
	if _, err := model.TrainLogistic(same); err == nil {
		t.Error("a logistic regression was trained on constant features")
	}
}

func BenchmarkTraining(b *testing.B) {
	f, err := flights()
	if err != nil {
		b.Fatal(err)
	}
	ex := model.Known(f, time.January, time.March)
	b.Run("logistic", func(b *testing.B) {
		for b.Loop() {
			if _, err := model.TrainLogistic(ex); err != nil {
				b.Fatal(err)
			}
		}
	})
	var m model.Model
	b.Run("trees", func(b *testing.B) {
		for b.Loop() {
			if m, err = model.TrainTrees(ex, seed); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("answer", func(b *testing.B) {
		i := 0
		for b.Loop() {
			m.Probability(ex.Rows[i%len(ex.Rows)])
			i++
		}
	})
}
