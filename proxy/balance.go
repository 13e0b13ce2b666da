package proxy

import (
	"math"
	"slices"
	"time"
)

// Balance is how requests are spread over the endpoints of a pool.
type Balance uint8

// The ways. All leave out endpoints that are not healthy, were ejected or have
// as many requests as they may, and send one that is new or back fewer at first.
const (
	// LeastInFlight takes the one with the fewest requests in flight.
	LeastInFlight Balance = iota
	// PeakEWMA draws two at random and takes the one with the lower product of
	// latency and requests in flight.
	PeakEWMA
	// RoundRobin takes them in turn.
	RoundRobin
	// Hash takes the same for the same sticky key, unless that one has more than
	// 1.25 times its share of the requests in flight; without a key it is LeastInFlight.
	Hash
)

// verdict is what came of looking for an endpoint.
type verdict uint8

const (
	picked  verdict = iota
	none            // every endpoint was tried
	busy            // those that were not have as many requests as they may have
	full            // and so many requests wait that this one can't
	expired         // and none was free in time
)

// query is a request for an endpoint.
type query struct {
	t   instant // now
	key uint64  // of the client, for [Hash]; 0: none
	// spare takes a place only at an endpoint of whose places less than half are taken.
	spare bool
	not   tried

	shut *endpoint // it closed a new connection before it took anything; nil: none did
	anew bool      // that one has been tried again
}

// maxTries is how many endpoints a request may fail at.
const maxTries = 8

// tried are the endpoints that a request has failed at.
type tried struct {
	n    int
	were [maxTries]*endpoint
}

func (t *tried) has(e *endpoint) bool {
	return slices.Contains(t.were[:t.n], e)
}

// add notes an endpoint.
func (t *tried) add(e *endpoint) {
	if t.n < maxTries {
		t.were[t.n] = e
		t.n++
	}
}

// remove forgets an endpoint.
func (t *tried) remove(e *endpoint) {
	if i := slices.Index(t.were[:t.n], e); i >= 0 {
		t.n--
		t.were[i] = t.were[t.n]
	}
}

// choice says which endpoints may be chosen.
type choice struct {
	*query
	all   []*endpoint
	limit int64         // of requests in flight; 0: none
	slow  time.Duration // of slow starts
	panic bool          // take also who is not healthy
}

func (c *choice) ok(e *endpoint) bool {
	return (c.panic || e.available(c.t)) && (c.limit == 0 || e.inFlight.Load() < c.limit) && !c.not.has(e)
}

// first returns the first endpoint that may be chosen at or behind from, cyclically.
func (c *choice) first(from int) int {
	for i := range c.all {
		if j := (from + i) % len(c.all); c.ok(c.all[j]) {
			return j
		}
	}
	return -1
}

// start returns an endpoint that may be chosen, at or behind from. Where none
// that could be tried is available all are taken to be: a check may be wrong, and
// no answer is certain only then.
func (c *choice) start(from int) (int, verdict) {
	if i := c.first(from); i >= 0 {
		return i, picked
	}
	left := false
	for _, e := range c.all {
		if c.not.has(e) {
			continue
		}
		if left = true; e.available(c.t) {
			return -1, busy
		}
	}
	if !left || c.not.n == maxTries {
		return -1, none
	}
	c.panic = true
	if i := c.first(from); i >= 0 {
		return i, picked
	}
	return -1, busy
}

// pick chooses an endpoint.
func (p *Pool) pick(q *query) (*endpoint, verdict) {
	c := choice{query: q, all: *p.roster.Load(), limit: q.limit(p), slow: p.cfg.SlowStart}
	if len(c.all) == 1 { // nothing to choose
		switch e := c.all[0]; {
		case q.not.n > 0 && q.not.has(e):
			return nil, none
		case c.limit > 0 && e.inFlight.Load() >= c.limit:
			return nil, busy
		default:
			return e, picked
		}
	}
	balance := p.cfg.Balance
	if balance == Hash && q.key == 0 {
		balance = LeastInFlight
	}
	from := uint64(0)
	switch balance {
	case PeakEWMA:
		from = p.cfg.Random()
	case LeastInFlight, RoundRobin:
		from = uint64(p.turn.Add(1))
	}
	i, v := c.start(int(from & math.MaxInt32 % uint64(len(c.all))))
	if v != picked {
		return nil, v
	}
	switch balance {
	case PeakEWMA:
		return c.ofTwo(i, from>>32), picked
	case Hash:
		return c.hashed(i), picked
	case RoundRobin:
		return c.inTurn(i, p.cfg.Random), picked
	}
	return c.leastInFlight(i), picked
}

// leastInFlight returns the one with the fewest requests in flight; among equals
// the first from i on.
func (c *choice) leastInFlight(i int) *endpoint {
	best := c.all[i]
	least := c.load(best)
	for j := 1; j < len(c.all) && least > 1; j++ {
		e := c.all[(i+j)%len(c.all)]
		if n := c.load(e); n < least && c.ok(e) {
			best, least = e, n
		}
	}
	return best
}

// load is how many requests e would have in flight with this one; more, as long
// as it starts slowly.
func (c *choice) load(e *endpoint) float64 {
	return float64(e.inFlight.Load()+1) / e.share(c.t, c.slow)
}

// measures says whether latencies matter.
func (p *Pool) measures() bool {
	return p.cfg.Balance == PeakEWMA && len(*p.roster.Load()) > 1
}

// ofTwo returns the better of i and another one drawn at random.
func (c *choice) ofTwo(i int, random uint64) *endpoint {
	a := c.all[i]
	// Any but i: from the drawn one on, which is at least one further.
	j := c.first((i + 1 + int(random%uint64(len(c.all)-1))) % len(c.all))
	if j == i {
		j = c.first((i + 1) % len(c.all))
	}
	if j < 0 || j == i { // j < 0: others were quicker to take the last places
		return a
	}
	if b := c.all[j]; c.cost(b) < c.cost(a) {
		return b
	}
	return a
}

// unknownCost stands, in nanoseconds, for the latency of an endpoint that has not
// answered yet but has requests: it gets one at a time until it answers.
const unknownCost = float64(time.Minute)

// cost is about how long a request would take at e.
func (c *choice) cost(e *endpoint) float64 {
	latency := e.latency.at(c.t)
	if latency == 0 {
		latency = unknownCost
		if e.inFlight.Load() == 0 {
			return 0
		}
	}
	return latency * c.load(e)
}

// inTurn returns i, or the next one where that starts slowly and it isn't its turn.
func (c *choice) inTurn(i int, random func() uint64) *endpoint {
	e := c.all[i]
	if share := e.share(c.t, c.slow); share < 1 && float64(random()>>11)/(1<<53) > share {
		if j := c.first((i + 1) % len(c.all)); j >= 0 {
			return c.all[j]
		}
	}
	return e
}

// boundOfHash is how many times its share of the requests in flight an endpoint
// may have before keys go elsewhere (Mirrokni, Thorup and Zadimoghaddam, 2018).
const boundOfHash = 1.25

// hashed returns the endpoint whose hash with the key is highest (rendezvous
// hashing) among those within the bound: when endpoints come and go, only their
// own keys move.
func (c *choice) hashed(i int) *endpoint {
	total, n := int64(1), 0
	for _, e := range c.all {
		if c.panic || e.available(c.t) {
			total += e.inFlight.Load()
			n++
		}
	}
	bound := math.Ceil(boundOfHash * float64(total) / float64(max(n, 1)))
	var best *endpoint
	var highest uint64
	for _, e := range c.all {
		if h := mix(c.key ^ e.hash); (best == nil || h > highest) && c.ok(e) && c.load(e) <= bound {
			best, highest = e, h
		}
	}
	if best == nil { // all of those within the bound were tried, or start slowly
		return c.leastInFlight(i)
	}
	return best
}

// mix spreads a value over all bits (the finalizer of SplitMix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
