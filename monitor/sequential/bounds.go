package sequential

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// sigma3 is the one-sided tail of the normal distribution beyond three sigma.
const sigma3 = 0.0013498980316300946

// clopperPearson returns the exact one-sided bounds of a share, each with error
// sigma3 (Clopper, Pearson: The use of confidence or fiducial limits, 1934). With
// no hits the upper bound is about 6.6/rows; with no rows the bounds are 0 and 1.
func clopperPearson(hits, rows uint64) (low, high float64) {
	if rows == 0 {
		return 0, 1
	}
	k, n := float64(min(hits, rows)), float64(rows)
	low, high = 0, 1
	if k > 0 {
		low = mathext.InvRegIncBeta(k, n-k+1, sigma3)
	}
	if k < n {
		high = mathext.InvRegIncBeta(k+1, n-k, 1-sigma3)
	}
	// the inverse can fail for counts beyond any reference; a share of one then
	// says nothing, which is safe
	if math.IsNaN(low) {
		low = 0
	}
	if math.IsNaN(high) {
		high = 1
	}
	return low, high
}

func share(hits, rows uint64) float64 {
	if rows == 0 {
		return 0
	}
	return float64(hits) / float64(rows)
}
