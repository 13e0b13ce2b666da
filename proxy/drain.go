package proxy

import (
	"slices"
	"sync/atomic"
	"time"
)

// drain is how a state finds out that nobody uses it any more. Requests don't
// count themselves in one place, over which all cores would quarrel: each
// connection says in a field of its own which state it holds, and whoever
// replaced the state looks at all of them. Copies, which take a lock anyway, are
// counted.
type drain struct {
	drained chan struct{}
	copies  atomic.Int64
}

// Drained is closed once the state has been replaced and the last request, copy
// or upgraded connection that began under it has ended.
func (s *State) Drained() <-chan struct{} { return s.drained }

// hold makes the current state the one that the connection uses until letGo. It
// is nil before the first Swap.
func (c *conn) hold() *State {
	for {
		s := c.server.state.Load()
		c.held.Store(s)
		// If it was replaced in between, the one who did may not have seen us.
		if c.server.state.Load() == s {
			return s
		}
	}
}

func (c *conn) letGo() {
	s := c.held.Swap(nil)
	if s != nil && c.server.state.Load() != s {
		c.server.nudge()
	}
}

// Swap makes next the state of all requests from now on and returns the one
// before, nil at first.
func (s *Server) Swap(next *State) (old *State) {
	old = s.state.Swap(next)
	if old != nil && old != next {
		s.mu.Lock()
		if !slices.Contains(s.stateDraining, old) {
			s.stateDraining = append(s.stateDraining, old)
		}
		s.mu.Unlock()
		s.nudge()
	}
	return old
}

// nudge has the replaced states looked at.
func (s *Server) nudge() {
	select {
	case s.nudges <- struct{}{}:
	default:
	}
}

// reap closes the Drained channels of replaced states, and connections that have
// rested for too long, until the server stops.
func (s *Server) reap() {
	// The tick is for copies, which don't nudge.
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-s.stopReaping:
			return
		case <-s.nudges:
		case <-ticker.C:
			s.expire()
		}
		s.mu.Lock()
		if len(s.stateDraining) > 0 {
			s.reapLocked()
		}
		s.mu.Unlock()
	}
}

func (s *Server) reapLocked() {
	used := make(map[*State]bool)
	for _, c := range s.conns {
		if st := c.held.Load(); st != nil {
			used[st] = true
		}
	}
	kept := s.stateDraining[:0]
	for _, st := range s.stateDraining {
		switch {
		case st == s.state.Load(): // it came back: a rollback may swap the same one in again
		case used[st] || st.copies.Load() > 0:
			kept = append(kept, st)
		default:
			close(st.drained)
		}
	}
	clear(s.stateDraining[len(kept):])
	s.stateDraining = kept
}
