package model

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/optimize"
	"gonum.org/v1/gonum/stat"
)

// Logistic is version 1: a logistic regression on the departure delay and the
// distance (standardised), and one weight each for the hours of the day and
// the days of the week.
type Logistic struct {
	mean, scale [2]float64
	weights     []float64
}

const (
	hoursAt    = 3 // after the constant, delay and distance
	weekdaysAt = hoursAt + 24
	numWeights = weekdaysAt + 7
)

// l2 keeps the weights of hours without flights at zero instead of undefined.
const l2 = 1.0

// TrainLogistic fits by maximum likelihood with a small L2 penalty, by L-BFGS.
// The problem is convex: there is nothing random and one solution.
func TrainLogistic(ex Examples) (*Logistic, error) {
	if len(ex.Rows) == 0 {
		return nil, fmt.Errorf("model: train logistic: no examples")
	}
	m := &Logistic{}
	for k, j := range [...]int{DepDelay, Distance} {
		col := make([]float64, len(ex.Rows))
		for i, r := range ex.Rows {
			col[i] = r.Numbers[j]
		}
		m.mean[k], m.scale[k] = stat.MeanStdDev(col, nil)
		if !(m.scale[k] > 0) {
			return nil, fmt.Errorf("model: train logistic: %s is constant or missing", NumberNames()[j])
		}
	}
	fit := &likelihood{late: ex.Late, terms: make([]terms, len(ex.Rows))}
	for i, r := range ex.Rows {
		fit.terms[i] = m.terms(r)
	}
	problem := optimize.Problem{Func: fit.value, Grad: fit.gradient}
	settings := &optimize.Settings{GradientThreshold: 1e-3, MajorIterations: 200}
	res, err := optimize.Minimize(problem, make([]float64, numWeights), settings, &optimize.LBFGS{})
	if err != nil {
		return nil, fmt.Errorf("model: train logistic: %w", err)
	}
	m.weights = res.X
	return m, nil
}

// terms is a row as the regression sees it: two numbers, two one-hot columns.
type terms struct {
	delay, distance float64
	hour, weekday   int
}

// terms standardises r; a missing number becomes the mean, a missing or
// impossible hour or day no column at all.
func (m *Logistic) terms(r Row) terms {
	std := func(k, j int) float64 {
		if missing(r.Numbers[j]) {
			return 0
		}
		return (r.Numbers[j] - m.mean[k]) / m.scale[k]
	}
	oneHot := func(j, from, n int) int {
		if v := r.Numbers[j]; v >= 0 && v < float64(n) {
			return from + int(v)
		}
		return -1
	}
	return terms{std(0, DepDelay), std(1, Distance), oneHot(Hour, hoursAt, 24), oneHot(Weekday, weekdaysAt, 7)}
}

func (t terms) logit(w []float64) float64 {
	z := w[0] + w[1]*t.delay + w[2]*t.distance
	if t.hour >= 0 {
		z += w[t.hour]
	}
	if t.weekday >= 0 {
		z += w[t.weekday]
	}
	return z
}

// Probability implements [Model].
func (m *Logistic) Probability(r Row) float64 { return sigmoid(m.terms(r).logit(m.weights)) }

// likelihood is the penalised negative log-likelihood of the weights.
type likelihood struct {
	terms []terms
	late  []bool
}

func (l *likelihood) value(w []float64) float64 {
	sum := 0.0
	for i, t := range l.terms {
		z := t.logit(w)
		if l.late[i] {
			z = -z
		}
		// log(1+e^z), without overflow.
		sum += math.Max(z, 0) + math.Log1p(math.Exp(-math.Abs(z)))
	}
	return sum + l2/2*floats.Dot(w, w)
}

func (l *likelihood) gradient(g, w []float64) {
	for j := range g {
		g[j] = l2 * w[j]
	}
	for i, t := range l.terms {
		d := sigmoid(t.logit(w))
		if l.late[i] {
			d--
		}
		g[0] += d
		g[1] += d * t.delay
		g[2] += d * t.distance
		if t.hour >= 0 {
			g[t.hour] += d
		}
		if t.weekday >= 0 {
			g[t.weekday] += d
		}
	}
}

func sigmoid(z float64) float64 { return 1 / (1 + math.Exp(-z)) }
