package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/weir-gateway/weir/registry"
)

// haste says how long a document may be unreadable before it is a problem.
type haste uint8

const (
	atOnce  haste = iota // not at all: the folder is being opened
	patient              // it may have just been begun: look again after Options.Settle
	elapsed              // that time has passed since the last such look
)

// patience is how many looks, Options.Settle apart, a document may be
// unreadable in a new way each time, as when it is written slowly.
const patience = 50

// lockWait bounds how long anybody waits for another process's lock.
const lockWait = 10 * time.Second

// acquire takes the lock of the folder.
func (s *Store) acquire(ctx context.Context) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, lockWait)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	return s.lock.acquire(ctx)
}

// look reads every document that changed and publishes what came of it. It asks
// for another look after Options.Settle where a document needs time.
func (s *Store) look(ctx context.Context, haste haste) (again bool, err error) {
	give, err := s.take(ctx)
	if err != nil {
		return false, err
	}
	defer give()
	names, problems, err := s.names()
	if err != nil {
		return false, err
	}
	for _, name := range names {
		if problem, bad := problems[name]; bad {
			s.entry(name)
			s.publish(name, nil, problem)
			continue
		}
		again = s.read(ctx, name, haste, false) || again
	}
	return again, nil
}

// names lists the models that have a file or are known. A file whose name no
// model can have is a problem and not silently passed over.
func (s *Store) names() (names []string, problems map[string]*registry.Problem, err error) {
	files, err := os.ReadDir(s.dir)
	if err != nil && !isGone(err) {
		return nil, nil, err
	}
	problems = map[string]*registry.Problem{}
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), suffix)
		if !ok || f.IsDir() || strings.HasPrefix(name, ".") {
			continue
		}
		names = append(names, name)
		if err := registry.ValidateName("file name", name); err != nil {
			problems[name] = &registry.Problem{Place: s.path(name), Err: fmt.Errorf("%w; rename the file", err)}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.entries {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, problems, nil
}

// read looks at one model's file. The caller holds the turn, and the lock too
// where locked is set. It reports whether to look again soon.
func (s *Store) read(ctx context.Context, name string, haste haste, locked bool) (again bool) {
	e := s.entry(name)
	data, seen, err := s.load(name, e)
	switch {
	case err == nil && seen.info == nil && e.doc == nil:
		s.drop(name)
		return false
	case err == nil && seen.info == nil:
		err = errors.New("the file is gone; put it back, or the next change by command does; deleting a file never removes a model")
	case err == nil && !e.bad && e.seen.info != nil && seen.sum == e.seen.sum:
		e.seen = seen
		return false
	}
	e.seen = seen
	if err == nil {
		var doc *document
		if doc, e.seen, err = s.takeOver(ctx, name, data, seen, locked); err == nil {
			e.bad, e.waiting = false, 0
			s.publish(name, doc, nil)
			return false
		}
	}
	if e.problem == nil && e.wait(haste, seen) {
		return true
	}
	problem := s.problem(name, data, err)
	if e.problem == nil {
		s.log.Warn("a registry document is not taken over", "model", name, "problem", problem.Error())
	}
	s.publish(name, e.doc, problem)
	return false
}

// wait reports whether a document that cannot be read may yet become readable:
// unless two looks, the settling time apart, found it with the same content.
func (e *entry) wait(haste haste, seen stamp) bool {
	unchanged := e.waiting > 0 && e.settling == seen.sum
	e.bad = true
	switch {
	case haste == atOnce:
		return false
	case haste == elapsed && (unchanged || e.waiting >= patience):
		return false
	case haste == elapsed:
		e.waiting++
		e.settling = seen.sum
	}
	return true
}

// load reads a model's file unless it is surely the one seen before. A file
// that does not exist has an empty stamp and no error.
func (s *Store) load(name string, e *entry) ([]byte, stamp, error) {
	f, err := os.Open(s.path(name))
	if isGone(err) {
		return nil, stamp{}, nil
	}
	if err != nil {
		return nil, stamp{}, err
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, stamp{}, err
	}
	if !e.bad && e.seen.matches(info) {
		return nil, e.seen, nil
	}
	if info.Size() > maxSize {
		return nil, stamp{info: info}, fmt.Errorf("the file has %d bytes, more than the %d that are read", info.Size(), maxSize)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSize))
	if err != nil {
		return nil, stamp{info: info}, err
	}
	seen := stamp{info: info, sum: digest(data), racy: s.opts.Now().Sub(info.ModTime()) < clockStep}
	// Some editors begin with a byte order mark.
	return bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), seen, nil
}

// takeOver makes a document of what stands in the file, and writes the file
// anew where a person's edit has to be recorded in it.
func (s *Store) takeOver(ctx context.Context, name string, data []byte, seen stamp, locked bool) (*document, stamp, error) {
	doc, notes, err := s.understand(name, data)
	if err != nil || len(notes) == 0 {
		return doc, seen, err
	}
	if !locked {
		release, err := s.acquire(ctx)
		if err != nil {
			return nil, seen, fmt.Errorf("an edit by hand cannot be recorded: %w", err)
		}
		defer release()
		// Another store may have recorded it while this one waited.
		if data, seen, err = s.load(name, &entry{}); err != nil {
			return nil, seen, err
		}
		if doc, notes, err = s.understand(name, data); err != nil || len(notes) == 0 {
			return doc, seen, err
		}
	}
	written, err := s.write(name, doc)
	if err != nil {
		return nil, seen, fmt.Errorf("an edit by hand cannot be recorded: %w", err)
	}
	s.log.Info("a registry document was edited by hand", "model", name, "taken_over", strings.Join(notes, "; "))
	return doc, written, nil
}

// understand parses and reconciles.
func (s *Store) understand(name string, data []byte) (*document, []string, error) {
	w, o, err := parse(data)
	if err != nil {
		return nil, nil, err
	}
	r := reconciler{name: name, file: s.path(name), w: w, o: o, known: s.document(name), now: s.opts.Now()}
	doc, err := r.reconcile()
	return doc, r.notes, err
}
