package sequential

// A spot is a part of the ranks, one of so many alike, that is bet to occur more
// often: it gets a share of what occurred elsewhere. Spots may be part of any change
// and say nothing to people.
//
// Spots are fixed in the reference's ranks, and what each had before is known: n of N
// observations of reference and stream, so that the next one is in it with a
// probability of at most (n+1)/N, as for Rate. (Among ranks in reference and stream
// the spots move over parts of the reference that are not known so finely: with 500
// rows the run length was 35,000 where 100,000 was promised.)
type spotKind struct {
	parts  int
	miss   float64 // what a bet pays for a rank elsewhere: 1 − share
	back   float64 // 1/miss
	share  float64 // for one in its spot it pays miss + share/probability
	weight float64 // of each bet
}

// Sizes of spots. A twenty-fifth of the rows at one value that the reference hardly
// has is one cell; a wider part is the reference's own frequent value, or a hump.
const (
	narrow = cells
	middle = 16
	wide   = 8

	spots     = narrow + middle + 2*wide
	spotKinds = 4
)

func newSpotKinds() [spotKinds]spotKind {
	return [spotKinds]spotKind{
		newSpotKind(narrow, 0.04, 0.04),
		newSpotKind(middle, 0.05, 0.02),
		newSpotKind(wide, 0.06, 0.01),
		newSpotKind(wide, 0.06, 0.01), // half a spot further
	}
}

func newSpotKind(parts int, share, weight float64) spotKind {
	return spotKind{parts, 1 - share, 1 / (1 - share), share, weight / float64(parts)}
}

// spotBets are the statistics M ← L·(M+w) of the bets on all spots of a kind. All but
// one see a miss, so they are kept as what they have more than a bet that never saw a
// hit: base + scale·over. An observation costs the same however many there are.
type spotBets struct {
	base  float64 // the statistic of a bet that saw no hit
	scale float64
	back  float64 // 1/scale
	sum   float64 // of over
}

// leastScale is when scale is made 1 again.
const leastScale = 1e-6

// update takes the spot of a rank, with 1/probability of it, and returns the sum of
// the statistics.
func (s *spotBets) update(k *spotKind, over []float32, at int, odds float64) float64 {
	before, old := s.base+k.weight, float64(over[at])
	hit := (k.miss + k.share*odds) * (s.scale*old + before)
	base := k.miss * before
	s.scale *= k.miss
	s.back *= k.back
	now := float32((hit - base) * s.back)
	over[at] = now
	s.sum += float64(now) - old
	s.base = base
	if s.scale < leastScale {
		s.renew(over)
	}
	return float64(k.parts)*base + s.scale*s.sum
}

// renew makes the scale 1, and the sum what it is.
func (s *spotBets) renew(over []float32) {
	sum := 0.0
	for i, v := range over {
		over[i] = float32(float64(v) * s.scale)
		sum += float64(over[i])
	}
	s.scale, s.back, s.sum = 1, 1, sum
}

// allSpots are the bets on spots of all kinds.
type allSpots struct {
	kinds [spotKinds]spotBets
	over  [spots]float32 // in the order of the kinds
}

func newSpots() allSpots {
	var s allSpots
	s.reset()
	return s
}

// update takes a rank in the reference, in [0,1], with what was known before it, and
// returns the sum of all statistics.
func (s *allSpots) update(of *[spotKinds]spotKind, r *ranks, u float64) float64 {
	cell := min(int(u*cells), cells-1)
	shifted := (cell + cells/wide/2) % cells / block
	fourth, next := cell/4, (2*shifted+cells/4-1)%(cells/4)
	n := r.total + float64(r.seen)
	odds := func(parts float64, count uint32) float64 {
		return n / (r.prior*(cells/parts) + float64(count) + 1)
	}
	return s.kinds[0].update(&of[0], s.over[:narrow], cell, odds(narrow, r.counts[cell])) +
		s.kinds[1].update(&of[1], s.over[narrow:narrow+middle], fourth, odds(middle, r.four(fourth))) +
		s.kinds[2].update(&of[2], s.over[narrow+middle:narrow+middle+wide], cell/block, odds(wide, r.blocks[cell/block])) +
		s.kinds[3].update(&of[3], s.over[narrow+middle+wide:], shifted, odds(wide, r.four(next)+r.four(2*shifted)))
}

// of returns the part of over that belongs to a kind.
func (s *allSpots) of(kind int) []float32 {
	parts := [spotKinds]int{narrow, middle, wide, wide}
	begin := 0
	for _, n := range parts[:kind] {
		begin += n
	}
	return s.over[begin : begin+parts[kind]]
}

// total returns the sum of all statistics.
func (s *allSpots) total() float64 {
	sum := 0.0
	for i := range s.kinds {
		k := &s.kinds[i]
		sum += float64(len(s.of(i)))*k.base + k.scale*k.sum
	}
	return sum
}

func (s *allSpots) reset() {
	s.over = [spots]float32{}
	for i := range s.kinds {
		s.kinds[i] = spotBets{scale: 1, back: 1}
	}
}

// state returns base and over of every kind, at the scale 1.
func (s *allSpots) state() []float64 {
	var out []float64
	for i := range s.kinds {
		over := s.of(i)
		s.kinds[i].renew(over)
		out = append(out, s.kinds[i].base)
		for _, v := range over {
			out = append(out, float64(v))
		}
	}
	return out
}

func (s *allSpots) restore(from []float64) {
	for i := range s.kinds {
		over := s.of(i)
		for k := range over {
			over[k] = float32(from[1+k])
		}
		s.kinds[i] = spotBets{base: from[0], scale: 1}
		s.kinds[i].renew(over)
		from = from[1+len(over):]
	}
}
