package drift

import (
	"math"
	"slices"
)

// wasserstein is the area between the two distribution functions, with what is
// expected of it when nothing changed:
//
//	E|F_n − G_m| ≈ √(2/π) · √((1/n+1/m)·F(1−F)) at every point, F of the reference.
func wasserstein(reference, current *Sample) (value, null float64) {
	all := slices.Concat(reference.sorted, current.sorted)
	slices.Sort(all)
	i, j := 0, 0
	noise := math.Sqrt(2 / math.Pi * (1/reference.n + 1/current.n))
	for k := 1; k < len(all); k++ {
		width := min(all[k]-all[k-1], math.MaxFloat64)
		if width == 0 {
			continue
		}
		for i < len(reference.sorted) && reference.sorted[i] <= all[k-1] {
			i++
		}
		for j < len(current.sorted) && current.sorted[j] <= all[k-1] {
			j++
		}
		f := float64(i) / reference.n
		value += math.Abs(f-float64(j)/current.n) * width
		null += noise * math.Sqrt(f*(1-f)) * width
	}
	return min(value, math.MaxFloat64), min(null, math.MaxFloat64)
}
