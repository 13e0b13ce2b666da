package access

import (
	"sync"
	"time"
)

// maxKeys bounds what a Limiter remembers. Beyond it, those it does not know
// share one allowance.
const maxKeys = 4096

// Limiter allows everybody the same number of actions a minute, all at once or
// spread out (the generic cell rate algorithm: one time a key).
type Limiter struct {
	every time.Duration // of one action; 0: no limit
	now   func() time.Time

	mu   sync.Mutex
	keys map[string]*allowance
}

type allowance struct {
	used    time.Time // until when what was done uses the allowance up
	refused bool      // the last action was
}

// NewLimiter makes a limiter of so many actions a minute; 0 is no limit.
func NewLimiter(perMinute int, now func() time.Time) *Limiter {
	l := &Limiter{now: now, keys: map[string]*allowance{}}
	if perMinute > 0 {
		l.every = time.Minute / time.Duration(perMinute)
	}
	return l
}

// Take uses one action of key's allowance. Where there is none left, it says how
// long to wait, and whether this is the first refusal since one was granted.
func (l *Limiter) Take(key string) (wait time.Duration, first bool) {
	if l.every == 0 {
		return 0, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	a := l.of(key, now)
	if a.used.Before(now) {
		a.used = now
	}
	next := a.used.Add(l.every)
	if wait := next.Sub(now) - time.Minute; wait > 0 {
		first, a.refused = !a.refused, true
		return wait, first
	}
	a.used, a.refused = next, false
	return 0, false
}

func (l *Limiter) of(key string, now time.Time) *allowance {
	if a := l.keys[key]; a != nil {
		return a
	}
	if len(l.keys) >= maxKeys {
		for known, a := range l.keys {
			if a.used.Before(now) {
				delete(l.keys, known)
			}
		}
	}
	if len(l.keys) >= maxKeys {
		key = "" // nobody's own
		if a := l.keys[key]; a != nil {
			return a
		}
	}
	a := new(allowance)
	l.keys[key] = a
	return a
}
