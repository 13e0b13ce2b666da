package consul

import (
	"context"
	"time"

	"github.com/hashicorp/consul/api"
)

// query are the options of a read outside the watch.
func query(ctx context.Context) *api.QueryOptions { return (&api.QueryOptions{}).WithContext(ctx) }

// list reads all keys under a prefix.
func (s *Store) list(ctx context.Context, prefix string) (api.KVPairs, error) {
	ctx, cancel := s.request(ctx, s.opts.Timeout)
	defer cancel()
	pairs, meta, err := s.client.KV().List(prefix, query(ctx))
	if err == nil {
		err = fresh(meta)
	}
	return pairs, err
}

// get reads one key; nil: there is none. While Consul is known to be lost it
// fails at once: whoever looks at an outage asks for many things.
func (s *Store) get(ctx context.Context, key string) (*api.KVPair, error) {
	s.mu.Lock()
	lost := s.lost
	s.mu.Unlock()
	if lost != nil {
		return nil, lost
	}
	ctx, cancel := s.request(ctx, s.opts.Timeout)
	defer cancel()
	pair, meta, err := s.client.KV().Get(key, query(ctx))
	if err == nil {
		err = fresh(meta)
	}
	return pair, err
}

// create writes a key unless it is there, and says whether it did.
func (s *Store) create(ctx context.Context, key string, value []byte) (created bool, err error) {
	ctx, cancel := s.request(ctx, s.opts.Timeout)
	defer cancel()
	created, _, err = s.client.KV().CAS(&api.KVPair{Key: key, Value: value}, (&api.WriteOptions{}).WithContext(ctx))
	return created, err
}

// persist repeats a write until it is done, refused, or its patience ends. The
// write is such that a repetition does no harm: it looks first at what the one
// before has left. Where nobody listens it fails at once, so that a person
// learns it at once.
func (s *Store) persist(ctx context.Context, write func() (done bool, err error)) error {
	patience := time.NewTimer(writePatience)
	defer patience.Stop()
	wait := firstPause
	for {
		done, err := write()
		if done {
			return err
		}
		// err is nil where somebody else was quicker: look again.
		if err != nil && fateOf(err) != unknown {
			return s.explain(ctx, err)
		}
		if err := s.usable(ctx); err != nil {
			return err
		}
		if err == nil {
			wait = firstPause / 10
		}
		select {
		case <-time.After(wait):
			wait = min(2*wait, mostPause)
		case <-patience.C:
			if err == nil {
				err = errBusy
			}
			return s.explain(ctx, err)
		case <-ctx.Done():
			return ctx.Err()
		case <-s.ctx.Done():
			return s.usable(ctx)
		}
	}
}
