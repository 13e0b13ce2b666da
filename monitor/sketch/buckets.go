package sketch

import "math"

// growth is by how many buckets the memory of a side grows at once.
const growth = 32

// buckets counts by the index of a logarithmic bucket, in at most limit buckets
// below the highest index that was seen: what is lower is counted in the lowest of
// them. So the counts depend on what was added and never on the order. Four bytes a
// bucket, and only as many as the values span: most sketches are of a slice, hold
// few values, and there are tens of thousands of them.
type buckets struct {
	counts    []uint32 // of indices from base on
	base      int
	low, high int // lowest and highest index counted; meaningless while n is 0
	limit     int
	n         uint64
	carry     map[int]uint32 // of what does not fit into a count; nearly always nil
}

func (b *buckets) clear() {
	clear(b.counts)
	b.n, b.carry = 0, nil
}

// add counts n at an index.
//
// Fast path: the index is in the memory already (BenchmarkQuantilesAdd).
func (b *buckets) add(index int, n uint64) {
	if b.n == 0 || index < b.low || index > b.high {
		index = b.extend(index)
	}
	b.n += n
	b.put(index, n)
}

func (b *buckets) put(index int, n uint64) {
	sum := uint64(b.counts[index-b.base]) + n
	b.counts[index-b.base] = uint32(sum)
	if sum > math.MaxUint32 {
		if b.carry == nil {
			b.carry = map[int]uint32{}
		}
		b.carry[index] += uint32(sum >> 32)
	}
}

func (b *buckets) at(index int) uint64 {
	return uint64(b.carry[index])<<32 | uint64(b.counts[index-b.base])
}

// extend makes index one of those that are counted and returns it, or the lowest
// one where it is too low.
func (b *buckets) extend(index int) int {
	if b.n == 0 {
		b.base, b.low, b.high = index-len(b.counts)/2, index, index
		b.grow()
		return index
	}
	low, high := min(b.low, index), max(b.high, index)
	if low <= high-b.limit {
		low = high - b.limit + 1
		b.collapse(low)
		index = max(index, low)
	}
	b.low, b.high = low, high
	b.grow()
	return index
}

// collapse counts everything below an index at it. The index may be beyond what
// there is memory for: then what there is goes at once.
func (b *buckets) collapse(low int) {
	if low <= b.low {
		return
	}
	var sum uint64
	for i := b.low; i <= min(low-1, b.high); i++ {
		sum += b.at(i)
		b.counts[i-b.base] = 0
		delete(b.carry, i)
	}
	b.low = low
	if low > b.high {
		b.base, b.high = low, low
	}
	b.put(low, sum)
}

// grow moves and enlarges the memory so that it covers low to high.
func (b *buckets) grow() {
	if b.low >= b.base && b.high < b.base+len(b.counts) {
		return
	}
	need := b.high - b.low + 1
	size := max(len(b.counts), min((need+growth-1)/growth*growth, b.limit))
	counts := make([]uint32, size)
	base := b.low - (size-need)/2
	for i, n := range b.counts {
		if n > 0 {
			counts[b.base+i-base] = n
		}
	}
	b.counts, b.base = counts, base
}

// each visits the counted buckets, lowest first, until visit returns false.
func (b *buckets) each(visit func(index int, n uint64) bool) {
	if b.n == 0 {
		return
	}
	for i := b.low; i <= b.high; i++ {
		if n := b.at(i); n > 0 && !visit(i, n) {
			return
		}
	}
}

// rank returns the index whose bucket holds the value of a rank, from 0.
func (b *buckets) rank(rank float64) int {
	seen, found := 0.0, b.high
	b.each(func(index int, n uint64) bool {
		if seen += float64(n); seen > rank {
			found = index
			return false
		}
		return true
	})
	return found
}

// merge adds the counts of o.
func (b *buckets) merge(o *buckets) {
	o.each(func(index int, n uint64) bool {
		b.add(index, n)
		return true
	})
}
