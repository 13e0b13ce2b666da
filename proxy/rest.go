package proxy

import "sync"

// resting are the connections that have been idle for Config.Rest. They have no
// goroutine, whose stack, grown to 4 kB by the first request, is most of what an
// idle connection costs; the server's epoll instance for hang-ups wakes them. A
// connection that gets its next request sooner never rests, and pays nothing.
type resting struct {
	mu          sync.Mutex
	closed      bool
	n           int
	first, last *conn // in the order in which they will have been idle for too long
}

// whileBrisk is for how many times Config.Rest a connection must be idle whose
// last rest was over before that. A rest costs three quarters of what a request
// does (BenchmarkRest): so one that is used regularly has a single rest, and any
// other at most one in half that time.
const whileBrisk = 20

// soon is until when an idle connection stays awake, where t is now, and whether
// it may rest then. woken: it has rested since it became idle.
func (c *conn) soon(t instant, woken bool) (instant, bool) {
	cfg := &c.server.cfg
	if woken {
		c.brisk = t-c.until.after(-cfg.KeepAlive) < instant(whileBrisk*cfg.Rest)
	}
	at := t.after(cfg.Rest)
	if c.brisk {
		at = t.after(whileBrisk * cfg.Rest)
	}
	return at, !woken && !c.stays && at < c.until
}

// neighbours are the places of a resting connection.
type neighbours struct {
	rests          bool
	before, behind *conn
}

// rest has an idle connection wait without a goroutine. What calls it owns the
// connection and, if it rests, must not touch it any more. false: it can't rest.
func (s *Server) rest(c *conn) bool {
	r := &s.resting
	r.mu.Lock()
	defer r.mu.Unlock()
	// An event that comes at once waits for mu.
	if r.closed || !s.hangups.listen(c) {
		return false
	}
	c.neighbours = neighbours{rests: true, before: r.last}
	if r.last != nil {
		r.last.behind = c
	} else {
		r.first = c
	}
	r.last = c
	r.n++
	return true
}

// takeLocked ends a connection's rest. false: it doesn't.
func (r *resting) takeLocked(c *conn) bool {
	if !c.rests {
		return false
	}
	if c.before != nil {
		c.before.behind = c.behind
	} else {
		r.first = c.behind
	}
	if c.behind != nil {
		c.behind.before = c.before
	} else {
		r.last = c.before
	}
	c.neighbours = neighbours{}
	r.n--
	return true
}

// wake has a resting connection go on with what has come, or has ended it.
func (s *Server) wake(c *conn) {
	s.resting.mu.Lock()
	rested := s.resting.takeLocked(c)
	s.resting.mu.Unlock()
	if rested {
		go c.resume()
	}
}

// expire ends the connections that have rested for too long.
func (s *Server) expire() {
	r, t := &s.resting, now()
	for {
		r.mu.Lock()
		c := r.first
		if c == nil || c.until > t {
			r.mu.Unlock()
			return
		}
		r.takeLocked(c)
		r.mu.Unlock()
		if c.secure != nil {
			go s.forget(c) // TLS says goodbye, for which it may wait
		} else {
			s.forget(c)
		}
	}
}

// rouse ends all rest, for good: the server shuts down and has told its
// connections so.
func (s *Server) rouse() {
	r := &s.resting
	r.mu.Lock()
	r.closed = true
	var all []*conn
	for r.first != nil {
		all = append(all, r.first)
		r.takeLocked(r.first)
	}
	r.mu.Unlock()
	for _, c := range all {
		if c.phase.Load() == phaseClosed {
			s.forget(c)
		} else {
			go c.resume()
		}
	}
}

// Resting returns how many of the open client connections rest: they have been
// idle for a while and take no goroutine.
func (s *Server) Resting() int {
	s.resting.mu.Lock()
	defer s.resting.mu.Unlock()
	return s.resting.n
}

// over says whether no connection may rest any more.
func (r *resting) over() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closed
}
