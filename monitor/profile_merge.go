package monitor

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/weir-gateway/weir/monitor/sketch"
)

// MergeProfiles makes one profile of profiles of the same columns, such as those of a
// month each. Rows, counts, moments, ranges and categories are those of all rows
// together; a category that a profile had folded into its rest is counted there.
//
// Distribution functions are known at the profiles' own points, which differ: where a
// point of one lies between two of another, the rows there are divided as if they
// were spread evenly. That misplaces at most the rows between two points, about a
// 256th of a profile's where it has many values, none where it has few. Sample is
// reduced so far that the error of sampling that it stands for includes that one.
func MergeProfiles(profiles []*Profile) (*Profile, error) {
	if len(profiles) < 2 {
		return nil, fmt.Errorf("%w: nothing to merge: give two or more", ErrProfile)
	}
	first := profiles[0]
	out := &Profile{Format: profileFormat, Created: first.Created, Derived: first.Derived}
	var sources []string
	for i, p := range profiles {
		if err := p.Validate(); err != nil {
			return nil, err
		}
		if len(p.Derived)+len(first.Derived) > 0 && !reflect.DeepEqual(p.Derived, first.Derived) {
			return nil, fmt.Errorf("%w: profiles 1 and %d describe texts or embeddings differently: build one from the whole table", ErrProfile, i+1)
		}
		out.Rows += p.Rows
		if p.Created.After(out.Created) {
			out.Created = p.Created
		}
		if !slices.Contains(sources, p.Source) {
			sources = append(sources, p.Source)
		}
	}
	out.Source = strings.Join(sources, " + ")
	all := make([][]ProfileFeature, len(profiles))
	for i, p := range profiles {
		all[i] = p.Features
	}
	var err error
	if out.Features, err = mergeFeatures(all); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProfile, err)
	}
	if out.Slices, err = mergeSlices(profiles); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrProfile, err)
	}
	return out, out.Validate()
}

// mergeSlices keeps the slices that every profile has: of another one the rows are
// known in part only.
func mergeSlices(profiles []*Profile) (out []ProfileSlice, err error) {
	for _, s := range profiles[0].Slices {
		merged := ProfileSlice{Field: s.Field, Value: s.Value}
		var all [][]ProfileFeature
		for _, p := range profiles {
			for _, o := range p.Slices {
				if o.Field == s.Field && o.Value == s.Value {
					merged.Rows += o.Rows
					all = append(all, o.Features)
				}
			}
		}
		if len(all) < len(profiles) {
			continue
		}
		if merged.Features, err = mergeFeatures(common(all)); err != nil {
			return nil, fmt.Errorf("slice %s=%s: %w", s.Field, s.Value, err)
		}
		if len(merged.Features) > 0 {
			out = append(out, merged)
		}
	}
	return out, nil
}

// common leaves the features that all of them have: a slice lacks those that are
// missing in all of its rows.
func common(all [][]ProfileFeature) [][]ProfileFeature {
	out := make([][]ProfileFeature, len(all))
	for i, features := range all {
		for k := range features {
			if !slices.ContainsFunc(all, func(o []ProfileFeature) bool { return namesake(o, &features[k]) == nil }) {
				out[i] = append(out[i], features[k])
			}
		}
	}
	return out
}

func namesake(features []ProfileFeature, f *ProfileFeature) *ProfileFeature {
	for i := range features {
		if features[i].Name == f.Name && features[i].Role == f.Role {
			return &features[i]
		}
	}
	return nil
}

func mergeFeatures(all [][]ProfileFeature) (out []ProfileFeature, err error) {
	for i, features := range all[1:] {
		for k := range features {
			if f := &features[k]; namesake(all[0], f) == nil {
				return nil, fmt.Errorf("%s %q is in profile %d and not in profile 1: leave it out of both with --ignore", f.Role, f.Name, i+2)
			}
		}
	}
	for k := range all[0] {
		f := &all[0][k]
		same := make([]*ProfileFeature, len(all))
		for i, features := range all {
			if same[i] = namesake(features, f); same[i] == nil {
				return nil, fmt.Errorf("%s %q is in profile 1 and not in profile %d: leave it out of both with --ignore", f.Role, f.Name, i+1)
			}
			if same[i].Kind != f.Kind {
				return nil, fmt.Errorf("%s %q is %s in profile 1 and %s in profile %d: build both with --categorical %s, or see which of its values are no numbers",
					f.Role, f.Name, f.Kind, same[i].Kind, i+1, f.Name)
			}
		}
		out = append(out, mergeFeature(same))
	}
	return out, nil
}

func mergeFeature(all []*ProfileFeature) ProfileFeature {
	out := ProfileFeature{Name: all[0].Name, Role: all[0].Role, Kind: all[0].Kind}
	for _, f := range all {
		out.Count += f.Count
		out.Missing += f.Missing
		out.Invalid += f.Invalid
	}
	if out.Kind == kindCategorical {
		out.Categorical = mergeCategories(all)
	} else {
		out.Numeric = mergeNumbers(all)
	}
	return out
}

func mergeCategories(all []*ProfileFeature) *CategoricalProfile {
	out := &CategoricalProfile{Categories: []CategoryCount{}}
	at := map[string]int{}
	for _, f := range all {
		out.Rest += f.Categorical.Rest
		for _, c := range f.Categorical.Categories {
			k, known := at[c.Value]
			if !known {
				k = len(out.Categories)
				at[c.Value] = k
				out.Categories = append(out.Categories, CategoryCount{Value: c.Value})
			}
			out.Categories[k].Count += c.Count
		}
	}
	out.sort()
	return out
}

func mergeNumbers(all []*ProfileFeature) *NumericProfile {
	out := &NumericProfile{Min: math.Inf(1), Max: math.Inf(-1), Integer: true}
	var moments pane
	for _, f := range all {
		n := f.Numeric
		out.Min, out.Max, out.Integer = min(out.Min, n.Min), max(out.Max, n.Max), out.Integer && n.Integer
		moments.merge(&pane{count: f.Count, mean: n.Mean, m2: n.StdDev * n.StdDev * float64(f.Count)})
	}
	out.Mean, out.StdDev = moments.mean, math.Sqrt(moments.m2/float64(moments.count))
	var points []float64
	for _, f := range all {
		points = append(points, f.Numeric.Points...)
	}
	slices.Sort(points)
	points = slices.Compact(points)
	masses := make([]float64, 2*len(points)-1) // at the first point, between it and the second, …
	share, misplaced, rows := 1.0, 0.0, 0.0
	for _, f := range all {
		each := float64(f.Count) / float64(f.Numeric.Sample) // rows that a value of the sample stands for
		share = min(share, 1/each)
		misplaced += each * f.Numeric.spread(points, masses, each)
		rows += float64(f.Count)
	}
	share *= discount(share*rows, misplaced/rows)
	out.Points, out.At, out.Between = thin(points, counted(masses, share))
	for _, n := range slices.Concat(out.At, out.Between) {
		out.Sample += n
	}
	return out
}

// spread adds the profile's values to the masses at and between the points, of which
// its own are some, each counted times. It returns the most values that can be on the
// wrong side of a point.
func (n *NumericProfile) spread(points, masses []float64, times float64) (misplaced float64) {
	k := 0
	for i, p := range n.Points {
		for points[k] < p {
			k++
		}
		masses[2*k] += times * float64(n.At[i])
		if i == len(n.Between) {
			break
		}
		inside, next := float64(n.Between[i]), n.Points[i+1]
		gap := next/2 - p/2 // halved: no overflow
		for from := k; points[k] < next; k++ {
			part := (points[k+1]/2 - points[k]/2) / gap
			if gap == 0 || k == from && points[k+1] == next { // not divided
				part = 1
			}
			masses[2*k+1] += times * inside * part
			if k > from {
				misplaced = max(misplaced, inside)
			}
		}
	}
	return misplaced
}

// discount is the share of n values of a sample that are worth, by the inequality of
// Dvoretzky, Kiefer and Wolfowitz at 5 %, what n are where the distribution function
// is off by as much as the error besides.
func discount(n, off float64) float64 {
	width := math.Sqrt(math.Log(2/.05) / 2)
	x := width / (width + off*math.Sqrt(n))
	return x * x
}

// counted makes whole numbers of the masses, times share, without a drift of their sum.
func counted(masses []float64, share float64) []uint64 {
	out := make([]uint64, len(masses))
	sum, before := 0.0, 0.0
	for i, m := range masses {
		sum += m * share
		up := math.Round(sum)
		out[i] = uint64(up - before)
		before = up
	}
	if before == 0 {
		out[0] = 1
	}
	return out
}

// thin drops points, whose values are then between the others, until they are few
// enough; the first, the last and those with many values stay.
func thin(points []float64, masses []uint64) (kept []float64, at, between []uint64) {
	var total uint64
	for _, m := range masses {
		total += m
	}
	for target := uint64(0); ; target = max(1, target+(target+9)/10) {
		kept, at, between = []float64{points[0]}, []uint64{masses[0]}, nil
		var open uint64 // values since the last kept point
		for i := 1; i < len(points); i++ {
			open += masses[2*i-1]
			here := masses[2*i]
			if i < len(points)-1 && open+here+masses[2*i+1] <= target {
				open += here
				continue
			}
			kept, at, between = append(kept, points[i]), append(at, here), append(between, open)
			open = 0
		}
		if len(kept) <= sketch.MaxGridPoints || target > total {
			return kept, at, between
		}
	}
}
