package sketch

import (
	"math"
	"slices"
)

// Distribution returns what NewGrid needs: at most MaxGridPoints points with the
// counts at and between them, nil when empty. The points are bounds of the sketch's
// buckets, so that no mass is misplaced; only the resolution is the sketch's.
//
// Bounds are moved by a billionth towards smaller magnitudes: a value like 1, which
// is exactly a bucket's bound, must lie inside its bucket and not on the point.
func (q *Quantiles) Distribution() (points []float64, at, between []uint64) {
	if q.Count() == 0 {
		return nil, nil, nil
	}
	const nudge = 1 - 1e-9
	lower := func(i int) float64 { return q.by.mapping.LowerBound(i) * nudge }
	var c outline
	var negative []stretch
	q.negative.each(func(i int, n uint64) bool {
		negative = append(negative, stretch{-lower(i + 1), -lower(i), n})
		return true
	})
	if len(negative) > 0 { // the smallest magnitudes may have collapsed into this one
		negative[0].high = max(negative[0].high, min(q.high, 0))
	}
	for _, n := range slices.Backward(negative) {
		c.stretch(n)
	}
	if q.zeros > 0 {
		c.atom(0, q.zeros)
	}
	first := true
	q.positive.each(func(i int, n uint64) bool {
		s := stretch{lower(i), lower(i + 1), n}
		if first {
			s.low, first = min(s.low, max(q.low*nudge, 0)), false
		}
		c.stretch(s)
		return true
	})
	return c.compress(q.Count())
}

// stretch is a range with a count strictly inside.
type stretch struct {
	low, high float64
	n         uint64
}

// outline collects stretches and atoms in rising order and leaves no gaps.
type outline struct {
	points      []float64
	at, between []uint64
}

func (c *outline) stretch(s stretch) {
	c.moveTo(s.low)
	if s.high <= c.points[len(c.points)-1] { // float64 has no room for the bucket
		c.at[len(c.at)-1] += s.n
		return
	}
	c.points, c.at, c.between = append(c.points, s.high), append(c.at, 0), append(c.between, s.n)
}

func (c *outline) atom(x float64, n uint64) {
	c.moveTo(x)
	c.at[len(c.at)-1] += n
}

// moveTo makes x the last point, unless one is there or beyond it already.
func (c *outline) moveTo(x float64) {
	switch k := len(c.points); {
	case k == 0:
		c.points, c.at = append(c.points, x), append(c.at, 0)
	case c.points[k-1] < x:
		c.points, c.at, c.between = append(c.points, x), append(c.at, 0), append(c.between, 0)
	}
}

// compress drops points without a count of their own until the masses between the
// others are about equal and MaxGridPoints are enough.
func (c *outline) compress(total uint64) (points []float64, at, between []uint64) {
	target := uint64(math.Ceil(2 * float64(total) / (MaxGridPoints - 8)))
	for i := range c.points {
		keep := len(points)
		inner := i > 0 && i < len(c.points)-1
		if inner && c.at[i] == 0 && between[keep-1]+c.between[i] <= target {
			between[keep-1] += c.between[i]
			continue
		}
		points, at = append(points, c.points[i]), append(at, c.at[i])
		if i < len(c.between) {
			between = append(between, c.between[i])
		}
	}
	return points, at, between
}
