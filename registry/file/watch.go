package file

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// watcher notices what others write into the folder.
type watcher struct {
	store *Store
	// notify is nil where the system has no watches left; polling goes on.
	notify *fsnotify.Watcher
}

func (s *Store) newWatcher() *watcher {
	w := &watcher{store: s}
	if s.opts.blind {
		return w
	}
	notify, err := fsnotify.NewWatcher()
	if err == nil {
		err = notify.Add(s.dir)
	}
	if err != nil {
		s.log.Warn("the registry folder cannot be watched; it is looked at now and then", "every", s.opts.Poll, "err", err)
		if notify != nil {
			_ = notify.Close() // it watches nothing
		}
		return w
	}
	w.notify = notify
	return w
}

func (w *watcher) close() {
	if w.notify != nil {
		_ = w.notify.Close() // nobody reads it any more
	}
}

// run looks at the folder after each event and at every poll until ctx ends.
func (w *watcher) run(ctx context.Context) {
	defer w.close()
	poll := time.NewTicker(w.store.opts.Poll)
	defer poll.Stop()
	var events chan fsnotify.Event
	var failures chan error
	if w.notify != nil {
		events, failures = w.notify.Events, w.notify.Errors
	}
	var settled <-chan time.Time // nil: nothing is waited for
	for {
		haste := patient
		select {
		case <-ctx.Done():
			return
		case event := <-events:
			if !w.concerns(event) {
				continue
			}
		case err := <-failures:
			// Lost events, for instance: what they said is looked up below.
			w.store.log.Warn("watching the registry folder", "err", err)
		case <-poll.C:
			w.renew()
		case <-settled:
			haste, settled = elapsed, nil
		}
		again, err := w.store.look(ctx, haste)
		if err != nil && ctx.Err() == nil {
			w.store.log.Warn("the registry folder cannot be read", "err", err)
		}
		// Further events do not put the time off: a writer may never stop.
		if again && settled == nil {
			settled = time.After(w.store.opts.Settle)
		}
	}
}

// concerns reports whether an event may be about a document. Temporary files
// of writers and editors are not worth a look.
func (w *watcher) concerns(event fsnotify.Event) bool {
	name := filepath.Base(event.Name)
	isDocument := strings.HasSuffix(name, suffix) && !strings.HasPrefix(name, ".")
	return (isDocument || name == filepath.Base(w.store.dir)) && event.Op != fsnotify.Chmod
}

// renew watches the folder again, in case it was moved away and another put in
// its place, as some deployments do. It costs nothing where it is watched.
func (w *watcher) renew() {
	if w.notify != nil {
		// An error means that there is no folder now; the look reports that.
		_ = w.notify.Add(w.store.dir)
	}
}
