package consul

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/hashicorp/consul/api"
)

const (
	firstPause = 50 * time.Millisecond
	mostPause  = 2 * time.Second
)

// follow keeps what is known up to date until the store closes.
func (s *Store) follow() {
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	var index uint64
	var failures int
	for s.ctx.Err() == nil {
		ctx, cancel := context.WithCancel(s.ctx)
		s.mu.Lock()
		s.abandon = cancel
		s.mu.Unlock()
		began := time.Now()
		next, err := s.look(ctx, index)
		cancel()
		if err == nil {
			// Something between here and Consul may not know what a blocking
			// query is, and answer at once each time.
			if next == index && time.Since(began) < firstPause {
				s.wait(firstPause)
			}
			index, failures = next, 0
			continue
		}
		if s.ctx.Err() != nil {
			return
		}
		// The next question is asked without blocking, so that the answer to it
		// tells at once that Consul is back.
		index = 0
		s.lose(err)
		s.once.Do(func() { close(s.looked) })
		s.wait(pause(failures, random))
		failures++
	}
}

// wait returns after so long, or when the store closes.
func (s *Store) wait(d time.Duration) {
	select {
	case <-time.After(d):
	case <-s.ctx.Done():
	}
}

// pause is how long to wait after so many failures in a row: doubling, and
// anything from half of that to the whole, so that many gateways don't come
// back all at once.
func pause(failures int, random *rand.Rand) time.Duration {
	full := mostPause
	if failures < 10 {
		full = min(mostPause, firstPause<<failures)
	}
	return full/2 + time.Duration(random.Int64N(int64(full/2)+1))
}

// look reads the models, where the index is not 0 once they have changed since,
// and returns the index to ask with next.
func (s *Store) look(ctx context.Context, index uint64) (next uint64, err error) {
	limit := s.opts.Timeout
	if index > 0 {
		limit += s.opts.Wait + s.opts.Wait/16
	}
	bounded, cancel := s.request(ctx, limit)
	defer cancel()
	s.mu.Lock()
	began := s.merges
	s.mu.Unlock()
	pairs, meta, err := s.client.KV().List(s.keys.models(), (&api.QueryOptions{WaitIndex: index, WaitTime: s.opts.Wait}).WithContext(bounded))
	if err == nil {
		err = fresh(meta)
	}
	if err != nil {
		return 0, s.explain(ctx, err)
	}
	s.merge(pairs, meta.LastIndex, began)
	return following(index, meta.LastIndex), nil
}

// following is the index to ask with after an answer.
func following(asked, answered uint64) uint64 {
	if answered < asked {
		return 0 // Consul was set up anew, or restored: what it counted before means nothing
	}
	return max(answered, 1) // 0 would not block
}

// request bounds a request, which also ends with the store.
func (s *Store) request(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	end := context.AfterFunc(s.ctx, cancel)
	return ctx, func() {
		end()
		cancel()
	}
}

// merge takes over an answer to a question that was asked when so many merges
// had been made.
func (s *Store) merge(pairs api.KVPairs, index, began uint64) {
	all := s.keys.parse(pairs)
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := s.lost != nil
	if changed {
		s.log.Info("consul can be read again", "lost_for", s.opts.Now().Sub(s.since))
	}
	s.lost = nil
	defer s.once.Do(func() { close(s.looked) })
	// An index below the one known means that Consul lost its past, unless
	// somebody was quicker while this answer was on its way.
	if index < s.index && began != s.merges {
		if changed {
			s.notify()
		}
		return
	}
	s.index = index
	s.merges++
	models := make(map[string]*held, len(s.models))
	var problems []error
	names := maps.Clone(all)
	for name := range s.models {
		names[name] = all[name]
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		known := s.models[name]
		next, faults := s.keys.reconcile(name, known, names[name])
		problems = append(problems, faults...)
		changed = changed || !same(known, next)
		models[name] = next
	}
	changed = changed || !slices.EqualFunc(problems, s.problems, func(a, b error) bool { return a.Error() == b.Error() })
	s.models, s.problems = models, problems
	if changed {
		s.notify()
	}
}

// same tells whether a model has nothing new.
func same(a, b *held) bool {
	if a == nil || b == nil || len(a.model.Versions) != len(b.model.Versions) {
		return a == b
	}
	return a.model.Traffic == b.model.Traffic // adopt makes another
}
