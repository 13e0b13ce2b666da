package proxy

import (
	"container/heap"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// event is the end of a simulated request at an endpoint.
type event struct {
	at, since instant
	e         *endpoint
	gateway   int
}

type events []event

func (h events) Len() int           { return len(h) }
func (h events) Less(i, j int) bool { return h[i].at < h[j].at }
func (h events) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *events) Push(x any)        { *h = append(*h, x.(event)) }
func (h *events) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// simulate has gateways spread requests that arrive at random (Poisson, at load
// of what the servers can do) over servers that handle one at a time, each in an
// exponential time with its mean, and returns the quantiles of the latency.
func simulate(balance Balance, means []time.Duration, gateways int, load float64, n int) (p50, p99 time.Duration) {
	random := rand.New(rand.NewPCG(42, 4))
	pools := make([]*Pool, gateways)
	for g := range pools {
		pools[g] = unconnected(len(means), PoolConfig{Balance: balance}, random)
	}
	rate := 0.0 // per nanosecond
	for _, m := range means {
		rate += load / float64(m)
	}
	free := make([]instant, len(means))
	var pending events
	var took []time.Duration
	at := instant(time.Second)
	for range n {
		at += instant(random.ExpFloat64() / rate)
		for len(pending) > 0 && pending[0].at <= at {
			end := heap.Pop(&pending).(event)
			end.e.inFlight.Add(-1)
			end.e.latency.observe((end.at - end.since).duration(), end.at)
		}
		g := random.IntN(gateways)
		q := query{t: at, key: random.Uint64() | 1}
		e, _ := pools[g].pick(&q)
		e.inFlight.Add(1)
		i := slices.Index(*pools[g].roster.Load(), e)
		free[i] = max(free[i], at) + instant(random.ExpFloat64()*float64(means[i]))
		heap.Push(&pending, event{free[i], at, e, g})
		took = append(took, (free[i] - at).duration())
	}
	slices.Sort(took)
	return took[len(took)/2], took[len(took)*99/100]
}

// TestBalancesCompared is what the default was chosen by; see docs/adr/0035.
func TestBalancesCompared(t *testing.T) {
	ms := time.Millisecond
	equal := slices.Repeat([]time.Duration{10 * ms}, 8)
	oneSlow := append(slices.Repeat([]time.Duration{10 * ms}, 7), 50*ms)
	mixed := []time.Duration{5 * ms, 5 * ms, 10 * ms, 10 * ms, 20 * ms, 20 * ms, 40 * ms, 40 * ms}
	for _, c := range []struct {
		name  string
		means []time.Duration
	}{{"equal", equal}, {"one slow", oneSlow}, {"mixed", mixed}} {
		for _, gateways := range []int{1, 4} {
			tail := map[Balance]time.Duration{}
			for _, balance := range []Balance{PeakEWMA, LeastInFlight, RoundRobin, Hash} {
				p50, p99 := simulate(balance, c.means, gateways, 0.7, 40_000)
				t.Logf("%-9s %d gateways, balance %d: p50 %v p99 %v", c.name, gateways, balance, p50.Round(ms/10), p99.Round(ms/10))
				tail[balance] = p99
			}
			if c.name != "equal" && tail[PeakEWMA] > tail[RoundRobin] {
				t.Errorf("%s, %d gateways: peak EWMA %v, round robin %v", c.name, gateways, tail[PeakEWMA], tail[RoundRobin])
			}
		}
	}
}
