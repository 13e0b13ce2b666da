package tally

import (
	"sync"
	"sync/atomic"

	"github.com/weir-gateway/weir/monitor/sketch"
	"github.com/weir-gateway/weir/rollout/judge"
)

// mostFields is how many slice fields are counted; a plan judges fewer.
const mostFields = 8

// Slice is where a unit counts in one slice field; 0: nowhere.
type Slice uint32

// sliceNames are the fields and values of one comparison, numbered as they came,
// so that all its phases count alike.
type sliceNames struct {
	mu     sync.Mutex
	fields []string
	values []*sketch.Dictionary
}

func newSliceNames() *sliceNames { return &sliceNames{} }

// place numbers a value of a field; 0: there is no room for the field.
func (n *sliceNames) place(field string, value []byte) Slice {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, known := range n.fields {
		if known == field {
			return n.number(i, value)
		}
	}
	if len(n.fields) == mostFields {
		return 0
	}
	n.fields = append(n.fields, field)
	n.values = append(n.values, sketch.NewDictionary(nil, judge.MostSlices))
	return n.number(len(n.fields)-1, value)
}

// number is the place of a value. A client may send the name of the rest, and is
// counted there.
func (n *sliceNames) number(field int, value []byte) Slice {
	at := sketch.Rest
	if string(value) != judge.OtherSlices {
		at = n.values[field].Index(value)
	}
	return Slice(field<<8 | at + 1)
}

// name is the field and value of a place.
func (n *sliceNames) name(field, value int) (string, string) {
	return n.fields[field], n.values[field].Name(value)
}

// sliceTable holds the counts of one stratum. Its parts are made when a value is
// first seen.
type sliceTable [mostFields][judge.MostSlices + 1]atomic.Pointer[sliceCounts]

type sliceCounts struct {
	units  [2]atomic.Int64
	errors [2]atomic.Int64
	bins   [2][mostBins]atomic.Int64
}

func (t *sliceTable) find(s Slice) *sliceCounts {
	if s == 0 {
		return nil
	}
	return t[s>>8][s&0xff-1].Load()
}

// InSlice counts a unit under its value of a slice field: once for each field,
// off the request's path, since it waits for other units. The Slice is to be
// handed to PredictNumber or PredictText with the unit's prediction.
func (t *Tally) InSlice(u Unit, field string, value []byte, failed bool) Slice {
	at := int(u>>1) - 1
	if t == nil || at < 0 || at >= len(t.strata) || t.running == nil {
		return 0
	}
	place := t.running.slices.place(field, value)
	if place == 0 {
		return 0
	}
	slot := &t.strata[at].slices[place>>8][place&0xff-1]
	c := slot.Load()
	if c == nil {
		slot.CompareAndSwap(nil, &sliceCounts{})
		c = slot.Load()
	}
	c.units[u.arm()].Add(1)
	if failed {
		c.errors[u.arm()].Add(1)
	}
	return place
}

// readSlices are the counts of a stratum by field and value; nil where there are none.
func (t *Tally) readSlices(s *stratum, bins *judge.Bins) judge.Slices {
	if t.running == nil {
		return nil
	}
	names := t.running.slices
	names.mu.Lock()
	defer names.mu.Unlock()
	var out judge.Slices
	for field := range names.fields {
		for value := range names.values[field].Len() {
			c := s.slices[field][value].Load()
			if c == nil {
				continue
			}
			if out == nil {
				out = judge.Slices{}
			}
			fieldName, valueName := names.name(field, value)
			if out[fieldName] == nil {
				out[fieldName] = map[string]judge.SliceCounts{}
			}
			out[fieldName][valueName] = c.read(bins)
		}
	}
	return out
}

func (c *sliceCounts) read(bins *judge.Bins) (out judge.SliceCounts) {
	for arm := range 2 {
		// Errors first, as in the whole.
		out.Errors[arm] = c.errors[arm].Load()
		out.Units[arm] = c.units[arm].Load()
		if bins != nil {
			out.Predictions[arm] = make([]int64, len(bins.Expected))
			for i := range out.Predictions[arm] {
				out.Predictions[arm][i] = c.bins[arm][i].Load()
			}
		}
	}
	return out
}
