package model

import (
	"slices"
)

// The trees see every feature as a small whole number: the bin of a number,
// with 0 for missing, or the rank of a category among all, ordered by how
// often its flights were late in training, with 0 for one not seen there.

const numFeatures = numNumbers + numTexts

// maxBins bounds a feature's bins, so that a bin fits a byte and a node's
// histogram fits the first-level cache.
const maxBins = 64

// binned is a row as the trees see it.
type binned [numFeatures]uint8

// encoder turns rows into bins as learned from training rows.
type encoder struct {
	cuts  [numNumbers][]float64 // bin b≥1 holds values in (cuts[b-2], cuts[b-1]]
	ranks [numTexts]map[string]uint8
}

func newEncoder(ex Examples) *encoder {
	e := &encoder{}
	for j := range e.cuts {
		e.cuts[j] = quantileCuts(ex.Rows, j)
	}
	for j := range e.ranks {
		e.ranks[j] = lateRanks(ex, j)
	}
	return e
}

// quantileCuts splits the column's values into at most maxBins-1 bins of
// about equal counts; equal values always share a bin.
func quantileCuts(rows []Row, j int) []float64 {
	var values []float64
	for _, r := range rows {
		if v := r.Numbers[j]; !missing(v) {
			values = append(values, v)
		}
	}
	slices.Sort(values)
	var cuts []float64
	for b := 1; b < maxBins-1; b++ {
		if len(values) == 0 {
			break
		}
		cuts = append(cuts, values[b*(len(values)-1)/(maxBins-1)])
	}
	return slices.Compact(cuts)
}

// lateRanks orders a column's categories by their smoothed share of late
// flights, so that one cut on the rank separates the late from the punctual.
func lateRanks(ex Examples, j int) map[string]uint8 {
	const smoothing = 50 // flights at the mean share that every category starts with
	late, n := map[string]float64{}, map[string]float64{}
	total := 0.0
	for i, r := range ex.Rows {
		n[r.Texts[j]]++
		if ex.Late[i] {
			late[r.Texts[j]]++
			total++
		}
	}
	mean := total / float64(max(len(ex.Rows), 1))
	share := func(name string) float64 { return (late[name] + smoothing*mean) / (n[name] + smoothing) }
	var names []string
	for name := range n {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		switch sa, sb := share(a), share(b); {
		case sa < sb:
			return -1
		case sa > sb:
			return 1
		case a < b: // a fixed order among equals, maps have none
			return -1
		default:
			return 1
		}
	})
	ranks := make(map[string]uint8, len(names))
	for i, name := range names {
		ranks[name] = uint8(1 + i*(maxBins-1)/len(names))
	}
	return ranks
}

func (e *encoder) encode(r Row) (b binned) {
	for j, v := range r.Numbers {
		if !missing(v) {
			at, _ := slices.BinarySearch(e.cuts[j], v)
			b[j] = uint8(at + 1)
		}
	}
	for j, v := range r.Texts {
		b[numNumbers+j] = e.ranks[j][v]
	}
	return b
}
