package monitor

import "math"

// centerRows is how many vectors of a table its center is taken from. They are no part
// of the reference of the component along it, or that would be of rows that the
// direction was fitted to.
const centerRows = 256

// firstMean is the direction of the mean of the first vectors.
type firstMean struct {
	n   int
	sum []float64
}

// add returns the direction with the last of the vectors, and nil before; the direction
// is rounded to what a profile keeps.
func (m *firstMean) add(v []float64) []float64 {
	if m.n == centerRows {
		return nil // the mean was none
	}
	if m.n++; m.n == 1 {
		m.sum = make([]float64, len(v))
	}
	squares := 0.0
	for i, x := range v {
		m.sum[i] += x
		squares += float64(m.sum[i] * m.sum[i])
	}
	norm := math.Sqrt(squares)
	if m.n < centerRows || !(norm > 0) || math.IsInf(norm, 0) {
		return nil
	}
	const digits = 1e5
	center, some := make([]float64, len(v)), false
	for i, x := range m.sum {
		center[i] = math.Round(x/norm*digits) / digits
		some = some || center[i] != 0
	}
	if !some {
		return nil
	}
	return center
}
