package gateway_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/registry/consul/consultest"
)

// scheduleSteps is how many things one schedule does.
const scheduleSteps = 30

// schedule does things at random to three gateways on one Consul, and keeps what
// must hold whatever happens.
type schedule struct {
	t        *testing.T
	random   *rand.Rand
	server   *consultest.Server
	alive    bool // Consul
	long     bool // with links that hang
	links    []*consultest.Link
	dirs     []string
	replicas []*running
	highest  []uint64 // generation seen at each replica

	acknowledged map[uint64]string   // what was answered: generation → stable version
	pending      []*registry.Traffic // the interim last seen at each replica
	alone        map[string]uint64   // rollbacks without Consul: reason → the generation they lie over
	answers      []answered          // every one that was looked at
	said         []string            // what was done
}

// answered is one answer: by the version, under one of the generations from one
// to the other, or, where it is not empty, by one of the rollbacks laid over them.
type answered struct {
	replica  int
	from, to uint64
	over     map[string]bool
	version  string
}

// look asks a replica and notes what it answers by.
func (s *schedule) look(i int) {
	r := s.replicas[i]
	s.unsettled(i)
	a := answered{replica: i, from: r.RoutedGeneration("m"), over: map[string]bool{}}
	s.laid(a.over, i)
	status, version, body := r.infer()
	if status != 200 {
		s.t.Errorf("replica %d answers %d: %s", i, status, body)
	}
	a.version, a.to = version, r.RoutedGeneration("m")
	s.laid(a.over, i)
	s.answers = append(s.answers, a)
	if a.from < s.highest[i] {
		s.t.Errorf("replica %d went back from generation %d to %d", i, s.highest[i], a.from)
	}
	s.highest[i] = max(s.highest[i], a.to)
}

// unsettled notes the interim at a replica. One that is gone has given way to a
// newer generation, never to the one that was gone back from.
func (s *schedule) unsettled(i int) {
	r := s.replicas[i]
	now := r.Interim("m")
	if was := s.pending[i]; was != nil && now == nil && r.RoutedGeneration("m") <= was.Generation {
		s.t.Errorf("the rollback %q at replica %d is gone, and generation %d is routed again", was.Reason, i, was.Generation)
	}
	s.pending[i] = now
}

func (s *schedule) laid(over map[string]bool, i int) {
	if t := s.replicas[i].Interim("m"); t != nil {
		over[t.Stable] = true
	}
}

// act does one thing.
func (s *schedule) act(step int) {
	i := s.random.IntN(len(s.replicas))
	r := s.replicas[i]
	ctx, cancel := context.WithTimeout(s.t.Context(), 10*time.Second)
	defer cancel()
	reason := fmt.Sprintf("step %d", step)
	switch what := s.random.IntN(20); {
	case what < 6 && r.connected(): // else it is refused after the store's patience, which other tests show
		version := fmt.Sprint(1 + s.random.IntN(3))
		s.say(step, "switch to %s at %d", version, i)
		if changed, err := r.admin.Switch(ctx, "m", version, reason); err == nil {
			s.acknowledged[changed.Traffic.Generation] = version
		}
	case what < 12:
		s.say(step, "roll back at %d", i)
		changed, err := r.admin.Rollback(ctx, "m", 0, reason)
		switch {
		case err == nil && changed.Interim:
			s.alone[reason] = changed.Traffic.Generation
		case err == nil:
			s.acknowledged[changed.Traffic.Generation] = changed.Traffic.Stable
		}
	case what < 14:
		s.say(step, "reload %d", i)
		if err := r.Reload(ctx); err != nil {
			s.t.Error(err)
		}
	case what < 16:
		s.say(step, "cut %d off", i)
		if s.long && s.random.IntN(2) == 0 {
			s.links[i].Hold(true) // nothing passes, and nobody is told: it takes timeouts to notice
		} else {
			s.links[i].Refuse(true)
		}
	case what < 18:
		s.say(step, "let %d through", i)
		s.through(i)
	case what < 19:
		s.say(step, "restart %d", i)
		r.shutDown()
		s.replicas[i] = replica(s.t, s.links[i].Address, s.dirs[i])
	default:
		s.say(step, "Consul alive: %t", !s.alive)
		if s.alive = !s.alive; s.alive {
			s.server.Start()
		} else {
			s.server.Kill()
		}
	}
}

func (s *schedule) through(i int) {
	s.links[i].Hold(false)
	s.links[i].Refuse(false)
}

func (s *schedule) say(step int, format string, args ...any) {
	s.said = append(s.said, fmt.Sprintf("%d: ", step)+fmt.Sprintf(format, args...))
}

// judge mends everything, waits until all agree, and compares what was seen with
// the history.
func (s *schedule) judge() {
	if !s.alive {
		s.server.Start()
	}
	for i := range s.links {
		s.through(i)
	}
	eventually(s.t, "agreement", func() bool {
		first := s.replicas[0].RoutedGeneration("m")
		for _, r := range s.replicas {
			if !r.connected() || r.Interim("m") != nil || r.RoutedGeneration("m") != first {
				return false
			}
		}
		return true
	})
	for i := range s.replicas {
		s.unsettled(i)
	}
	history, err := s.replicas[0].admin.History(s.t.Context(), "m", 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	live := map[uint64]registry.Traffic{}
	reasons := map[string]bool{}
	for _, g := range history.Generations {
		live[g.Generation], reasons[g.Reason] = g, true
	}
	for generation, version := range s.acknowledged {
		if live[generation].Stable != version {
			s.t.Errorf("generation %d was acknowledged with version %s, and has %q in the history", generation, version, live[generation].Stable)
		}
	}
	newest := history.Generations[0]
	for reason, over := range s.alone {
		if !reasons[reason] && newest.Generation == over {
			s.t.Errorf("the rollback %q without Consul over generation %d is lost: nothing came after it", reason, over)
		}
	}
	for _, a := range s.answers {
		ok := a.over[a.version]
		for g := a.from; g <= a.to; g++ {
			ok = ok || live[g].Stable == a.version
		}
		if !ok {
			s.t.Errorf("replica %d answered by version %q under generations %d to %d and %v, none of which has it", a.replica, a.version, a.from, a.to, a.over)
		}
	}
	for i, r := range s.replicas {
		if _, version, _ := r.infer(); version != newest.Stable || r.RoutedGeneration("m") != newest.Generation {
			s.t.Errorf("in the end replica %d answers by version %s and generation %d, not %s and %d", i, version, r.RoutedGeneration("m"), newest.Stable, newest.Generation)
		}
	}
	s.t.Logf("%d generations, %d answers, %d rollbacks without Consul", newest.Generation, len(s.answers), len(s.alone))
}

// TestWhateverHappensEveryAnswerIsOfALiveGenerationAndNothingAcknowledgedIsLost
// runs one schedule; WEIR_SCHEDULES=20 go test -run WhateverHappens -timeout 30m
// ./internal/gateway runs so many, with links that hang.
func TestWhateverHappensEveryAnswerIsOfALiveGenerationAndNothingAcknowledgedIsLost(t *testing.T) {
	many, err := strconv.ParseUint(os.Getenv("WEIR_SCHEDULES"), 10, 16)
	long := err == nil
	for seed := uint64(1); seed <= max(1, many); seed++ {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			s := &schedule{
				t: t, random: rand.New(rand.NewPCG(seed, 0)), server: consultest.Start(t, consultest.Options{Dir: t.TempDir()}), alive: true, long: long,
				highest: make([]uint64, 3), pending: make([]*registry.Traffic, 3), acknowledged: map[uint64]string{}, alone: map[string]uint64{},
			}
			for range s.highest {
				link, dir := consultest.NewLink(t, s.server.Address), t.TempDir()
				s.links, s.dirs = append(s.links, link), append(s.dirs, dir)
				s.replicas = append(s.replicas, replica(t, link.Address, dir))
			}
			first := s.replicas[0]
			first.twoVersions(t)
			first.register("3", newModelServer(t))
			for _, r := range s.replicas {
				eventually(t, "the beginning", func() bool { return r.RoutedGeneration("m") == 2 })
			}
			for step := range scheduleSteps {
				s.act(step)
				for i := range s.replicas {
					s.look(i)
				}
			}
			s.judge()
			if t.Failed() {
				t.Log("what was done:\n" + strings.Join(s.said, "\n"))
			}
		})
	}
}
