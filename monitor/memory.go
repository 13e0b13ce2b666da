package monitor

import (
	"errors"
	"fmt"

	"github.com/weir-gateway/weir/monitor/sequential"
	"github.com/weir-gateway/weir/monitor/sketch"
)

// errMemory says that Options.MaxMemory is used up.
var errMemory = errors.New("monitor: no memory left")

// Sizes in bytes of what a state is made of, with its place on the heap and in maps.
// Bounds, not means: TestTheEstimateOfMemoryIsAnUpperBound.
const (
	versionBytes    = 16 << 10 // without its states
	stateBytes      = 10 << 10 // without its features; most of it the latency histogram
	featureBytes    = 640      // without what holds values
	binBytes        = 4 * panes
	shapeBytes      = 3 << 10 // a detector of a number's distribution
	rateBytes       = 1408    // a detector of a share; a feature has three
	groupBytes      = 592     // a group of a detector of categories
	classesBytes    = 4 << 10 // of an output without a dictionary of its own
	categoryBytes   = 160     // a new category, without its name
	alarmBytes      = 352     // an alarm that is kept to be shown
	pointBytes      = 64      // a point of a reference's distribution, in the profile and ready for observing
	knownBytes      = 160     // a category of a reference, without its name
	referenceBytes  = 512     // a feature of a reference, without these
	sketchesOfPanes = panes / 2
)

// budget is the memory of a model's states and references. What does not grow, and
// what grows within a known bound, is taken as a whole before it is made; new
// categories and alarms are taken one by one. So what is held is never more than
// max, but for the references, which are counted and always kept: a profile's size
// is bounded by the registry. Guarded by Monitor.mu.
type budget struct {
	max, used int64
}

// account is what one version has taken of a budget.
type account struct {
	of    *budget
	taken int64
}

// take takes n bytes if they are there.
func (a *account) take(n int64) bool {
	if a.of.used+n > a.of.max {
		return false
	}
	a.of.used += n
	a.taken += n
	return true
}

// close gives back everything.
func (a *account) close() {
	a.of.used -= a.taken
	a.taken = 0
}

// Memory is what a model's monitor holds, at most.
type Memory struct {
	Bytes int64 `json:"bytes"` // of all versions, slices and references; a bound on what they hold
	Max   int64 `json:"max"`   // beyond it, new ones are not watched
	Short bool  `json:"short"` // something was not watched because of it; see dropped
}

func (m *Monitor) memory() Memory {
	out := Memory{Bytes: m.budget.used, Max: m.budget.max}
	for _, reason := range [...]string{dropMemoryVersions, dropMemorySlices, dropMemoryFeatures, dropMemoryCategories} {
		out.Short = out.Short || m.drops.of(reason) > 0
	}
	return out
}

// short says what to do about something that was not watched for want of memory.
func (m *Monitor) short(reason string) string {
	if m.drops.of(reason) == 0 {
		return ""
	}
	return fmt.Sprintf("; some were not watched because the monitor may take %d bytes: raise monitor.max_memory, or watch fewer slices", m.budget.max)
}

// need is what the state takes that newState makes.
func (r *reference) need(detect, part bool) int64 {
	n := int64(stateBytes)
	if r == nil {
		return n
	}
	for _, f := range r.features {
		n += f.need(detect, part)
	}
	return n
}

// need is what a feature of the reference takes in a state.
func (f *featureReference) need(detect, part bool) int64 {
	n := int64(featureBytes) + f.values(part)
	if f.Role == roleOutput && f.Kind == kindCategorical {
		n += 8 * int64(f.known.Len())
	}
	if !detect || f.detectors() == 0 {
		return n
	}
	n += 3 * rateBytes
	if f.Numeric != nil {
		return n + shapeBytes
	}
	groups := int64(min(f.known.Len(), sequential.MaxGroups))
	return n + shapeBytes/4 + groups*groupBytes + 8*int64(f.known.Len())
}

// values is what holds a feature's values.
func (f *featureReference) values(part bool) int64 {
	if f.Kind == kindNumeric {
		return numberBytes(part) + binBytes*int64(f.grid.Bins())
	}
	return dictionaryBytes + binBytes*int64(f.known.Len())
}

// dictionaryBytes is a dictionary without names.
const dictionaryBytes = 128

func numberBytes(part bool) int64 {
	if part {
		return sketchesOfPanes * sketch.CoarseBytes
	}
	return sketchesOfPanes * sketch.FineBytes
}

// size is what the reference itself holds, its slices included.
func (r *reference) size() int64 {
	if r == nil {
		return 0
	}
	var n int64
	for _, f := range r.features {
		n += referenceBytes
		if f.Numeric != nil {
			n += pointBytes * int64(len(f.Numeric.Points))
		} else if f.Categorical != nil {
			for _, c := range f.Categorical.Categories {
				n += knownBytes + int64(len(c.Value))
			}
		}
	}
	for _, s := range r.slices {
		n += s.size()
	}
	return n
}

// kindNeed is what a feature without a reference takes once its kind is known.
func kindNeed(role, kind string, part bool) int64 {
	n := int64(dictionaryBytes + binBytes)
	if kind == kindNumeric {
		n = numberBytes(part)
	}
	if role == roleOutput {
		n += classesBytes
	}
	return n
}

// index returns the number of a category, making one where there are room and
// memory, else that of the rest.
func (f *feature) indexOf(label []byte, s *state) int {
	i, known := f.dict.Find(label)
	if known || f.dict.Len() == f.dict.Cap() {
		return i
	}
	if !s.account.take(categoryBytes + int64(min(len(label), sketch.MaxCategory))) {
		s.drops.add(dropMemoryCategories, 1)
		return sketch.Rest
	}
	return f.dict.Index(label)
}

// keep adds an alarm to those that are shown. Where there is no memory for another
// one, or enough are there, the oldest goes.
func (f *feature) keep(a Alarm, s *state) {
	if len(f.alarms) == keptAlarms || !s.account.take(alarmBytes) {
		if len(f.alarms) == 0 {
			return
		}
		f.alarms = append(f.alarms[:0], f.alarms[1:]...)
	}
	f.alarms = append(f.alarms, a)
}
