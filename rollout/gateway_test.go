package rollout

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
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

	mu     sync.Mutex
	book   *tally.Book
	r      *rand.Rand
	copies *rand.Rand             // of their own, so that a shadow changes no other draw
	users  int                    // sticky keys; 0: none
	pairs  map[string]judge.Pairs // of copies, by version
	since  time.Time              // of the pairs
	down   map[string]bool        // versions whose endpoint fails its checks
}

func newGateway(store *memory, now func() time.Time, seed uint64) *gateway {
	g := &gateway{store: store, now: now, down: map[string]bool{}, r: rand.New(rand.NewPCG(seed, 1)), copies: rand.New(rand.NewPCG(seed, 2))}
	g.restart()
	return g
}

// restart loses the counts, as a process does.
func (g *gateway) restart() {
	g.pairs, g.since = map[string]judge.Pairs{}, g.now()
	g.book = tally.NewBook(tally.Options{Keys: 1 << 12, Now: g.now})
}

// behaviour is how a version answers.
type behaviour struct {
	errors  float64
	latency float64 // median in ms; lognormal, sigma .5
	late    float64 // probability of the class "late"
	other   float64 // probability that a copy's answer differs
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
		g.copy(model, versions)
	}
}

// copy has the shadows answer a request, too.
func (g *gateway) copy(model string, versions map[string]behaviour) {
	snapshot, _ := g.store.Snapshot(context.Background())
	for _, s := range snapshot.Models[model].Traffic.Shadows {
		if g.down[s.Version] || g.copies.Float64() >= s.Sample {
			continue
		}
		p := g.pairs[s.Version]
		p.Compared++
		if b := versions[s.Version]; g.copies.Float64() < max(b.other, b.errors) {
			p.Disagreed++
		}
		g.pairs[s.Version] = p
	}
}

func (g *gateway) Pairs(_, version string, _ uint64) judge.Pairs {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := g.pairs[version]
	p.Since = g.since
	return p
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

// Endpoints: every version has one.
func (g *gateway) Endpoints(model, version string) (healthy, all int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	snapshot, _ := g.store.Snapshot(context.Background())
	t := snapshot.Models[model].Traffic
	connected := t.HasArm(version) || slices.Contains(t.Standby, version) ||
		slices.ContainsFunc(t.Shadows, func(s registry.Shadow) bool { return s.Version == version })
	switch {
	case !connected:
		return 0, 0
	case g.down[version]:
		return 0, 1
	}
	return 1, 1
}

func (g *gateway) AwaitGeneration(context.Context, string, uint64) error { return nil }
