package file

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/weir-gateway/weir/registry"
)

// Options adjust a store. The zero value is ready for use.
type Options struct {
	Logger *slog.Logger     // nil: nothing is logged
	Now    func() time.Time // clock for generations and registrations; nil: time.Now
	// Poll is how often the folder is looked at besides being watched; 0: 2 s.
	Poll time.Duration
	// Settle is how long a document that cannot be read may take to become
	// readable before it is reported, as while an editor writes; 0: 100 ms.
	Settle time.Duration

	blind bool // for tests: only look, don't watch
}

// Store is a [registry.Store] in a folder. Several stores, in one process or in
// several, may share the folder.
type Store struct {
	dir    string
	opts   Options
	log    *slog.Logger
	create func(dir, pattern string) (tempFile, error) // os.CreateTemp but for tests of failing disks

	// turn is held while documents are read or written, so that what is read
	// is published before anything newer can be. Taken before the lock.
	turn chan struct{}
	lock dirLock

	mu      sync.Mutex
	entries map[string]*entry
	changed chan struct{} // closed and replaced at every visible change

	ctx  context.Context // ends at Close
	stop context.CancelFunc
	done sync.WaitGroup
}

var _ registry.Store = (*Store)(nil)

// entry is what is known about one model.
type entry struct {
	doc     *document         // last good content, never changed once here; nil: none yet
	problem *registry.Problem // why the file is not what doc says
	// The rest belongs to whoever holds the turn.
	seen     stamp  // the file that was read last
	bad      bool   // it was unreadable, perhaps too short a while to be a problem
	waiting  int    // how many looks, the settling time apart, found it so
	settling string // what the last of them found, as a digest
}

// Open opens the folder and creates it where it does not exist. Documents that
// cannot be read are problems in the snapshot, not errors.
func Open(dir string, opts Options) (*Store, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Poll <= 0 {
		opts.Poll = 2 * time.Second
	}
	if opts.Settle <= 0 {
		opts.Settle = 100 * time.Millisecond
	}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("registry/file: open: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	s := &Store{
		dir: dir, opts: opts, log: opts.Logger.With("registry", dir), create: createTemp,
		turn: make(chan struct{}, 1), lock: dirLock{path: filepath.Join(dir, ".lock")},
		entries: map[string]*entry{}, changed: make(chan struct{}),
		ctx: ctx, stop: stop,
	}
	s.clean()
	// The watch comes before the first look, or a change between would be lost.
	w := s.newWatcher()
	if _, err := s.look(ctx, atOnce); err != nil {
		w.close()
		stop()
		return nil, fmt.Errorf("registry/file: open: %w", err)
	}
	s.done.Go(func() {
		w.run(ctx)
	})
	return s, nil
}

// Close ends every watch and waits for the store's own goroutine and for a
// write that is under way. It may be called again.
func (s *Store) Close() error {
	s.stop()
	s.done.Wait()
	s.turn <- struct{}{}
	<-s.turn
	return nil
}

// Snapshot returns the last good content of every model, and the problems.
func (s *Store) Snapshot(ctx context.Context) (registry.Snapshot, error) {
	if err := s.usable(ctx); err != nil {
		return registry.Snapshot{}, err
	}
	snapshot, _ := s.snapshot()
	return snapshot, nil
}

// Watch implements [registry.Store].
func (s *Store) Watch(ctx context.Context, deliver func(registry.Snapshot)) error {
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

// snapshot also returns the channel that closes when it is out of date.
func (s *Store) snapshot() (registry.Snapshot, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	snapshot := registry.Snapshot{Models: make(map[string]registry.Model, len(s.entries))}
	for _, name := range slices.Sorted(maps.Keys(s.entries)) {
		e := s.entries[name]
		if e.doc != nil {
			snapshot.Models[name] = e.doc.model.Clone()
		}
		if e.problem != nil {
			problem := *e.problem
			snapshot.Problems = append(snapshot.Problems, &problem)
		}
	}
	return snapshot, s.changed
}

// publish makes the state of one model visible.
func (s *Store) publish(name string, doc *document, problem *registry.Problem) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[name]
	same := e.doc == doc && (e.problem == nil) == (problem == nil) && (problem == nil || e.problem.Error() == problem.Error())
	e.doc, e.problem = doc, problem
	if !same {
		close(s.changed)
		s.changed = make(chan struct{})
	}
}

// entry finds or makes the entry of a model.
func (s *Store) entry(name string) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[name]
	if e == nil {
		e = &entry{}
		s.entries[name] = e
	}
	return e
}

// drop forgets a model of which nothing good is known.
func (s *Store) drop(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[name]
	if e == nil || e.doc != nil {
		return
	}
	delete(s.entries, name)
	if e.problem != nil {
		close(s.changed)
		s.changed = make(chan struct{})
	}
}

// document is the last good content of a model, or nil.
func (s *Store) document(name string) *document {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[name]; e != nil {
		return e.doc
	}
	return nil
}

// usable is the error of an ended context or a closed store.
func (s *Store) usable(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.ctx.Err() != nil {
		return fmt.Errorf("registry/file: %w", registry.ErrClosed)
	}
	return nil
}

// take waits for the turn.
func (s *Store) take(ctx context.Context) (give func(), err error) {
	if err := s.usable(ctx); err != nil {
		return nil, err
	}
	select {
	case s.turn <- struct{}{}:
		return func() { <-s.turn }, nil
	case <-ctx.Done():
	case <-s.ctx.Done():
	}
	return nil, s.usable(ctx)
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name+suffix) }

// isGone reports whether a file or folder is not there.
func isGone(err error) bool { return errors.Is(err, os.ErrNotExist) }
