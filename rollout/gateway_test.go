package rollout

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/rollout/judge"
	"github.com/weir-gateway/weir/rollout/tally"
)

// gateway routes drawn requests by the store's traffic and counts them.
type gateway struct {
	store *memory
	now   func() time.Time

	mu    sync.Mutex
	book  *tally.Book
	r     *rand.Rand
	users int // sticky keys; 0: none
}

func newGateway(store *memory, now func() time.Time, seed uint64) *gateway {
	g := &gateway{store: store, now: now, r: rand.New(rand.NewPCG(seed, 1))}
	g.restart()
	return g
}

// restart loses the counts, as a process does.
func (g *gateway) restart() {
	g.book = tally.NewBook(tally.Options{Keys: 1 << 12, Now: g.now})
}

// behaviour is how a version answers.
type behaviour struct {
	errors  float64
	latency float64 // median in ms; lognormal, sigma .5
	late    float64 // probability of the class "late"
}

// serve draws n requests between two versions.
func (g *gateway) serve(model string, n int, versions map[string]behaviour) {
	g.mu.Lock()
	defer g.mu.Unlock()
	t, route := g.route(model)
	for range n {
		key := uint64(0)
		share := g.r.Float64()
		if g.users > 0 {
			user := g.r.IntN(g.users) + 1
			key = uint64(user) * 0x9e3779b97f4a7c15
			share = float64((key*0xbf58476d1ce4e5b9)>>11) / (1 << 53)
		}
		arm, version := judge.Stable, route.Stable
		if share < route.Weight {
			arm, version = judge.Candidate, route.Candidate
		}
		b := versions[version]
		t.Begin(arm)
		unit := t.Record(tally.Observation{
			Arm: arm, Key: key, Failed: g.r.Float64() < b.errors,
			Latency: time.Duration(b.latency * math.Exp(0.5*g.r.NormFloat64()) * float64(time.Millisecond)),
		})
		class := "on time"
		if g.r.Float64() < b.late {
			class = "late"
		}
		t.PredictText(unit, []byte(class))
	}
}

// route is the tally of the present generation.
func (g *gateway) route(model string) (*tally.Tally, tally.Route) {
	snapshot, _ := g.store.Snapshot(context.Background())
	traffic := snapshot.Models[model].Traffic
	route := tally.Route{Generation: traffic.Generation, Stable: traffic.Stable}
	for _, arm := range traffic.Arms {
		if arm.Version != traffic.Stable {
			route.Candidate, route.Weight = arm.Version, float64(arm.Weight)/float64(registry.Full)
		}
	}
	return g.book.Phase(route), route
}

func (g *gateway) Replicas(string) *Replicas { return nil }

func (g *gateway) Phases(model string) []judge.Phase {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.route(model)
	return g.book.Phases()
}

func (g *gateway) AwaitGeneration(context.Context, string, uint64) error { return nil }
