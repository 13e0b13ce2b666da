package proxy

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
	not tried
}

// maxTries is how many endpoints a request may fail at.
const maxTries = 8

// tried are the endpoints that a request has failed at.
type tried struct {
	n    int
	were [maxTries]*endpoint
}

func (t *tried) has(e *endpoint) bool {
	for _, was := range t.were[:t.n] {
		if was == e {
			return true
		}
	}
	return false
}

// add notes an endpoint.
func (t *tried) add(e *endpoint) {
	if t.n < maxTries {
		t.were[t.n] = e
		t.n++
	}
}

// choice says which endpoints may be chosen.
type choice struct {
	*query
	limit int64 // of requests in flight; 0: none
	panic bool  // take also who is not healthy
}

func (c *choice) ok(e *endpoint) bool {
	return (c.panic || e.healthy()) && !c.busy(e) && !c.not.has(e)
}

func (c *choice) busy(e *endpoint) bool { return c.limit > 0 && e.inFlight.Load() >= c.limit }

// first returns the first endpoint that may be chosen at or behind from, cyclically.
func (c *choice) first(all []*endpoint, from int) int {
	for i := range all {
		if j := (from + i) % len(all); c.ok(all[j]) {
			return j
		}
	}
	return -1
}

// pick chooses an endpoint. Where none that could be tried is healthy all are
// taken for healthy: a check may be wrong, and no answer is certain only then.
func (p *Pool) pick(q *query) (*endpoint, verdict) {
	all := p.endpoints
	if q.not.n == maxTries {
		return nil, none
	}
	c := choice{query: q, limit: int64(p.cfg.MaxConnections)}
	from := int(p.turn.Add(1) % uint32(len(all)))
	i := c.first(all, from)
	if i < 0 {
		left := false
		for _, e := range all {
			if q.not.has(e) {
				continue
			}
			if left = true; e.healthy() {
				return nil, busy
			}
		}
		if !left {
			return nil, none
		}
		c.panic = true
		if i = c.first(all, from); i < 0 {
			return nil, busy
		}
	}
	return c.leastInFlight(all, i), picked
}

// leastInFlight returns the one with the fewest requests in flight; among equals
// the first from i on.
func (c *choice) leastInFlight(all []*endpoint, i int) *endpoint {
	best := all[i]
	least := best.inFlight.Load()
	for j := 1; j < len(all) && least > 0; j++ {
		e := all[(i+j)%len(all)]
		if n := e.inFlight.Load(); n < least && c.ok(e) {
			best, least = e, n
		}
	}
	return best
}
