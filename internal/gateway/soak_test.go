package gateway_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
)

var soakTime = flag.Duration("soak", 10*time.Second, "how long the soak test loads the gateway")

// What may be more at the end than after the first tenth. A leak of any request,
// reload or rollback is many times that.
const (
	moreGoroutines  = 8
	moreDescriptors = 8
	changeHeap      = 4 << 10
	moreHeap        = 4 << 20 // beside the history of the traffic, of which each change makes more
)

// TestAGatewayUnderMixedLoadStaysAsLargeAsItWas is what `make soak` runs for
// longer. The model servers and the clients live in this process too: theirs is
// counted as well, and nothing of it may be left.
func TestAGatewayUnderMixedLoadStaysAsLargeAsItWas(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	r := soaked(t)
	l := &soakLoad{url: r.url, transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	turn := 0
	l.during(t, *soakTime/10, r, &turn)
	before := r.resting(l, nil)
	l.during(t, *soakTime*9/10, r, &turn)
	before.heap += uint64(turn) * changeHeap
	after := r.resting(l, &before)
	if n := metric(r.metrics(t), `weir_upstream_hedges_total{model="m",outcome="won",version="2"}`); n == 0 {
		t.Error("no hedge won")
	}
	t.Logf("%v; %d reloads and %d rollbacks; before %v, after %v", l, turn, turn, before, after)
	l.check(t)
	if turn == 0 {
		t.Error("the gateway was never changed")
	}
	if after.above(before) {
		t.Error("the gateway has grown")
	}
}

// soaked is a gateway with two versions and a shadow that fails in every way.
func soaked(t *testing.T) *running {
	r := start(t, soakLines(0)...)
	r.register("1", &modelServer{Server: newSoakServer(t)})
	two := api.Registration{Endpoints: []string{newSoakServer(t).URL, newSoakServer(t).URL}} // so that there are hedges
	if _, err := r.admin.Register(t.Context(), "m", "2", two); err != nil {
		t.Fatal(err)
	}
	r.register("3", &modelServer{Server: newFailingServer(t)})
	r.split(registry.Arm{Version: "1", Weight: percent(50)}, registry.Arm{Version: "2", Weight: percent(50)})
	if _, err := r.admin.Shadow(t.Context(), "m", []registry.Shadow{{Version: "3", Sample: 1}}, "test"); err != nil {
		t.Fatal(err)
	}
	return r
}

// soakLines change all that a reload may change: pools, queues and monitors are
// replaced.
func soakLines(turn int) []string {
	hedge := "off"
	if turn%2 == 0 {
		hedge = "p50"
	}
	return []string{
		fmt.Sprintf("timeout: %ds", 20+turn%3),
		fmt.Sprintf("idempotent: %v", turn%2 == 0),
		fmt.Sprintf("upstream: {connect_timeout: %dms, ejection: {failures: 0}, hedge: {after: %s, budget: 100}}", 5000+turn, hedge),
		fmt.Sprintf("shadow: {queue: %d, timeout: 100ms}", 100+turn%50),
		fmt.Sprintf("monitor: {window: %dm}", 1+turn%5),
	}
}

// change makes one reload, two switches, one rollback and one split.
func (r *running) change(turn int) {
	r.configure(soakLines(turn)...)
	if _, err := r.admin.Reload(r.t.Context()); err != nil {
		r.t.Error(err)
	}
	for _, version := range []string{"2", "1"} {
		if _, err := r.admin.Switch(r.t.Context(), "m", version, "soak"); err != nil {
			r.t.Error(err)
		}
	}
	if c, err := r.admin.Rollback(r.t.Context(), "m", 0, "soak"); err != nil || c.Traffic.Stable != "2" {
		r.t.Errorf("rollback: %+v, %v", c, err)
	}
	arms := []registry.Arm{{Version: "1", Weight: percent(50)}, {Version: "2", Weight: percent(50)}}
	if _, err := r.admin.Split(r.t.Context(), "m", arms, "", "soak"); err != nil {
		r.t.Error(err)
	}
}

// size is what a leak would make grow.
type size struct {
	goroutines, descriptors int
	heap                    uint64
}

func (s size) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %.1f MiB", s.goroutines, s.descriptors, float64(s.heap)/(1<<20))
}

func (s size) above(limit size) bool {
	return s.goroutines > limit.goroutines+moreGoroutines ||
		s.descriptors > limit.descriptors+moreDescriptors || s.heap > limit.heap+moreHeap
}

// resting returns the size once the load is over: the smallest within a while,
// or the first that isn't above the limit.
func (r *running) resting(l *soakLoad, limit *size) size {
	r.t.Helper()
	l.transport.CloseIdleConnections()
	eventually(r.t, "no request is in flight", r.idle)
	// New pools have no idle connections, and the old ones end theirs.
	r.configure(soakLines(1 << 20)...)
	if _, err := r.admin.Reload(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	r.configure(soakLines(1<<20 + 1)...)
	if _, err := r.admin.Reload(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	least := sizeNow(r.t)
	wait := 10 * time.Second
	if limit == nil {
		wait = time.Second
	}
	for deadline := time.Now().Add(wait); time.Now().Before(deadline); {
		if limit != nil && !least.above(*limit) {
			return least
		}
		time.Sleep(20 * time.Millisecond) // it only spares the processor
		s := sizeNow(r.t)
		least = size{min(s.goroutines, least.goroutines), min(s.descriptors, least.descriptors), min(s.heap, least.heap)}
	}
	return least
}

// idle says whether no endpoint has a request, copies included.
func (r *running) idle() bool {
	m, err := r.admin.Model(r.t.Context(), "m")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, v := range m.Versions {
		for _, e := range v.Endpoints {
			if e.InFlight != 0 {
				return false
			}
		}
	}
	return true
}

func sizeNow(t *testing.T) size {
	t.Helper()
	runtime.GC() // the first one empties the pools' victims only
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	s := size{goroutines: runtime.NumGoroutine(), heap: m.HeapAlloc}
	if files, err := os.ReadDir("/proc/self/fd"); err == nil {
		s.descriptors = len(files)
	}
	return s
}
