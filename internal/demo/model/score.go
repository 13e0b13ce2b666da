package model

import (
	"sort"

	"gonum.org/v1/gonum/integrate"
	"gonum.org/v1/gonum/stat"
)

// Model gives the probability that a flight arrives late. Implementations are
// safe for concurrent use.
type Model interface {
	Probability(Row) float64
}

// Threshold is the probability from which a flight is called late.
const Threshold = 0.5

// Score is how a model does on examples.
type Score struct {
	AUC       float64 // area under the ROC curve
	LateShare float64 // share of rows called late
}

// Evaluate asks m about every example.
func Evaluate(m Model, ex Examples) Score {
	type answer struct {
		p    float64
		late bool
	}
	answers := make([]answer, len(ex.Rows))
	called := 0
	for i, r := range ex.Rows {
		answers[i] = answer{m.Probability(r), ex.Late[i]}
		if answers[i].p >= Threshold {
			called++
		}
	}
	sort.Slice(answers, func(a, b int) bool { return answers[a].p < answers[b].p })
	p, late := make([]float64, len(answers)), make([]bool, len(answers))
	for i, a := range answers {
		p[i], late[i] = a.p, a.late
	}
	tpr, fpr, _ := stat.ROC(nil, p, late, nil)
	return Score{
		AUC:       integrate.Trapezoidal(fpr, tpr),
		LateShare: float64(called) / float64(len(answers)),
	}
}
