package consul

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/consul/api"

	"github.com/weir-gateway/weir/registry"
)

// Store is a [registry.Store] in Consul. Any number of stores, in any number of
// processes, may share a prefix.
type Store struct {
	opts      Options
	log       *slog.Logger
	keys      keys
	client    *api.Client
	transport *http.Transport

	mu       sync.Mutex
	models   map[string]*held
	problems []error
	lost     error         // why Consul can't be read now; nil: it can
	since    time.Time     // when it was lost
	index    uint64        // of the newest state that went into models
	merges   uint64        // counts what went into models
	changed  chan struct{} // closed and replaced at every visible change
	abandon  func()        // ends the blocking query under way

	leader registry.Replica // none: its name is empty
	board  board

	looked chan struct{} // closed once Consul was asked for the first time
	once   sync.Once     // closes it

	ctx  context.Context // ends at Close
	stop context.CancelFunc
	done sync.WaitGroup
}

var _ registry.Store = (*Store)(nil)

// errLost is in the snapshot's Lost, and in what reads return meanwhile.
var errLost = errors.New("consul can't be read")

// Open begins to follow Consul, and does not wait for it: a Consul that is down
// is no error here but the snapshot's Lost. Errors are about the options only.
func Open(opts Options) (*Store, error) {
	opts, err := opts.complete()
	if err != nil {
		return nil, fmt.Errorf("registry/consul: open: %w", err)
	}
	client, transport, err := connect(opts)
	if err != nil {
		return nil, fmt.Errorf("registry/consul: open: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Store{
		opts: opts, log: opts.Logger.With("consul", opts.Address, "prefix", opts.Prefix),
		keys: keys{opts.Prefix}, client: client, transport: transport,
		models: make(map[string]*held, len(opts.Known.Models)), changed: make(chan struct{}), abandon: func() {},
		looked: make(chan struct{}), ctx: ctx, stop: stop,
	}
	for name, model := range opts.Known.Models {
		h := &held{model: registry.Model{Name: name, Versions: model.Clone().Versions}}
		if model.Traffic != nil {
			h.adopt(*model.Traffic)
		}
		s.models[name] = h
	}
	s.done.Go(s.follow)
	return s, nil
}

// Close ends every watch and every request, and waits for the store's own
// goroutine. It may be called again.
func (s *Store) Close() error {
	s.stop()
	s.done.Wait()
	s.transport.CloseIdleConnections()
	return nil
}

// Snapshot asks Consul, or returns the last good state where Consul can't be
// read; its Lost then says why. While Consul is known to be lost it is not
// asked: whoever looks at an outage is not to wait for it.
func (s *Store) Snapshot(ctx context.Context) (registry.Snapshot, error) {
	if err := s.firstLook(ctx); err != nil {
		return registry.Snapshot{}, err
	}
	s.mu.Lock()
	lost := s.lost
	s.mu.Unlock()
	if lost == nil {
		if _, err := s.look(ctx, 0); err != nil {
			if ended := s.usable(ctx); ended != nil {
				return registry.Snapshot{}, ended
			}
			s.lose(err)
		}
	}
	snapshot, _ := s.snapshot()
	return snapshot, nil
}

// Watch implements [registry.Store]. It also delivers when Consul is lost and
// when it is back.
func (s *Store) Watch(ctx context.Context, deliver func(registry.Snapshot)) error {
	if err := s.firstLook(ctx); err != nil {
		return err
	}
	for {
		if err := s.usable(ctx); err != nil {
			return err
		}
		snapshot, changed := s.snapshot()
		deliver(snapshot)
		select {
		case <-changed:
		case <-ctx.Done():
		case <-s.ctx.Done():
		}
	}
}

// firstLook waits until Consul has been asked once, with or without an answer.
func (s *Store) firstLook(ctx context.Context) error {
	if err := s.usable(ctx); err != nil {
		return err
	}
	select {
	case <-s.looked:
		return nil
	case <-ctx.Done():
	case <-s.ctx.Done():
	}
	return s.usable(ctx)
}

// snapshot also returns the channel that closes when it is out of date.
func (s *Store) snapshot() (registry.Snapshot, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	snapshot := registry.Snapshot{
		Models: make(map[string]registry.Model, len(s.models)), Problems: slices.Clone(s.problems), Lost: s.lost,
	}
	for name, h := range s.models {
		snapshot.Models[name] = h.model.Clone()
	}
	return snapshot, s.changed
}

// held is what is known of a model; nil: nothing.
func (s *Store) held(model string) *held {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.models[model]
}

// wrote takes over what this store has just written at the index.
func (s *Store) wrote(model string, index uint64, change func(*held)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := &held{model: registry.Model{Name: model}}
	if h := s.models[model]; h != nil {
		*next = *h
	}
	change(next)
	s.models = maps.Clone(s.models) // who reads it holds no lock
	s.models[model] = next
	s.index = max(s.index, index)
	s.merges++
	s.notify()
}

// notify wakes the watches; mu is held.
func (s *Store) notify() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// lose notes that Consul can't be read, and gives up the query under way: it
// may hang on a connection that is silently cut.
func (s *Store) lose(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost == nil {
		s.since = s.opts.Now()
		s.log.Debug("consul can't be read; the last good state stays", "error", err)
		defer s.notify()
	}
	s.lost = fmt.Errorf("%w since %s: %w", errLost, s.since.UTC().Format(time.RFC3339), err)
	s.abandon()
}

// usable is the error of an ended context or a closed store.
func (s *Store) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.ctx.Err() != nil {
		return fmt.Errorf("registry/consul: %w", registry.ErrClosed)
	}
	return nil
}
