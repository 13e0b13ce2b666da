package proxy

import (
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"
)

// unconnected is a pool whose endpoints are only counted with.
func unconnected(n int, cfg PoolConfig, random *rand.Rand) *Pool {
	cfg.Random = random.Uint64
	p := &Pool{cfg: cfg.withDefaults(), log: slog.New(slog.DiscardHandler)}
	all := make([]*endpoint, n)
	for i := range all {
		all[i] = &endpoint{pool: p, hash: xxhash.Sum64String(fmt.Sprint("endpoint ", i))}
	}
	p.roster.Store(&all)
	return p
}

var balances = map[string]Balance{"peak EWMA": PeakEWMA, "least in flight": LeastInFlight, "round robin": RoundRobin, "hash": Hash}

func seeded(t testing.TB) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 3))
}

// TestWhateverTheBalance checks what holds for every choice: nobody is chosen
// who was tried or has no place, nobody who isn't well while somebody is, and
// somebody is chosen whenever somebody can be.
func TestWhateverTheBalance(t *testing.T) {
	random := seeded(t)
	for name, balance := range balances {
		for range 3000 {
			limit := random.IntN(4)
			p := unconnected(1+random.IntN(6), PoolConfig{Balance: balance, MaxConnections: limit, SlowStart: time.Second}, random)
			q := query{t: instant(time.Hour), key: random.Uint64N(3)}
			well, free, freeAndWell, left := 0, 0, 0, 0
			for _, e := range *p.roster.Load() {
				e.inFlight.Store(random.Int64N(5))
				e.ill.Store(random.IntN(3) == 0)
				if random.IntN(4) == 0 {
					e.out.Store(int64(q.t) + random.Int64N(3) - 1)
				}
				e.began.Store(int64(q.t) - random.Int64N(int64(2*time.Second)))
				if random.IntN(2) == 0 {
					e.latency.observe(time.Duration(1+random.IntN(1e9)), q.t)
				}
				if random.IntN(4) == 0 {
					q.not.add(e)
					continue
				}
				left++
				place := limit == 0 || e.inFlight.Load() < int64(limit)
				if e.available(q.t) {
					well++
				}
				if place {
					free++
				}
				if place && e.available(q.t) {
					freeAndWell++
				}
			}
			e, v := p.pick(&q)
			single := len(*p.roster.Load()) == 1
			switch {
			case v == picked && (q.not.has(e) || limit > 0 && e.inFlight.Load() >= int64(limit)):
				t.Fatalf("%s: one that was tried or has no place", name)
			case v == picked && well > 0 && !e.available(q.t):
				t.Fatalf("%s: one that isn't well, of %d that are", name, well)
			case v == none && left > 0, v != none && left == 0:
				t.Fatalf("%s: %d, but %d were left", name, v, left)
			case v == busy && (freeAndWell > 0 || well == 0 && free > 0) && !single:
				t.Fatalf("%s: busy with a free place", name)
			}
		}
	}
}

// shares returns what part of many requests each endpoint gets, none of which ends.
func shares(p *Pool, q func() query, n int) []float64 {
	count := map[*endpoint]float64{}
	for range n {
		one := q()
		e, _ := p.pick(&one)
		count[e]++
	}
	var out []float64
	for _, e := range *p.roster.Load() {
		out = append(out, count[e]/float64(n))
	}
	return out
}

func TestEqualEndpointsGetEqualShares(t *testing.T) {
	random := seeded(t)
	for name, balance := range balances {
		p := unconnected(5, PoolConfig{Balance: balance}, random)
		for _, s := range shares(p, func() query { return query{t: instant(time.Hour), key: random.Uint64() | 1} }, 50_000) {
			if math.Abs(s-0.2) > 0.02 { // ten standard deviations
				t.Errorf("%s: a share of %v", name, s)
			}
		}
	}
}

func TestANewEndpointStartsSlowly(t *testing.T) {
	random := seeded(t)
	for name, balance := range balances {
		p := unconnected(4, PoolConfig{Balance: balance, SlowStart: 10 * time.Second}, random)
		all := *p.roster.Load()
		at := instant(time.Hour)
		for _, e := range all {
			e.inFlight.Store(3)
			e.latency.observe(10*time.Millisecond, at)
		}
		all[0].began.Store(int64(at))
		early := shares(p, func() query { return query{t: at, key: random.Uint64() | 1} }, 5000)[0]
		late := shares(p, func() query { return query{t: at.after(time.Minute), key: random.Uint64() | 1} }, 5000)[0]
		if early > 0.1 || late < 0.2 {
			t.Errorf("%s: a share of %v at first and %v in the end", name, early, late)
		}
	}
}

func TestOnlyTheKeysOfAnEndpointThatIsGoneMove(t *testing.T) {
	random := seeded(t)
	p := unconnected(10, PoolConfig{Balance: Hash}, random)
	where := func(key uint64) *endpoint {
		q := query{t: 1, key: key}
		e, _ := p.pick(&q)
		return e
	}
	before := map[uint64]*endpoint{}
	for range 5000 {
		key := random.Uint64() | 1
		before[key] = where(key)
	}
	all := *p.roster.Load()
	gone, rest := all[3], append(append([]*endpoint(nil), all[:3]...), all[4:]...)
	p.roster.Store(&rest)
	for key, e := range before {
		if now := where(key); e != gone && now != e {
			t.Fatalf("key %d moved", key)
		}
	}
}

func TestAPopularKeyOverflowsToOthers(t *testing.T) {
	random := seeded(t)
	p := unconnected(8, PoolConfig{Balance: Hash}, random)
	for i := range 8000 {
		q := query{t: 1, key: 7} // one key has all requests
		e, _ := p.pick(&q)
		e.inFlight.Add(1)
		if bound := math.Ceil(boundOfHash * float64(i+1) / 8); float64(e.inFlight.Load()) > bound {
			t.Fatalf("%d in flight; the bound is %v", e.inFlight.Load(), bound)
		}
	}
}

func TestASlowEndpointGetsFewer(t *testing.T) {
	random := seeded(t)
	p := unconnected(3, PoolConfig{Balance: PeakEWMA}, random)
	at := instant(time.Hour)
	for i, e := range *p.roster.Load() {
		e.latency.observe(time.Duration(1+9*(i/2))*10*time.Millisecond, at)
	}
	if s := shares(p, func() query { return query{t: at} }, 5000); s[2] > 0.01 {
		t.Errorf("a share of %v for one that is ten times slower", s[2])
	}
}
