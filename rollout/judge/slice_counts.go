package judge

import (
	"maps"
	"slices"
)

// MostSlices is how many values of a slice field are counted and judged apart;
// all further ones together are [OtherSlices].
const MostSlices = 20

// OtherSlices names the requests with a value that had no room of its own.
const OtherSlices = "(other)"

// SliceCounts are the counts of the units with one value of a slice field.
// They are read off the request's path, so that units lost there (a full queue,
// a body that cannot be read) are in none of them.
type SliceCounts struct {
	Units       [2]int64   `json:"units"`
	Errors      [2]int64   `json:"errors"`
	Predictions [2][]int64 `json:"predictions,omitzero"` // by bin of the phase's [Bins]
}

// Slices are counts by field and value.
type Slices map[string]map[string]SliceCounts

// combine returns s + sign × other; neither is changed.
func (s Slices) combine(other Slices, sign int64) Slices {
	if len(other) == 0 {
		return s
	}
	sum := make(Slices, len(other))
	maps.Copy(sum, s)
	for field, values := range other {
		into := maps.Clone(sum[field])
		if into == nil {
			into = make(map[string]SliceCounts, len(values))
		}
		for value, counts := range values {
			c := into[value]
			c.add(counts, sign)
			into[value] = c
		}
		sum[field] = into
	}
	return sum
}

func (c *SliceCounts) add(other SliceCounts, sign int64) {
	for arm := range 2 {
		c.Units[arm] += sign * other.Units[arm]
		c.Errors[arm] += sign * other.Errors[arm]
		c.Predictions[arm] = combineBins(c.Predictions[arm], other.Predictions[arm], sign)
	}
}

// Only returns the counts of the fields. Values without room in known, which
// grows to at most [MostSlices] of each field, are counted under [OtherSlices]:
// so counts that began anew with other values still come to no more tests.
func (s Slices) Only(fields []string, known map[string][]string) Slices {
	var kept Slices
	for _, field := range fields {
		values := s[field]
		if len(values) == 0 {
			continue
		}
		into := make(map[string]SliceCounts, len(values))
		for _, value := range slices.Sorted(maps.Keys(values)) {
			name := value
			if value != OtherSlices && !slices.Contains(known[field], value) {
				if len(known[field]) < MostSlices {
					known[field] = append(known[field], value)
				} else {
					name = OtherSlices
				}
			}
			c := into[name]
			c.add(values[value], +1)
			into[name] = c
		}
		if kept == nil {
			kept = Slices{}
		}
		kept[field] = into
	}
	return kept
}
