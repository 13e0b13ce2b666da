package consul

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/weir-gateway/weir/registry"
)

var _ registry.Elector = (*Store)(nil)

// errDeposed is what a fenced write gets once its session holds the lead no more.
var errDeposed = fmt.Errorf("nothing was changed, because another gateway may run rollouts by now: %w", registry.ErrNotLeader)

// lockDelay keeps the lock from the next leader after a session was lost. Consul's
// usual 15 s are there for writes without a fence; ours have one.
const lockDelay = time.Millisecond

// fence adds to a transaction that the session must hold the lead; "": it need not.
func (s *Store) fence(ops api.KVTxnOps, session string) api.KVTxnOps {
	if session == "" {
		return ops
	}
	return append(ops, &api.KVTxnOp{Verb: api.KVCheckSession, Key: s.keys.leader(), Session: session})
}

// fenced tells whether the fence, at the place of the transaction, has failed.
func fenced(answer *api.KVTxnResponse, place int) bool {
	if answer != nil {
		for _, e := range answer.Errors {
			if e.OpIndex == place {
				return true
			}
		}
	}
	return false
}

// Leader implements [registry.Elector]. Without a campaign it knows of nobody.
func (s *Store) Leader() (registry.Replica, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leader, s.leader.Name != ""
}

func (s *Store) follows(leader registry.Replica) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leader = leader
}

// Campaign implements [registry.Elector].
func (s *Store) Campaign(ctx context.Context, me registry.Replica, lead func(context.Context, registry.Store)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	told := ""
	for failures := 0; ; failures++ {
		began := time.Now()
		err := s.stand(ctx, me, lead)
		s.follows(registry.Replica{})
		if ended := s.usable(ctx); ended != nil {
			return ended
		}
		if time.Since(began) > s.opts.SessionTTL {
			failures, told = 0, "" // it had gone well for a while
		}
		if err != nil && err.Error() != told {
			told = err.Error()
			s.log.Warn("this gateway does not stand for leader; trying again", "error", err)
		}
		s.pauseFor(ctx, pause(failures, random))
	}
}

// stand has one session, and returns once that is lost.
func (s *Store) stand(ctx context.Context, me registry.Replica, lead func(context.Context, registry.Store)) error {
	value, err := json.Marshal(me)
	if err != nil {
		return err
	}
	session, began, err := s.session(ctx, "weir "+me.Name)
	if err != nil {
		return err
	}
	defer s.goodbye(ctx, session)
	alive, expire := context.WithCancelCause(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		s.renew(alive, expire, session, began)
	}()
	defer func() { <-renewed }()
	defer expire(context.Canceled)
	if err := s.await(alive, session, value); err != nil {
		if alive.Err() != nil {
			err = context.Cause(alive)
		}
		return err
	}
	s.log.Info("this gateway runs rollouts now", "name", me.Name)
	s.follows(me)
	lead(alive, &term{Store: s, session: session, deposed: func() { expire(errDeposed) }})
	<-alive.Done()
	return context.Cause(alive)
}

// session makes a session, and says when it was asked for.
func (s *Store) session(ctx context.Context, name string) (id string, began time.Time, err error) {
	began = time.Now()
	asked, done := s.request(ctx, s.opts.Timeout)
	defer done()
	id, _, err = s.client.Session().CreateNoChecks(&api.SessionEntry{
		Name: name, TTL: s.opts.SessionTTL.String(), LockDelay: lockDelay, Behavior: api.SessionBehaviorRelease,
	}, (&api.WriteOptions{}).WithContext(asked))
	if err != nil {
		return "", began, fmt.Errorf("a session can't be made (the token needs session:write, too): %w", s.explain(ctx, err))
	}
	return id, began, nil
}

// await returns once the session holds the lead.
func (s *Store) await(ctx context.Context, session string, value []byte) error {
	var index uint64
	for {
		bounded, done := s.request(ctx, s.opts.Timeout+s.opts.Wait+s.opts.Wait/16)
		pair, meta, err := s.client.KV().Get(s.keys.leader(), (&api.QueryOptions{WaitIndex: index, WaitTime: s.opts.Wait}).WithContext(bounded))
		done()
		if err != nil {
			return s.explain(ctx, err)
		}
		index = following(index, meta.LastIndex)
		if pair != nil && pair.Session != "" {
			var leader registry.Replica
			if json.Unmarshal(pair.Value, &leader) == nil {
				s.follows(leader)
			}
			continue
		}
		s.follows(registry.Replica{})
		bounded, done = s.request(ctx, s.opts.Timeout)
		won, _, err := s.client.KV().Acquire(&api.KVPair{Key: s.keys.leader(), Value: value, Session: session}, (&api.WriteOptions{}).WithContext(bounded))
		done()
		switch {
		case err != nil:
			return s.explain(ctx, err)
		case won:
			return nil
		}
		index = 0 // somebody was quicker, or the lock's delay is not over
		select {
		case <-time.After(firstPause):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// renew keeps the session until ctx ends. Consul keeps it for its TTL at least
// after a renewal was sent, so a leader that counts from there gives up before
// another is elected.
func (s *Store) renew(ctx context.Context, expire context.CancelCauseFunc, session string, kept time.Time) {
	ticker := time.NewTicker(s.opts.SessionTTL / 5)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		sent := time.Now()
		left := s.opts.SessionTTL - sent.Sub(kept)
		bounded, done := s.request(ctx, min(s.opts.Timeout, max(left, time.Millisecond)))
		entry, _, err := s.client.Session().Renew(session, (&api.WriteOptions{}).WithContext(bounded))
		done()
		switch {
		case err == nil && entry == nil:
			expire(errors.New("consul has ended the session"))
			return
		case err == nil:
			kept = sent
		case time.Since(kept) >= s.opts.SessionTTL:
			expire(fmt.Errorf("the session could not be renewed for %s: %w", s.opts.SessionTTL, err))
			return
		}
	}
}

// goodbye gives the lead back, so that the next leader need not wait for the
// session's end. It is a courtesy: what fails, the session's TTL mends.
func (s *Store) goodbye(ctx context.Context, session string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.opts.Timeout)
	defer cancel()
	opts := (&api.WriteOptions{}).WithContext(ctx)
	if _, err := s.client.Session().Destroy(session, opts); err != nil {
		s.log.Debug("a session could not be ended; its TTL ends it", "error", err)
	}
}

// term is the store of one leader. Reads are the store's own.
type term struct {
	*Store
	session string
	deposed func()
}

// Commit is [Store.Commit], fenced.
func (t *term) Commit(ctx context.Context, next registry.Traffic, expect uint64) (registry.Traffic, error) {
	stored, err := t.commit(ctx, next, expect, t.session)
	if errors.Is(err, registry.ErrNotLeader) {
		t.deposed()
	}
	return stored, err
}

// PutRollout is [Store.PutRollout], fenced.
func (t *term) PutRollout(ctx context.Context, model string, doc []byte) error {
	err := t.keepRollout(ctx, model, doc, t.session)
	if errors.Is(err, registry.ErrNotLeader) {
		t.deposed()
	}
	return err
}
