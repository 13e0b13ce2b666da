package quality

import "math"

// Errors sums the errors of numbers. The zero value is ready.
type Errors struct {
	n                 uint64
	sum, abs, squares float64
}

// Add counts a pair; false, and nothing is counted, when the sum of the squares
// would not be finite.
func (e *Errors) Add(predicted, actual float64) bool {
	d := predicted - actual
	if squares := e.squares + d*d; math.IsNaN(squares) || math.IsInf(squares, 0) {
		return false
	}
	e.n++
	e.sum += d
	e.abs += math.Abs(d)
	e.squares += d * d
	return true
}

// Merge adds the sums of o.
func (e *Errors) Merge(o *Errors) {
	e.n += o.n
	e.sum += o.sum
	e.abs += o.abs
	e.squares += o.squares
}

// Count is the number of pairs.
func (e *Errors) Count() uint64 { return e.n }

// MAE is the mean absolute error.
func (e *Errors) MAE() float64 { return e.abs / float64(e.n) }

// RMSE is the root of the mean squared error.
func (e *Errors) RMSE() float64 { return math.Sqrt(e.squares / float64(e.n)) }

// Bias is the mean error; positive when predictions are too high.
func (e *Errors) Bias() float64 { return e.sum / float64(e.n) }
