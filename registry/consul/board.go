package consul

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/weir-gateway/weir/registry"
)

var _ registry.Board = (*Store)(nil)

// errAbsent is what Post gets while the process has no session.
var errAbsent = errors.New("this gateway has no session with consul now; it is put up once there is one")

// board is this process's part of the notices.
type board struct {
	writing sync.Mutex // held while a notice is written, so that an older one never comes after a newer

	mu      sync.Mutex
	me      registry.Replica
	process string            // "": nobody attends
	session string            // "": none now
	docs    map[string][]byte // by topic, as last posted
}

// notice is the value of a key: its process is the key's, and whether it is
// alive is whether its session holds the key.
type notice struct {
	Replica registry.Replica `json:"replica"`
	Doc     json.RawMessage  `json:"doc"`
}

// Attend implements [registry.Board].
func (s *Store) Attend(ctx context.Context, me registry.Replica, process string) error {
	if err := registry.ValidateName("process", process); err != nil {
		return fmt.Errorf("registry/consul: attend: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	s.board.mu.Lock()
	s.board.me, s.board.process = me, process
	s.board.mu.Unlock()
	defer func() {
		s.board.mu.Lock()
		defer s.board.mu.Unlock()
		s.board.process, s.board.docs = "", nil
	}()
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	former, told := "", ""
	for failures := 0; ; failures++ {
		began := time.Now()
		err := s.attend(ctx, me, &former)
		if ended := s.usable(ctx); ended != nil {
			return ended
		}
		if time.Since(began) > s.opts.SessionTTL {
			failures, told = 0, ""
		}
		if err != nil && err.Error() != told {
			told = err.Error()
			s.log.Warn("the other gateways can't be told of this one; trying again", "error", err)
		}
		s.pauseFor(ctx, pause(failures, random))
	}
}

// attend has one session, and returns once that is lost. The former one, which
// Consul may still have, would keep the notices to itself.
func (s *Store) attend(ctx context.Context, me registry.Replica, former *string) error {
	if *former != "" {
		s.goodbye(ctx, *former)
	}
	session, began, err := s.session(ctx, "weir "+me.Name+", its notices")
	if err != nil {
		return err
	}
	*former = session
	defer s.goodbye(ctx, session)
	alive, expire := context.WithCancelCause(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		s.renew(alive, expire, session, began)
	}()
	defer func() { <-renewed }()
	defer expire(context.Canceled)
	defer s.present("")
	for _, topic := range s.present(session) {
		if err := s.put(alive, topic); err != nil {
			return err
		}
	}
	<-alive.Done()
	return context.Cause(alive)
}

// present notes the session, and returns the topics to be put up under it.
func (s *Store) present(session string) []string {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	s.board.session = session
	return slices.Sorted(maps.Keys(s.board.docs))
}

// Post implements [registry.Board].
func (s *Store) Post(ctx context.Context, topic string, doc []byte) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	if err := errors.Join(checkTopic(topic), checkNotice(doc)); err != nil {
		return fmt.Errorf("registry/consul: post: %w", err) // never kept: it would be in the way of the others
	}
	s.board.mu.Lock()
	if s.board.process != "" {
		if s.board.docs == nil {
			s.board.docs = map[string][]byte{}
		}
		s.board.docs[topic] = doc
	}
	s.board.mu.Unlock()
	return s.put(ctx, topic)
}

// put writes the notice that was posted last, and makes the session hold it.
func (s *Store) put(ctx context.Context, topic string) error {
	s.board.writing.Lock()
	defer s.board.writing.Unlock()
	s.board.mu.Lock()
	me, process, session, doc := s.board.me, s.board.process, s.board.session, s.board.docs[topic]
	s.board.mu.Unlock()
	switch {
	case session == "":
		return fmt.Errorf("registry/consul: post %s: %w", topic, errAbsent)
	case doc == nil:
		return nil // struck meanwhile
	}
	value, err := encode("notice", notice{Replica: me, Doc: doc})
	if err != nil {
		return fmt.Errorf("registry/consul: post %s: %w", topic, err)
	}
	bounded, done := s.request(ctx, s.opts.Timeout)
	defer done()
	held, _, err := s.client.KV().Acquire(&api.KVPair{Key: s.keys.notice(topic, process), Value: value, Session: session}, (&api.WriteOptions{}).WithContext(bounded))
	switch {
	case err != nil:
		return fmt.Errorf("registry/consul: post %s: %w", topic, s.explain(ctx, err))
	case !held:
		return fmt.Errorf("registry/consul: post %s: another session holds the notice still; it ends by itself", topic)
	}
	return nil
}

// Notices implements [registry.Board].
func (s *Store) Notices(ctx context.Context, topic string) ([]registry.Notice, error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	if err := checkTopic(topic); err != nil {
		return nil, fmt.Errorf("registry/consul: notices: %w", err)
	}
	s.mu.Lock()
	lost := s.lost
	s.mu.Unlock()
	if lost != nil {
		return nil, fmt.Errorf("registry/consul: notices about %s: %w", topic, lost) // nobody is to wait for it
	}
	pairs, err := s.list(ctx, s.keys.notices(topic))
	if err != nil {
		return nil, fmt.Errorf("registry/consul: notices about %s: %w", topic, s.explain(ctx, err))
	}
	var all []registry.Notice
	for _, pair := range pairs {
		process := strings.TrimPrefix(pair.Key, s.keys.notices(topic))
		var n notice
		if strings.Contains(process, "/") || json.Unmarshal(pair.Value, &n) != nil {
			continue // of another topic, or by another hand
		}
		all = append(all, registry.Notice{Replica: n.Replica, Process: process, Alive: pair.Session != "", Doc: n.Doc})
	}
	return all, nil
}

// Strike implements [registry.Board].
func (s *Store) Strike(ctx context.Context, topic, process string) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	if err := errors.Join(checkTopic(topic), registry.ValidateName("process", process)); err != nil {
		return fmt.Errorf("registry/consul: strike: %w", err)
	}
	s.board.writing.Lock()
	defer s.board.writing.Unlock()
	s.board.mu.Lock()
	if process == s.board.process {
		delete(s.board.docs, topic)
	}
	s.board.mu.Unlock()
	bounded, done := s.request(ctx, s.opts.Timeout)
	defer done()
	if _, err := s.client.KV().Delete(s.keys.notice(topic, process), (&api.WriteOptions{}).WithContext(bounded)); err != nil {
		return fmt.Errorf("registry/consul: strike the notice about %s: %w", topic, s.explain(ctx, err))
	}
	return nil
}

func checkTopic(topic string) error {
	for part := range strings.SplitSeq(topic, "/") {
		if err := registry.ValidateName("topic", part); err != nil {
			return err
		}
	}
	return nil
}

// maxNotice leaves room for who says it in what a value may have.
const maxNotice = maxValue - 4<<10

func checkNotice(doc []byte) error {
	if len(doc) > maxNotice || !json.Valid(doc) {
		return &registry.FieldError{Field: "notice", Reason: fmt.Sprintf("is not JSON of at most %d bytes", maxNotice)}
	}
	return nil
}

// pauseFor returns after so long, or when ctx ends.
func (s *Store) pauseFor(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
