package describe

import (
	"math"
	"strconv"
)

// Bounds of a projection: a gateway makes one of what a profile says.
const (
	MinDims       = 2
	MaxDims       = 16384
	MaxDirections = 16
)

// Projection makes a few numbers of vectors with so many dimensions: their length,
// and their components along random directions. A direction has the signs +1 and −1
// with equal chance (D. Achlioptas: Database-friendly random projections, 2003), over
// √dims, so that it has the length 1. Immutable.
type Projection struct {
	dims, directions int
	signs            []float64 // of dimension 0 for all directions, then 1, …
	scale            float64
}

// NewProjection makes the directions from a seed: always the same of the same.
func NewProjection(dims, directions int, seed uint64) *Projection {
	p := &Projection{dims: dims, directions: directions, scale: 1 / math.Sqrt(float64(dims)), signs: make([]float64, dims*directions)}
	state := seed
	var bits uint64
	for i := range p.signs {
		if i%64 == 0 {
			bits = splitMix(&state)
		}
		p.signs[i] = float64(int64(bits&1)<<1 - 1)
		bits >>= 1
	}
	return p
}

// splitMix is SplitMix64 (G. Steele, D. Lea, C. Flood: Fast splittable pseudorandom
// number generators, 2014). It is written down here as profiles depend on its output.
func splitMix(state *uint64) uint64 {
	*state += 0x9e3779b97f4a7c15
	z := *state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// Dims returns how many elements a vector must have.
func (p *Projection) Dims() int { return p.dims }

// Numbers returns how many numbers Of writes.
func (p *Projection) Numbers() int { return 1 + p.directions }

// Names are their names, in order: norm, p1, p2, …
func (p *Projection) Names() []string {
	names := []string{"norm"}
	for k := range p.directions {
		names = append(names, "p"+strconv.Itoa(k+1))
	}
	return names
}

// Of writes the numbers of a vector into out. False: another number of elements, or a
// number out of float64's range.
func (p *Projection) Of(vector, out []float64) bool {
	if len(vector) != p.dims {
		return false
	}
	var sums [MaxDirections]float64
	squares := 0.0
	acc := sums[:p.directions]
	for i, x := range vector {
		squares += float64(x * x) // never fused, so that it is the same everywhere
		signs := p.signs[i*p.directions : (i+1)*p.directions]
		for k := range acc {
			acc[k] += x * signs[k]
		}
	}
	out[0] = math.Sqrt(squares)
	for k, sum := range acc {
		out[1+k] = sum * p.scale
	}
	for _, x := range out[:p.Numbers()] {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}
