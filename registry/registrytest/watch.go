package registrytest

import (
	"context"
	"errors"
	"sync"

	"github.com/weir-gateway/weir/registry"
)

// watch starts a watch and returns what it delivers and how it ends. The
// receiver takes one state at a time and is then busy until it is read again.
func (s *suite) watch() (states <-chan registry.Snapshot, ended <-chan error, stop context.CancelFunc) {
	ctx, cancel := context.WithCancel(s.ctx)
	s.Cleanup(cancel)
	delivered, done := make(chan registry.Snapshot), make(chan error, 1)
	go func() {
		done <- s.store.Watch(ctx, func(snapshot registry.Snapshot) {
			select {
			case delivered <- snapshot:
			case <-ctx.Done():
			}
		})
	}()
	return delivered, done, cancel
}

// until reads states until one is as wished for.
func (s *suite) until(states <-chan registry.Snapshot, what string, wished func(registry.Snapshot) bool) (read int) {
	s.Helper()
	for {
		select {
		case snapshot := <-states:
			read++
			if wished(snapshot) {
				return read
			}
		case <-s.ctx.Done():
			s.Fatalf("the watch never delivered %s", what)
		}
	}
}

func generation(model string) func(registry.Snapshot) uint64 {
	return func(snapshot registry.Snapshot) uint64 {
		if traffic := snapshot.Models[model].Traffic; traffic != nil {
			return traffic.Generation
		}
		return 0
	}
}

func watchDeliversAtOnce(s *suite) {
	empty, _, stop := s.watch()
	if read := s.until(empty, "an empty state", func(registry.Snapshot) bool { return true }); read != 1 {
		s.Errorf("%d states read", read)
	}
	stop()
	s.register("flights", "1")
	want := s.commit(whole("flights", "1"), 0)
	states, _, _ := s.watch()
	s.until(states, "the state", func(first registry.Snapshot) bool {
		s.same("first delivery", first.Models["flights"].Traffic, &want)
		return true
	})
}

func watchDeliversChanges(s *suite) {
	states, _, _ := s.watch()
	s.register("flights", "1")
	s.until(states, "a new version", func(state registry.Snapshot) bool { return len(state.Models["flights"].Versions) == 1 })
	for i := range uint64(5) {
		s.commit(whole("flights", "1"), i)
		s.until(states, "a new generation", func(state registry.Snapshot) bool { return generation("flights")(state) == i+1 })
	}
}

func watchCoalesces(s *suite) {
	const changes = 50
	s.register("flights", "1")
	states, _, _ := s.watch()
	// The receiver is busy: nobody reads states now.
	for i := range uint64(changes) {
		s.commit(whole("flights", "1"), i)
	}
	read := s.until(states, "the newest state", func(state registry.Snapshot) bool { return generation("flights")(state) == changes })
	if read > changes/2 {
		s.Errorf("%d states for %d changes while the receiver was busy; it should get the newest", read, changes)
	}
}

func watchNeverGoesBack(s *suite) {
	const changes = 100
	s.register("flights", "1")
	states, _, _ := s.watch()
	var writer sync.WaitGroup
	writer.Go(func() {
		for i := range uint64(changes) {
			if _, err := s.store.Commit(s.ctx, whole("flights", "1"), i); err != nil {
				s.Error(err)
				return
			}
		}
	})
	// A watch may deliver a change before its writer learns of it.
	defer writer.Wait()
	var last uint64
	s.until(states, "the newest state", func(state registry.Snapshot) bool {
		g := generation("flights")(state)
		if g < last {
			s.Errorf("generation %d was delivered after %d", g, last)
		}
		last = g
		return g == changes
	})
}

func watchEndsWithContext(s *suite) {
	states, ended, stop := s.watch()
	<-states
	stop()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			s.Errorf("the watch ended with %v, want the context's error", err)
		}
	case <-s.ctx.Done():
		s.Fatal("the watch did not end with its context")
	}
}

func watchEndsWithStore(s *suite) {
	states, ended, _ := s.watch()
	<-states
	s.must(s.store.Close())
	for {
		select {
		case <-states: // one may have been on its way
		case err := <-ended:
			if !errors.Is(err, registry.ErrClosed) {
				s.Errorf("the watch ended with %v, want closed", err)
			}
			return
		case <-s.ctx.Done():
			s.Fatal("the watch did not end with its store")
		}
	}
}
