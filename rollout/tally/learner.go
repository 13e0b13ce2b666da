package tally

import (
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/weir-gateway/weir/rollout/judge"
)

const (
	sampled    = 512 // the stable's latest predictions from which bins are made
	enoughOld  = 100 // of them, to fix the bins when a comparison begins
	enoughNew  = 200 // of them, to fix the bins during a comparison
	mostClass  = 9   // classes with a bin of their own; the rest shares one
	mostBins   = 24
	classBytes = 64 // of a class name are compared; models have short ones
)

// learner keeps a sample of what the stable version predicts.
type learner struct {
	fixes   func() bool
	mu      sync.Mutex
	numbers []float64
	classes []string
	next    int
}

// comparison is what the phases of one walk share.
type comparison struct {
	keys    *keySet
	slices  *sliceNames
	weights []float64 // of the phases so far; guarded by the book
	// bins are fixed from the stable's predictions before any is counted by
	// them: so the counts stay a fair test. nil: not yet.
	bins atomic.Pointer[judge.Bins]
}

// reset forgets the sample: there is another stable version.
func (l *learner) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.numbers, l.classes, l.next = nil, nil, 0
}

func (l *learner) number(x float64, c *comparison) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.classes) > 0 {
		l.classes, l.next = nil, 0 // the model answers otherwise now
	}
	l.numbers = put(l.numbers, &l.next, x)
	l.fix(c, enoughNew)
}

func (l *learner) class(name []byte, c *comparison) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.numbers) > 0 {
		l.numbers, l.next = nil, 0
	}
	l.classes = put(l.classes, &l.next, string(clip(name)))
	l.fix(c, enoughNew)
}

// begin makes the bins of a comparison from the sample so far, if it suffices.
func (l *learner) begin(c *comparison) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fix(c, enoughOld)
}

// fix makes the bins once there are enough predictions; l.mu is held.
func (l *learner) fix(c *comparison, enough int) {
	if c == nil || c.bins.Load() != nil || len(l.numbers)+len(l.classes) < enough || !l.fixes() {
		return
	}
	if len(l.numbers) > 0 {
		c.bins.CompareAndSwap(nil, edges(l.numbers))
	} else {
		c.bins.CompareAndSwap(nil, classes(l.classes))
	}
}

// put adds to a ring of the latest.
func put[T any](ring []T, next *int, x T) []T {
	if len(ring) < sampled {
		return append(ring, x)
	}
	ring[*next%sampled] = x
	*next++
	return ring
}

// edges cuts at the deciles. Where many predictions share one value, a cut just
// below it keeps "less" and "equal" apart.
func edges(sample []float64) *judge.Bins {
	sorted := slices.Sorted(slices.Values(sample))
	var cuts []float64
	for k := 1; k <= 9; k++ {
		at := sorted[k*len(sorted)/10]
		cuts = append(cuts, at)
		first, _ := slices.BinarySearch(sorted, at)
		last, _ := slices.BinarySearch(sorted, math.Nextafter(at, math.Inf(1)))
		if (last-first)*20 > len(sorted) {
			cuts = append(cuts, math.Nextafter(at, math.Inf(-1)))
		}
	}
	slices.Sort(cuts)
	bins := &judge.Bins{Edges: slices.Compact(cuts)}
	bins.Expected = make([]float64, len(bins.Edges)+1)
	for _, x := range sample {
		bins.Expected[numberBin(bins, x)] += 1 / float64(len(sample))
	}
	return bins
}

// classes gives the most frequent ones a bin each.
func classes(sample []string) *judge.Bins {
	count := map[string]int{}
	for _, name := range sample {
		count[name]++
	}
	names := make([]string, 0, len(count))
	for name := range count {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if count[a] != count[b] {
			return count[b] - count[a]
		}
		if a < b {
			return -1
		}
		return 1
	})
	bins := &judge.Bins{Classes: names[:min(len(names), mostClass)]}
	bins.Expected = make([]float64, len(bins.Classes)+1)
	rest := 1.0
	for i, name := range bins.Classes {
		bins.Expected[i] = float64(count[name]) / float64(len(sample))
		rest -= bins.Expected[i]
	}
	bins.Expected[len(bins.Classes)] = max(rest, 0)
	return bins
}

// numberBin is the bin of a number; NaN belongs to the last.
func numberBin(bins *judge.Bins, x float64) int {
	for i, edge := range bins.Edges {
		if x <= edge {
			return i
		}
	}
	return len(bins.Edges)
}

// classBin is the bin of a class.
func classBin(bins *judge.Bins, name []byte) int {
	name = clip(name)
	for i, class := range bins.Classes {
		if class == string(name) {
			return i
		}
	}
	return len(bins.Classes)
}

func clip(name []byte) []byte { return name[:min(len(name), classBytes)] }
