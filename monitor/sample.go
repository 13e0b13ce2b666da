package monitor

import (
	"math"

	"github.com/cespare/xxhash/v2"
)

// sampleSalt makes the choice independent of others that hash the same id.
const sampleSalt = "weir monitor sample\x00"

// place is where a request stands in [0,1), by its id alone: whatever is in it, on
// whichever gateway, now or after a restart. A share s observes those below s, so
// that a smaller share is a part of a larger one, and a request's copies and labels
// find it or its absence wherever they look.
func place(id string) float64 {
	var d xxhash.Digest
	d.Reset()
	_, _ = d.WriteString(sampleSalt) // never fails
	_, _ = d.WriteString(id)
	return unit(d.Sum64())
}

func unit(h uint64) float64 { return float64(h>>11) * 0x1p-53 }

// place returns that of an exchange. One without an id has one by its number.
func (m *Monitor) place(x *Exchange) float64 {
	if x.RequestID != "" {
		return place(x.RequestID)
	}
	// The golden ratio: multiples of it are spread evenly (Knuth, TAOCP 3, 6.4).
	return unit(m.unnamed.Add(1) * 0x9e3779b97f4a7c15)
}

// thinFrom is the fill of the queue above which less is taken.
const thinFrom = 0.5

// share is the part of the requests that may be queued at a fill of the queue: all
// that Options.Sample asks for until the queue is half full, then fewer in
// proportion to the room that is left, down to none. The queue comes to rest where
// as many are taken as the workers manage, and hardly ever is full. What happens to
// arrive at a full queue is no random choice: large bodies find no room first.
func (o *Options) share(fill float64) float64 {
	if fill <= thinFrom {
		return o.Sample
	}
	return o.Sample * max((1-fill)/(1-thinFrom), 0)
}

// fill is how full the queue is, by count or by bytes.
func (m *Monitor) fill() float64 {
	return max(float64(len(m.queue))/float64(cap(m.queue)), float64(m.bytes.Load())/float64(m.o.QueueBytes))
}

// passes decides whether an exchange is one of those that are observed; if it is
// not, it says why. A queue that is full is for enqueue to say.
func (m *Monitor) passes(x *Exchange) (refused string) {
	fill := m.fill()
	share := m.o.share(fill)
	if share == 1 {
		return ""
	}
	switch at := m.place(x); {
	case at >= m.o.Sample:
		return notSampled
	case at >= share && fill < 1:
		return dropThinned
	}
	return ""
}

// leftOut reports whether the share leaves out a request, whatever the load.
func (o *Options) leftOut(id string) bool { return o.Sample < 1 && place(id) >= o.Sample }

// Sampling says which share of the requests is observed.
type Sampling struct {
	Share   float64 `json:"share"`
	LeftOut uint64  `json:"left_out"` // exchanges
	// Requests is the promise of the alarms in requests instead of observations, where
	// each request has a row: MeanObservations / Share.
	Requests float64 `json:"mean_requests"`
}

// sampling is nil where every request is observed.
func (m *Monitor) sampling() *Sampling {
	if m.o.Sample >= 1 {
		return nil
	}
	return &Sampling{
		Share: m.o.Sample, LeftOut: m.o.Cost.leftOut.Load(),
		Requests: math.Round(m.o.FalseAlarmEvery / m.o.Sample),
	}
}
