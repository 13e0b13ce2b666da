package sequential

import "math"

// Contrast bounds, for each of several groups of observations in [0, 1], how far the
// mean inside of the group is above the mean outside of it, at all times together.
//
// Inside is a [Mean] of its own. So is outside, of all other observations: the theorem
// behind Mean takes any guess X̂ᵢ that is known before Xᵢ. With one guess for all
// groups, the mean of everything so far, the sums outside are those of all less
// those inside, and an observation costs the same however many groups there are.
// A group must be known before its observation, as what is looked for.
type Contrast struct {
	all    Mean
	groups []contrasted
}

type contrasted struct {
	Mean
	v float64 // as Mean.v, with the guess for all groups
}

// NewContrast returns a Contrast of groups numbered from 0.
func NewContrast(groups int) *Contrast { return &Contrast{groups: make([]contrasted, groups)} }

// Update takes an observation of a group; it must be in [0, 1].
func (c *Contrast) Update(group int, x float64) {
	before := c.all.v
	c.all.Update(x)
	g := &c.groups[group]
	g.v += c.all.v - before
	g.Update(x)
}

// Groups returns how many groups there are.
func (c *Contrast) Groups() int { return len(c.groups) }

// Inside returns what is known of a group.
func (c *Contrast) Inside(group int) *Mean { return &c.groups[group].Mean }

// Outside returns what is known of all but a group.
func (c *Contrast) Outside(group int) Mean {
	g := &c.groups[group]
	return Mean{n: c.all.n - g.n, sum: c.all.sum - g.sum, v: max(c.all.v-g.v, 0)}
}

// Bounds returns a confidence sequence for the mean inside less the mean outside:
// P(it ever leaves that out) ≤ level.
func (c *Contrast) Bounds(group int, level float64) (low, high float64) {
	outside := c.Outside(group)
	low, high = c.Inside(group).Bounds(level / 2)
	outsideLow, outsideHigh := outside.Bounds(level / 2)
	return low - outsideHigh, high - outsideLow
}

// Above returns the Bounds of a group whose lower one is above 0. Most groups' are
// not, and of most that is known without computing them.
func (c *Contrast) Above(group int, level float64) (low, high float64, ok bool) {
	in, out := c.Inside(group), c.Outside(group)
	if (in.Value()-out.Value())*in.n <= math.Log(4/level) { // the evidence of a sum is never more than the sum
		return 0, 0, false
	}
	if low, _ = in.Bounds(level / 2); low <= out.Value() {
		return 0, 0, false
	}
	low, high = c.Bounds(group, level)
	return low, high, low > 0
}
