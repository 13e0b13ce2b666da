package monitor

import (
	"fmt"
	"math"
	"testing"

	"github.com/weir-gateway/weir/protocol"
)

func TestTheSampleIsByIDAlone(t *testing.T) {
	// The same on every gateway and after every update, or labels and copies would
	// not find their requests.
	for id, want := range map[string]float64{"a": placeOfA, "0190b4f0-6f5e-7c7e-8000-000000000001": placeOfUUID} {
		if got := place(id); got != want {
			t.Errorf("place(%q) = %v, want %v", id, got, want)
		}
	}
	const n = 100_000
	for _, share := range []float64{0.01, 0.1, 0.5} {
		var taken, odd int
		for i := range n {
			if place(fmt.Sprint("request-", i)) < share {
				taken++
				odd += i & 1 // as what is in a request may go with its number
			}
		}
		sigma := math.Sqrt(n * share * (1 - share))
		if math.Abs(float64(taken)-n*share) > 4*sigma || math.Abs(float64(2*odd-taken)) > 4*math.Sqrt(float64(taken)) {
			t.Errorf("share %g: %d of %d taken, %d of them odd", share, taken, n, odd)
		}
	}
}

func TestASampledRequestIsWatchedWithItsCopiesAndLabels(t *testing.T) {
	m := newIdle(Options{Model: "flights", Protocol: fakeProtocol{}, Sample: 0.25, Queue: 10_000})
	var r reader
	taken := map[string]bool{}
	for i := range 2000 {
		id := fmt.Sprint("id", i)
		x := Exchange{Version: "1", RequestID: id, Request: body("a=1"), Response: body("late=1")}
		copied := Exchange{Version: "2", RequestID: id, Shadow: true, Request: body("a=1"), Response: body("late=0"), Primary: body("late=1")}
		if taken[id] = m.Offer(&x); taken[id] != m.Offer(&copied) {
			t.Fatalf("%s: the request and its copy are not treated alike", id)
		}
		for len(m.queue) > 0 {
			m.handle(&r, <-m.queue)
		}
		want := labelNotSampled
		if taken[id] {
			want = labelJoined
		}
		if f := m.Label([]Label{{RequestID: id, Label: 1.0}}); f.Outcomes[want] != 1 {
			t.Errorf("%s: the label is %v, want it %s", id, f.Outcomes, want)
		}
	}
	if f := m.Label([]Label{{RequestID: idBelow(0.25), Label: 1.0}}); f.Outcomes[labelUnknown] != 1 {
		t.Errorf("a label of a request that never came is %v", f.Outcomes)
	}
	s, err := m.Summary("2", "")
	if err != nil {
		t.Fatal(err)
	}
	observed := s.Observations
	if observed < 400 || observed > 600 || s.Shadow.Compared != observed || s.Dropped["queue_full"]+s.Dropped["thinned"] != 0 {
		t.Errorf("%d copies of 2,000 observed, %+v, dropped %v", observed, s.Shadow, s.Dropped)
	}
	if s.Sampling == nil || s.Sampling.Share != 0.25 || s.Sampling.LeftOut != 2*(2000-observed) || s.Sampling.Requests != 4e6 {
		t.Errorf("sampling is %+v", s.Sampling)
	}
}

// idBelow finds an id that a share takes.
func idBelow(share float64) string {
	for i := 0; ; i++ {
		if id := fmt.Sprint("never", i); place(id) < share {
			return id
		}
	}
}

func TestExchangesWithoutAnIDAreSampledEvenly(t *testing.T) {
	m := newIdle(Options{Model: "flights", Protocol: fakeProtocol{}, Sample: 0.1, Queue: 10_000})
	taken := 0
	for range 1000 {
		if m.Offer(&Exchange{Version: "1"}) {
			taken++
		}
	}
	if taken < 95 || taken > 105 {
		t.Errorf("%d of 1,000", taken)
	}
}

func TestTheShareFallsWithTheRoomInTheQueue(t *testing.T) {
	o := Options{Sample: 0.5}
	for fill, want := range map[float64]float64{0: 0.5, 0.5: 0.5, 0.75: 0.25, 0.9: 0.1, 1: 0, 1.5: 0} {
		if got := o.share(fill); math.Abs(got-want) > 1e-12 {
			t.Errorf("at a fill of %g the share is %g, want %g", fill, got, want)
		}
	}
}

// Twice as much comes as the workers manage, a tenth of it large. A queue that only
// refuses what does not fit observes large bodies too rarely; the sample does not.
func TestUnderLoadWhatIsObservedIsLikeWhatCame(t *testing.T) {
	const large = 64 << 10
	m := newIdle(Options{Model: "flights", Protocol: fakeProtocol{}, Queue: 1 << 20, QueueBytes: 20 * large})
	offered, taken := [2]int{}, [2]int{}
	for i := range 40_000 {
		x := &Exchange{Version: "1", RequestID: fmt.Sprint(i), Request: protocol.Body{Bytes: make([]byte, 100)}}
		kind := 0
		if i%10 == 0 {
			kind, x.Request.Bytes = 1, make([]byte, large)
		}
		offered[kind]++
		if m.Offer(x) {
			taken[kind]++
		}
		if i%2 == 0 && len(m.queue) > 0 {
			m.bytes.Add(-(<-m.queue).size())
		}
	}
	small, big := float64(taken[0])/float64(offered[0]), float64(taken[1])/float64(offered[1])
	t.Logf("%.3f of the small ones, %.3f of the large; %v", small, big, m.drops.snapshot())
	if math.Abs(big/small-1) > 0.1 || small > 0.6 || small < 0.4 {
		t.Errorf("%.3f of the small ones are observed, %.3f of the large", small, big)
	}
	if d := m.drops.snapshot(); d[dropThinned] == 0 || d[dropQueueBytes]+d[dropQueueFull] > d[dropThinned]/20 {
		t.Errorf("dropped %v", d)
	}
}

// Of XXH64, seed 0, of the salt and the id.
const placeOfA, placeOfUUID = 0.9713036758885497, 0.3726286545627385
