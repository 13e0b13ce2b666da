package registrytest

import (
	"errors"
	"fmt"

	"github.com/weir-gateway/weir/registry"
)

func historyOnlyGrows(s *suite) {
	s.register("flights", "1", "2")
	var want []registry.Traffic
	for i := range uint64(6) {
		stored := s.commit(canary("flights", "1", "2", registry.Weight(i)), i)
		want = append([]registry.Traffic{stored}, want...)
		s.same("history", s.history("flights", 0), want)
	}
}

func historyIsLimited(s *suite) {
	s.register("flights", "1", "2")
	s.same("history before traffic", s.history("flights", 0), []registry.Traffic{})
	for i := range uint64(5) {
		s.commit(canary("flights", "1", "2", registry.Weight(i)), i)
	}
	all := s.history("flights", 0)
	for limit := -1; limit <= 7; limit++ {
		want := all
		if limit > 0 && limit < len(all) {
			want = all[:limit]
		}
		s.same(fmt.Sprintf("history limited to %d", limit), s.history("flights", limit), want)
	}
	if _, err := s.store.History(s.ctx, "nobody", 0); !errors.Is(err, registry.ErrNotFound) {
		s.Errorf("history of an unknown model: error %v, want not found", err)
	}
}

// longHistoryStaysWhole goes past what a store may keep in one place.
func longHistoryStaysWhole(s *suite) {
	const long = 300
	s.register("flights", "1", "2")
	for i := range uint64(long) {
		next := canary("flights", "1", "2", registry.Weight(i))
		next.Reason = fmt.Sprint("change ", i+1)
		s.commit(next, i)
	}
	for _, limit := range []int{0, 1, long - 1, long, long + 1} {
		history := s.history("flights", limit)
		want := long
		if limit > 0 {
			want = min(limit, long)
		}
		if len(history) != want {
			s.Fatalf("limit %d: %d generations, want %d", limit, len(history), want)
		}
		for i, traffic := range history {
			if g := uint64(long - i); traffic.Generation != g || traffic.Reason != fmt.Sprint("change ", g) || traffic.Model != "flights" {
				s.Fatalf("limit %d: entry %d is generation %d %q", limit, i, traffic.Generation, traffic.Reason)
			}
		}
	}
}

// stateIsIsolated changes everything that it was given or gave.
func stateIsIsolated(s *suite) {
	s.register("flights", "1", "2", "3")
	given := canary("flights", "1", "2", 5_0000)
	given.Shadows = []registry.Shadow{{Version: "3", Sample: 1}}
	given.Standby = []string{}
	given.Evidence = []byte(`{"a":1}`)
	returned := s.commit(given, 0)
	v := version("flights", "4")
	stored, err := s.store.Register(s.ctx, v)
	s.must(err)

	want, wantHistory := s.snapshot(), s.history("flights", 0)
	spoilTraffic := func(t *registry.Traffic) {
		t.Arms[0] = registry.Arm{Version: "spoilt"}
		t.Shadows[0].Version = "spoilt"
		copy(t.Evidence, `{"b":2}`)
	}
	spoilVersion := func(v registry.Version) { v.Endpoints[0] = "spoilt"; v.Params["l2"] = "spoilt" }
	spoilTraffic(&given)
	spoilTraffic(&returned)
	spoilVersion(v)
	spoilVersion(stored)
	snapshot := s.snapshot()
	spoilTraffic(snapshot.Models["flights"].Traffic)
	spoilVersion(snapshot.Models["flights"].Versions[0])
	delete(snapshot.Models, "flights")
	history := s.history("flights", 0)
	spoilTraffic(&history[0])

	s.same("state", s.snapshot(), want)
	s.same("history", s.history("flights", 0), wantHistory)
}
