package proxy

import (
	"sync"

	"github.com/weir-gateway/weir/proxy/http1"
	"github.com/weir-gateway/weir/router"
)

// Sizes of the buffers that a connection has while it works.
const (
	firstRead   = 4 << 10  // for requests; grows up to Config.MaxHead
	firstAnswer = 8 << 10  // for the beginning of an answer; likewise
	largestKept = 64 << 10 // what has grown beyond this isn't used again
	streamSize  = 64 << 10 // for what follows
	smallBody   = 64 << 10 // a body up to this size is read before it is sent on
)

// work is what a connection needs only while it has a request. Idle connections
// give it back, and those whose answer streams most of it: see slim.
type work struct {
	*intake
	r, w int // intake.in[r:w] is not used up
	*half
	call call

	n       int // what conn.fill read
	err     error
	offered []byte // what conn.offer writes
	wrote   int
}

// call is one request under way.
type call struct {
	state   *State
	route   *router.Route
	cfg     *route
	target  *target
	x       *Exchange
	random  uint64 // drawn for this request
	key     uint64
	shadows uint64 // which of the route's get a copy
	again   bool   // so does the target

	from     provenance
	id       []byte // the request's id, the client's or ours
	hex      []byte // 128 random bits, where id or trace are ours
	hexSpace [32]byte
	low      uint64 // the last 64 of them
	ownID    bool
	ownTrace bool
	forwards int64 // Max-Forwards to send on; -1: as it came

	body     []byte        // what of the body has been read, decoded
	rest     int64         // bytes of it that have not; -1: unknown, it is chunked
	chunked  http1.Chunked // its decoder, if rest is -1
	stored   *buffer       // where body is, if not in work.in
	bodyRead bool          // readBody was called
	streams  bool          // the body is not here as a whole
	upgrade  bool          // the client asks for another protocol
	head     bool          // the method is HEAD
	keep     bool          // the client's connection can be used again
	greeted  bool          // 100 Continue was sent
	began    bool          // Observer.Begin was called
	started  bool          // something of the answer was sent
	chunks   bool          // the answer goes out chunked

	retrying bool // it was sent again and counts in the budget
	paid     bool // it will be sent again as soon as an endpoint takes it
	streamed bool // some of the body is gone, or of the request was sent
	pump     *pump
	up       *upstream
	sentAt   instant // when an endpoint was looked for
	total    instant // when the request is cut off; 0: never
	request  capture
	response capture
}

// intake is where a request is read to. It isn't needed while an answer streams,
// unless the request still comes, copies of it will be sent, or another one came
// behind it.
type intake struct {
	in  []byte // what came from the client
	req http1.Request
}

// half is the part of a work that isn't needed while an answer streams.
type half struct {
	up   []byte // the beginning of the answer
	out  []byte // what is written next, to either side
	resp http1.Response
}

// works are the free works of a server.
type works struct{ idle, intakes, halves sync.Pool }

func (p *works) get() *work {
	w, ok := p.idle.Get().(*work)
	if !ok {
		w = &work{}
	}
	w.fatten(p)
	return w
}

func (p *works) put(w *work) {
	w.r, w.w = 0, 0
	if w.intake != nil && len(w.in) > largestKept {
		w.intake = nil
	}
	if w.half != nil && (len(w.up) > largestKept || cap(w.out) > largestKept) {
		w.half = nil
	}
	p.idle.Put(w)
}

// slim gives back what isn't needed while an answer streams: where the answer's
// head stood and, if nobody will look at it again, the request. fatten restores
// both, empty, as late as it can: when 2,000 streams end at one time, 2,000 times
// as much is not needed.
func (w *work) slim(p *works) {
	if len(w.up) <= largestKept && cap(w.out) <= largestKept {
		p.halves.Put(w.half)
	}
	w.half = nil
	if w.r < w.w || w.call.pump != nil || w.call.shadows != 0 {
		return
	}
	w.call.id, w.call.body = nil, nil // they may lie in it
	if len(w.in) <= largestKept {
		p.intakes.Put(w.intake)
	}
	w.intake = nil
}

func (w *work) fatten(p *works) {
	if w.half == nil {
		var ok bool
		if w.half, ok = p.halves.Get().(*half); !ok {
			w.half = &half{up: make([]byte, firstAnswer), out: make([]byte, 0, firstAnswer)}
		}
	}
	if w.intake == nil {
		var ok bool
		if w.intake, ok = p.intakes.Get().(*intake); !ok {
			w.intake = &intake{in: make([]byte, firstRead)}
		}
	}
}

// slender says whether slim was the last.
func (w *work) slender() bool { return w.half == nil || w.intake == nil }
