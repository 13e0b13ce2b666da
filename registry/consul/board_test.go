package consul

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/registry/consul/consultest"
)

// attendant is a store whose process attends until leave, or the test's end.
type attendant struct {
	*Store
	leave func()
}

func attend(t *testing.T, address, name string) attendant {
	t.Helper()
	opts := quick(address)
	opts.SessionTTL = time.Second
	a := attendant{Store: open(t, opts)}
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { _ = a.Attend(ctx, registry.Replica{Name: name}, name+"1") }) // ends with the test
	a.leave = func() {
		cancel()
		done.Wait()
	}
	t.Cleanup(a.leave)
	return a
}

// post posts until the process has its session.
func (a attendant) post(t *testing.T, topic, doc string) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		err := a.Post(t.Context(), topic, []byte(doc))
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond) // until another goroutine has a session; decides nothing
	}
}

// reads waits until the notices about a topic are as wished.
func reads(t *testing.T, s *Store, topic, what string, wished func([]registry.Notice) bool) []registry.Notice {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		all, err := s.Notices(t.Context(), topic)
		if err == nil && wished(all) {
			return all
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: the notices are %+v, %v", what, all, err)
		}
		time.Sleep(time.Millisecond) // asks again; decides nothing
	}
}

func TestNoticesAreReadByTopicAndOutliveTheirProcess(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Config: shortSessions})
	a, b := attend(t, server.Address, "a"), attend(t, server.Address, "b")
	a.post(t, "counts/flights", `{"n":1}`)
	a.post(t, "counts/flights", `{"n":2}`)
	a.post(t, "counts/flights2", `{"n":9}`)
	b.post(t, "counts/flights", `{"n":3}`)
	all, err := b.Notices(t.Context(), "counts/flights")
	if err != nil || len(all) != 2 {
		t.Fatalf("%+v, %v", all, err)
	}
	for i, want := range []registry.Notice{
		{Replica: registry.Replica{Name: "a"}, Process: "a1", Alive: true, Doc: []byte(`{"n":2}`)},
		{Replica: registry.Replica{Name: "b"}, Process: "b1", Alive: true, Doc: []byte(`{"n":3}`)},
	} {
		if got := all[i]; got.Replica != want.Replica || got.Process != want.Process || !got.Alive || string(got.Doc) != string(want.Doc) {
			t.Errorf("notice %d is %+v, want %+v", i, got, want)
		}
	}
	a.leave()
	left := reads(t, b.Store, "counts/flights", "after a process has left", func(all []registry.Notice) bool { return !all[0].Alive })
	if string(left[0].Doc) != `{"n":2}` || !left[1].Alive {
		t.Errorf("after a process has left: %+v", left)
	}
	if err := b.Strike(t.Context(), "counts/flights", "a1"); err != nil {
		t.Fatal(err)
	}
	if all, err := b.Notices(t.Context(), "counts/flights"); err != nil || len(all) != 1 || all[0].Process != "b1" {
		t.Errorf("after a notice was struck: %+v, %v", all, err)
	}
}

func TestAProcessThatWasCutOffIsNotAliveAndComesBackWithItsNotices(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Config: shortSessions})
	link := consultest.NewLink(t, server.Address)
	a, b := attend(t, link.Address, "a"), attend(t, server.Address, "b")
	a.post(t, "routed", `{"n":1}`)
	b.post(t, "routed", `{"n":1}`)
	link.Hold(true)
	cut := reads(t, b.Store, "routed", "after the cut", func(all []registry.Notice) bool { return !all[0].Alive })
	if string(cut[0].Doc) != `{"n":1}` || !cut[1].Alive {
		t.Errorf("after the cut: %+v", cut)
	}
	if err := a.Post(t.Context(), "routed", []byte(`{"n":2}`)); err == nil {
		t.Error("a notice was put up through a cut connection")
	}
	link.Hold(false)
	back := reads(t, b.Store, "routed", "after the cut's end", func(all []registry.Notice) bool { return all[0].Alive && string(all[0].Doc) == `{"n":2}` })
	if len(back) != 2 {
		t.Errorf("after the cut's end: %+v", back)
	}
}

func TestAWipedConsulGetsTheNoticesAgain(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Config: shortSessions}) // in memory
	a := attend(t, server.Address, "a")
	a.post(t, "routed", `{"n":1}`)
	server.Kill()
	server.Start()
	reads(t, a.Store, "routed", "after the wipe", func(all []registry.Notice) bool { return len(all) == 1 && all[0].Alive })
}

func TestNoticesOfBadTopicsAndProcessesAreRefused(t *testing.T) {
	server := consultest.Start(t, consultest.Options{Config: shortSessions})
	a := attend(t, server.Address, "a")
	for _, topic := range []string{"", "a//b", "../models/m/traffic", "a b"} {
		if a.Post(t.Context(), topic, []byte(`{}`)) == nil {
			t.Errorf("a notice about %q was taken", topic)
		}
		if _, err := a.Notices(t.Context(), topic); err == nil {
			t.Errorf("notices about %q were read", topic)
		}
	}
	if a.Strike(t.Context(), "routed", "a/b") == nil {
		t.Error("a notice of process a/b was struck")
	}
	a.post(t, "routed", `{}`)
	if a.Post(t.Context(), "routed", []byte(`"`+strings.Repeat("x", maxValue)+`"`)) == nil {
		t.Error("a notice larger than Consul takes was put up")
	}
}
