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
	blocks  [historyLevels]uint8 // how many each level has, up to historyFan
	sums    []float32            // of the levels that have ever had one, oldest block first in each
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

// level returns the memory of a level, which it makes when the level is reached.
func (h *history) level(i int) []float32 {
	size := historyFan * h.width
	if len(h.sums) < (i+1)*size {
		sums := make([]float32, (i+1)*size)
		copy(sums, h.sums)
		h.sums = sums
	}
	return h.sums[i*size : (i+1)*size]
}

// push moves the current block into the levels, carrying like a counter.
func (h *history) push() {
	carry := make([]float32, 0, 64)
	for _, v := range h.current {
		carry = append(carry, float32(v))
	}
	clear(h.current)
	h.n = 0
	for i, n := range h.blocks {
		sums := h.level(i)
		if n < historyFan {
			copy(sums[int(n)*h.width:], carry)
			h.blocks[i]++
			return
		}
		h.blocks[i] = shift(sums, h.width, carry)
	}
}

// shift replaces carry by the sum of the two oldest blocks of a full level and adds
// the old carry as the youngest; it returns how many blocks there are then.
func shift(sums []float32, width int, carry []float32) uint8 {
	const keep = historyFan - 2
	for i, young := range carry {
		carry[i] = sums[i] + sums[width+i]
		for k := range keep {
			sums[k*width+i] = sums[(k+2)*width+i]
		}
		sums[keep*width+i] = young
	}
	return keep + 1
}

func (h *history) reset() {
	h.n = 0
	clear(h.current)
	clear(h.blocks[:])
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
	for i, blocks := range h.blocks {
		for k := int(blocks) - 1; k >= 0; k-- {
			for j, v := range h.level(i)[k*h.width : (k+1)*h.width] {
				block[j] = float64(v)
			}
			visit(historyBlock << i)
		}
	}
	return n, sums
}
