package quality

import (
	"cmp"
	"math"
	"slices"
)

// MaxClasses is how many classes are told apart; the others are one, named Other.
const MaxClasses = 64

// Other stands for the classes beyond MaxClasses.
const Other = "(other)"

// Classes counts predicted against actual classes. The zero value is ready.
type Classes struct {
	n, right uint64
	by       map[string]*Class
}

// Class is what is counted of one class.
type Class struct {
	True      uint64 // predicted, and it was
	Predicted uint64
	Actual    uint64
}

// Add counts a pair.
func (c *Classes) Add(predicted, actual string) {
	c.n++
	p, a := c.class(predicted), c.class(actual)
	p.Predicted++
	a.Actual++
	if predicted == actual {
		c.right++
		p.True++
	}
}

func (c *Classes) class(name string) *Class {
	if k := c.by[name]; k != nil {
		return k
	}
	if c.by == nil {
		c.by = map[string]*Class{}
	}
	if _, ok := c.by[Other]; len(c.by) >= MaxClasses+1 || len(c.by) == MaxClasses && !ok {
		name = Other
	}
	k := c.by[name]
	if k == nil {
		k = &Class{}
		c.by[name] = k
	}
	return k
}

// Merge adds the counts of o. Up to MaxClasses in both, the result is what one would
// have counted that saw all pairs; of more, the most frequent of o are told apart as
// long as there is room, whatever order a map has them in.
func (c *Classes) Merge(o *Classes) {
	c.n += o.n
	c.right += o.right
	names := o.Names()
	slices.SortFunc(names, func(a, b string) int {
		x, y := o.by[a], o.by[b]
		return cmp.Or(cmp.Compare(y.Predicted+y.Actual, x.Predicted+x.Actual), cmp.Compare(a, b))
	})
	for _, name := range names {
		k := o.by[name]
		to := c.class(name)
		to.True += k.True
		to.Predicted += k.Predicted
		to.Actual += k.Actual
	}
}

// Count is the number of pairs.
func (c *Classes) Count() uint64 { return c.n }

// Right is the number of pairs that are equal.
func (c *Classes) Right() uint64 { return c.right }

// Accuracy is the share of pairs that are equal.
func (c *Classes) Accuracy() float64 { return ratio(c.right, c.n) }

// Names lists the classes, in no order.
func (c *Classes) Names() []string {
	names := make([]string, 0, len(c.by))
	for name := range c.by {
		names = append(names, name)
	}
	return names
}

// Of returns the counts of a class.
func (c *Classes) Of(name string) Class {
	if k := c.by[name]; k != nil {
		return *k
	}
	return Class{}
}

// Precision is the share of the predictions of the class that were right.
func (k Class) Precision() float64 { return ratio(k.True, k.Predicted) }

// Recall is the share of the class that was predicted.
func (k Class) Recall() float64 { return ratio(k.True, k.Actual) }

// F1 is the harmonic mean of both.
func (k Class) F1() float64 { return ratio(2*k.True, k.Predicted+k.Actual) }

func ratio(a, b uint64) float64 {
	if b == 0 {
		return math.NaN()
	}
	return float64(a) / float64(b)
}
