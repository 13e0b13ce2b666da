package monitor

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
)

func TestEveryExchangeIsObservedOrCountedWhoeverElseIsAround(t *testing.T) {
	const writers, each, seed = 4, 500, 41
	rng := rand.New(rand.NewPCG(seed, 0))
	p := mustProfile(t, trainingTable(1000, rng), ProfileOptions{Outputs: []string{"late"}})
	m := New(Options{Model: "flights", Protocol: fakeProtocol{}, Queue: 64, Workers: 2, Slices: []string{"carrier"}})
	if err := m.SetProfile("1", p); err != nil {
		t.Fatal(err)
	}
	var done, accepted atomic.Int64
	var wait sync.WaitGroup
	for w := range writers {
		wait.Go(func() {
			for i := range each {
				x := &Exchange{
					Version: "1", Request: body(fmt.Sprintf("delay=%d,carrier=c%d", i, w)), Response: body("late=0"),
					Done: func() { done.Add(1) },
				}
				if m.Offer(x) {
					accepted.Add(1)
				}
			}
		})
	}
	for range 2 {
		wait.Go(func() {
			for range 50 {
				_, _ = m.Summary("1", "carrier=c1")
				m.Metrics()
				_, _ = m.State()
				_, _ = m.Profile("1")
			}
		})
	}
	wait.Wait()
	m.Close()
	s, err := m.Summary("1", "")
	if err != nil {
		t.Fatal(err)
	}
	if int64(s.Observations) != accepted.Load() || s.Observations+s.Dropped["queue_full"]+s.Dropped["thinned"] != writers*each || done.Load() != writers*each {
		t.Errorf("offered %d, accepted %d, observed %d, done %d, dropped %v",
			writers*each, accepted.Load(), s.Observations, done.Load(), s.Dropped)
	}
}
