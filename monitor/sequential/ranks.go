package sequential

// cells is how finely ranks and bets tell values apart.
const cells = 64

// learnLimit ends the learning before a count overflows.
const learnLimit = 1 << 31

// ranks turns ranks in the reference into ranks in the reference and all that was
// observed since. If both are draws of one distribution, whichever, the rank of the
// next observation is uniform on (0,1) whatever the ranks before it were (Vovk,
// Gammerman, Shafer: Algorithmic Learning in a Random World, 2005): the probability
// that a new value falls between two neighbours of N ordered ones is 1/(N+1). So
// nothing has to be set aside for the reference's being an estimate; a change
// shrinks slowly instead, by N/(N+k) after k observations.
type ranks struct {
	prior  float64 // of the reference in each cell
	total  float64
	seen   uint64
	counts [cells]uint32
	blocks [cells / block]uint32 // sums of eight counts, so that summing up is short
}

const block = 8

func newRanks(rows uint64) ranks {
	total := float64(max(rows, 1)) + 1
	return ranks{prior: total / cells, total: total}
}

// next takes the rank in the reference, in [0,1], and returns the one among all.
func (r *ranks) next(u float64) float64 {
	u *= cells
	cell := min(int(u), cells-1)
	below := uint32(0)
	for _, n := range r.blocks[:cell/block] {
		below += n
	}
	for _, n := range r.counts[cell&^(block-1) : cell] {
		below += n
	}
	here := r.prior + float64(r.counts[cell])
	p := (float64(cell)*r.prior + float64(below) + (u-float64(cell))*here) / (r.total + float64(r.seen))
	if r.seen < learnLimit {
		r.seen++
		r.counts[cell]++
		r.blocks[cell/block]++
	}
	return p
}

// four returns how many observations four cells have, the i-th such part.
func (r *ranks) four(i int) uint32 {
	c := r.counts[4*i:][:4]
	return c[0] + c[1] + (c[2] + c[3])
}

// reset forgets what was observed.
func (r *ranks) reset() {
	r.seen = 0
	r.counts = [cells]uint32{}
	r.blocks = [cells / block]uint32{}
}

func (r *ranks) restore(counts []uint32) {
	r.reset()
	for i, n := range counts {
		r.counts[i] = n
		r.blocks[i/block] += n
		r.seen += uint64(n)
	}
}
