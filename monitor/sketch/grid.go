package sketch

import (
	"errors"
	"fmt"
	"math"
)

// GridBins is the largest number of histogram bins of a Grid.
const GridBins = 20

// MaxGridPoints is the largest number of points of a Grid.
const MaxGridPoints = 257

// ErrGrid says that points and counts do not describe a distribution.
var ErrGrid = errors.New("sketch: grid")

// Grid is an estimated distribution function that is known exactly at its points:
// how many reference values equal each point and how many lie between two of them.
// It gives every number a cell, every cell a histogram bin and a range of ranks.
//
// Ranks are drawn uniformly within the cell's range, at ties as well as between two
// points. So a value drawn from the very reference has a rank that is uniform on
// (0,1) exactly, whatever its atoms; interpolating between plain quantiles instead
// misplaces up to 1/256 of the mass at either end of each atom, which is more than
// the allowance for estimation at 100,000 reference rows.
//
// A Grid is immutable and safe for concurrent use.
type Grid struct {
	points []float64
	low    []float64 // rank at which each of the 2·len(points)+1 cells begins: below the first, at it, between it and the next, …; and 1
	bins   []uint8   // of each cell
	counts []uint64
	total  uint64
}

// NewGrid builds a Grid from rising finite points, the counts at them and the
// counts between each two of them.
func NewGrid(points []float64, at, between []uint64) (*Grid, error) {
	if err := checkGrid(points, at, between); err != nil {
		return nil, err
	}
	masses := make([]uint64, 2*len(points)+1)
	g := &Grid{points: points, low: make([]float64, len(masses)+1), bins: make([]uint8, len(masses))}
	for i := range points {
		masses[2*i+1] = at[i]
		if i < len(between) {
			masses[2*i+2] = between[i]
		}
	}
	for _, n := range masses {
		g.total += n
	}
	if g.total == 0 {
		return nil, fmt.Errorf("%w: every count is 0", ErrGrid)
	}
	g.fill(masses)
	return g, nil
}

func checkGrid(points []float64, at, between []uint64) error {
	if len(points) == 0 || len(points) > MaxGridPoints {
		return fmt.Errorf("%w: %d points, want 1 to %d", ErrGrid, len(points), MaxGridPoints)
	}
	if len(at) != len(points) || len(between) != len(points)-1 {
		return fmt.Errorf("%w: %d points need as many counts at them and one fewer between them, not %d and %d",
			ErrGrid, len(points), len(at), len(between))
	}
	for i, p := range points {
		if math.IsNaN(p) || math.IsInf(p, 0) {
			return fmt.Errorf("%w: points[%d] is not finite", ErrGrid, i)
		}
		if i > 0 && p <= points[i-1] {
			return fmt.Errorf("%w: points[%d] = %g does not rise above points[%d] = %g", ErrGrid, i, p, i-1, points[i-1])
		}
	}
	return nil
}

// fill computes ranks and cuts bins of about the same mass. A bin ends at a point
// and includes it, so that its reference share is exact; values outside the points
// belong to the first and the last bin.
func (g *Grid) fill(masses []uint64) {
	n := float64(g.total)
	target := n / GridBins
	distinct := true // nothing between points: a bin a value, as long as they are few enough
	for i := 2; i < len(masses)-1; i += 2 {
		distinct = distinct && masses[i] == 0
	}
	if distinct && len(g.points) <= GridBins {
		target = 0
	}
	var seen, inBin uint64
	for i, mass := range masses {
		g.low[i], g.bins[i] = float64(seen)/n, uint8(len(g.counts))
		seen += mass
		inBin += mass
		full := i%2 == 1 && inBin > 0 && float64(inBin) >= target-0.5
		if full && seen < g.total && len(g.counts) < GridBins-1 {
			g.counts = append(g.counts, inBin)
			inBin = 0
		}
	}
	g.low[len(masses)] = 1
	g.counts = append(g.counts, inBin)
}

// Cell returns the cell of x, which must not be NaN; infinities are allowed.
//
// Fast path: one search without hard-to-predict branches serves the rank and the
// bin (BenchmarkGridCell).
func (g *Grid) Cell(x float64) int {
	p := g.points
	base, n := 0, len(p)
	for n > 1 {
		half := n >> 1
		if p[base+half-1] < x {
			base += half
		}
		n -= half
	}
	switch {
	case p[base] < x:
		return 2*base + 2
	case p[base] == x:
		return 2*base + 1
	}
	return 2 * base
}

// Rank returns the rank in [0,1] that r, uniform on [0,1), picks in the cell.
func (g *Grid) Rank(cell int, r float64) float64 {
	low := g.low[cell]
	return low + r*(g.low[cell+1]-low)
}

// Bin returns the histogram bin of a cell, 0…Bins()−1.
func (g *Grid) Bin(cell int) int { return int(g.bins[cell]) }

// Bins returns the number of histogram bins.
func (g *Grid) Bins() int { return len(g.counts) }

// Range returns the values of a bin: above the one, up to and including the other.
// The first begins at −∞ and the last ends at +∞.
func (g *Grid) Range(bin int) (above, upTo float64) {
	above, upTo = math.Inf(-1), math.Inf(1)
	for i := 1; i < len(g.bins); i += 2 { // a bin ends at a point
		if b := int(g.bins[i]); b < bin {
			above = g.points[i/2]
		} else if b == bin && int(g.bins[i+1]) > bin {
			upTo = g.points[i/2]
		}
	}
	return above, upTo
}

// Counts returns how many reference values each bin has; do not change it.
func (g *Grid) Counts() []uint64 { return g.counts }

// Total returns how many reference values there are.
func (g *Grid) Total() uint64 { return g.total }
