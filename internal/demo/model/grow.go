package model

// sums are a set of rows' gradients and hessians of the loss, added up.
type sums struct{ g, h, n float64 }

func (s sums) minus(o sums) sums { return sums{s.g - o.g, s.h - o.h, s.n - o.n} }

// gain is how much a leaf over these rows lowers the loss, twice.
func (s sums) gain() float64 { return s.g * s.g / (s.h + leafPenalty) }

type histogram [numFeatures][maxBins]sums

// grower grows one tree after the other over the same rows.
type grower struct {
	rows              []binned
	gradient, hessian []float64
	hist              [maxDepth + 1]histogram // one a level, reused
}

func (g *grower) grow(sample []int32) tree {
	var t tree
	g.split(&t, sample, 0)
	return t
}

// split appends the node for these rows, and everything below it, to t and
// returns its place. It reorders rows.
func (g *grower) split(t *tree, rows []int32, depth int) int32 {
	at := int32(len(*t))
	var all sums
	for _, i := range rows {
		all.g += g.gradient[i]
		all.h += g.hessian[i]
	}
	all.n = float64(len(rows))
	*t = append(*t, node{feature: -1, value: -learningRate * all.g / (all.h + leafPenalty)})
	if depth == maxDepth || len(rows) < 2*minLeaf {
		return at
	}
	feature, cut := g.best(rows, all, &g.hist[depth])
	if feature < 0 {
		return at
	}
	mid := partition(rows, func(i int32) bool { return g.rows[i][feature] <= cut })
	left := g.split(t, rows[:mid], depth+1)
	right := g.split(t, rows[mid:], depth+1)
	(*t)[at] = node{feature: int8(feature), cut: cut, left: left, right: right}
	return at
}

// best finds the cut that lowers the loss most; feature -1: none does.
func (g *grower) best(rows []int32, all sums, h *histogram) (feature int, cut uint8) {
	*h = histogram{}
	for _, i := range rows {
		gr, he := g.gradient[i], g.hessian[i]
		for j, b := range &g.rows[i] {
			s := &h[j][b]
			s.g += gr
			s.h += he
			s.n++
		}
	}
	feature = -1
	most := 1e-6
	for j := range h {
		var left sums
		for b := range maxBins - 1 {
			left.g += h[j][b].g
			left.h += h[j][b].h
			left.n += h[j][b].n
			right := all.minus(left)
			if left.n < minLeaf || right.n < minLeaf {
				continue
			}
			if gain := left.gain() + right.gain() - all.gain(); gain > most {
				most, feature, cut = gain, j, uint8(b)
			}
		}
	}
	return feature, cut
}

// partition moves the rows for which left holds to the front.
func partition(rows []int32, left func(int32) bool) int {
	mid := 0
	for k, i := range rows {
		if left(i) {
			rows[mid], rows[k] = i, rows[mid]
			mid++
		}
	}
	return mid
}
