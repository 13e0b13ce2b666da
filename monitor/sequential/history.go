package sequential

// The history keeps sums of the last observations in blocks that grow with their
// age: 8 observations in the youngest, twice as many in every level below it. So a
// change that began k observations ago is dated to about k/4, in constant memory.
// (A second Shiryaev-Roberts recursion that carries the mean change point costs as
// much again as the detector itself.)
const (
	historyBlock  = 8
	historyFan    = 4
	historyLevels = 14 // the oldest block begins up to 8·2·(2^14−1) ≈ 262,000 observations ago
)

type history struct {
	width   int // sums a block
	n       int // observations in current
	current []float64
	blocks  [historyLevels]level
}

// level holds up to historyFan blocks, oldest first.
type level struct {
	n    int
	sums []float32
}

func newHistory(width int) history {
	return history{width: width, current: make([]float64, width)}
}

// tick counts an observation whose values the caller has added to current.
func (h *history) tick() {
	h.n++
	if h.n == historyBlock {
		h.push()
	}
}

// push moves the current block into the levels, carrying like a counter.
func (h *history) push() {
	carry := make([]float32, 0, 64)
	for _, v := range h.current {
		carry = append(carry, float32(v))
	}
	clear(h.current)
	h.n = 0
	for i := range h.blocks {
		l := &h.blocks[i]
		if l.sums == nil {
			l.sums = make([]float32, historyFan*h.width)
		}
		if l.n < historyFan {
			copy(l.sums[l.n*h.width:], carry)
			l.n++
			return
		}
		l.shift(h.width, carry)
	}
}

// shift replaces carry by the sum of the two oldest blocks and adds the old carry
// as the youngest.
func (l *level) shift(width int, carry []float32) {
	const keep = historyFan - 2
	for i, young := range carry {
		carry[i] = l.sums[i] + l.sums[width+i]
		for k := range keep {
			l.sums[k*width+i] = l.sums[(k+2)*width+i]
		}
		l.sums[keep*width+i] = young
	}
	l.n = keep + 1
}

func (h *history) reset() {
	h.n = 0
	clear(h.current)
	for i := range h.blocks {
		h.blocks[i].n = 0
	}
}

// suffix finds the stretch up to now with the largest score, which is the change
// point with the largest likelihood when score returns the log likelihood ratio of
// a block. It returns the stretch's number of observations and its sums.
func (h *history) suffix(score func(n float64, sums []float64) float64) (n uint64, sums []float64) {
	block, running := make([]float64, h.width), make([]float64, h.width)
	sums = make([]float64, h.width)
	best, total, count := 0.0, 0.0, uint64(0)
	visit := func(size int) {
		count += uint64(size)
		for i, v := range block {
			running[i] += v
		}
		total += score(float64(size), block)
		if n == 0 || total > best {
			best, n = total, count
			copy(sums, running)
		}
	}
	if h.n > 0 {
		copy(block, h.current)
		visit(h.n)
	}
	for i := range h.blocks {
		l := &h.blocks[i]
		for k := l.n - 1; k >= 0; k-- {
			for j := range block {
				block[j] = float64(l.sums[k*h.width+j])
			}
			visit(historyBlock << i)
		}
	}
	return n, sums
}
