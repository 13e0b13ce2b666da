package router_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/weir-gateway/weir/registry"
	"github.com/weir-gateway/weir/router"
)

// arms builds the traffic of model m from per-cent weights; the first version is
// the stable one.
func arms(versionsAndWeights ...any) *registry.Traffic {
	t := &registry.Traffic{Model: "m", Generation: 1}
	for i := 0; i < len(versionsAndWeights); i += 2 {
		percent := versionsAndWeights[i+1].(float64)
		t.Arms = append(t.Arms, registry.Arm{
			Version: versionsAndWeights[i].(string),
			Weight:  registry.Weight(math.Round(percent * float64(registry.Full) / 100)),
		})
	}
	t.Stable = t.Arms[0].Version
	return t
}

func route(t testing.TB, traffic *registry.Traffic) *router.Route {
	t.Helper()
	table, err := router.Compile([]router.Spec{spec(traffic)})
	if err != nil {
		t.Fatal(err)
	}
	return table.Route("m")
}

func spec(traffic *registry.Traffic) router.Spec {
	s := router.Spec{Model: "m", Prefix: "/v2/models/m", Pin: "x-weir-version", Traffic: traffic}
	for _, name := range []string{"1", "2", "3", "4", "5"} {
		s.Versions = append(s.Versions, registry.Version{
			Model: "m", Version: name, Endpoints: []string{"http://127.0.0.1:900" + name},
		})
	}
	return s
}

func TestSharesComeOutWithinThreeSigmaWithAndWithoutAKey(t *testing.T) {
	const n = 400_000
	for _, traffic := range []*registry.Traffic{
		arms("1", 95.0, "2", 5.0),
		arms("1", 99.9999, "2", 0.0001),
		arms("1", 50.0, "2", 25.0, "3", 12.5, "4", 12.5),
		arms("1", 0.0, "2", 30.0, "3", 70.0),
	} {
		r := route(t, traffic)
		for _, sticky := range []bool{false, true} {
			rng := rand.New(rand.NewPCG(1, 2))
			got := map[string]int{}
			for i := range n {
				q := router.Query{Random: rng.Uint64()}
				if sticky {
					q.Key = router.HashKey(fmt.Appendf(nil, "user-%d", i))
				}
				got[r.Decide(q).Version.Name]++
			}
			for _, a := range traffic.Arms {
				p := float64(a.Weight) / float64(registry.Full)
				sigma := math.Sqrt(n * p * (1 - p))
				if diff := math.Abs(float64(got[a.Version]) - n*p); diff > 3*sigma+1 {
					t.Errorf("sticky=%v: version %s got %d of %d, want %.0f ± %.0f", sticky, a.Version, got[a.Version], n, n*p, 3*sigma)
				}
			}
		}
	}
}

func TestWeightZeroGetsNoRequestWhateverTheKey(t *testing.T) {
	r := route(t, arms("1", 100.0, "2", 0.0))
	rng := rand.New(rand.NewPCG(3, 4))
	for range 1_000_000 {
		if d := r.Decide(router.Query{Key: rng.Uint64() | 1, Random: rng.Uint64()}); d.Version.Name != "1" {
			t.Fatalf("version %s was chosen", d.Version.Name)
		}
	}
	if d := r.Decide(router.Query{Pin: []byte("2")}); d.Version != nil || d.Reason != router.UnknownPin {
		t.Errorf("a pin reached an arm of weight 0: %+v", d)
	}
}

func TestRaisingACandidatesWeightOnlyAddsKeysToIt(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		// Three arms; version 3 goes up, version 2 stays, the stable one gives.
		two := math.Floor(rng.Float64()*40*1e4) / 1e4
		low := math.Floor(rng.Float64()*30*1e4) / 1e4
		high := low + math.Floor(rng.Float64()*(100-two-low)*1e4)/1e4
		before := route(t, arms("1", 100-two-low, "2", two, "3", low))
		after := route(t, arms("1", 100-two-high, "2", two, "3", high))
		for range 500 {
			q := router.Query{Key: rng.Uint64() | 1}
			was, is := before.Decide(q).Version.Name, after.Decide(q).Version.Name
			if was == "3" && is != "3" {
				t.Fatalf("2: %v %%, 3: %v → %v %%: key %x left the raised version for %s", two, low, high, q.Key, is)
			}
			if was != is && is != "3" && two == 0 {
				t.Fatalf("key %x moved from %s to %s", q.Key, was, is)
			}
		}
	}
}

func TestAKeyStaysWithItsVersionFromTableToTable(t *testing.T) {
	a, b := route(t, arms("1", 80.0, "2", 20.0)), route(t, arms("1", 80.0, "2", 20.0))
	for i := range 10_000 {
		q := router.Query{Key: router.HashKey(fmt.Appendf(nil, "%d", i)), Random: uint64(i)}
		if a.Decide(q).Version.Name != b.Decide(q).Version.Name {
			t.Fatalf("key %d moved", i)
		}
	}
}

func TestCandidatesMeetDifferentKeysFirst(t *testing.T) {
	const n = 100_000
	two, three := route(t, arms("1", 90.0, "2", 10.0)), route(t, arms("1", 90.0, "3", 10.0))
	both := 0
	for i := range n {
		q := router.Query{Key: router.HashKey(fmt.Appendf(nil, "%d", i))}
		if two.Decide(q).Version.Name == "2" && three.Decide(q).Version.Name == "3" {
			both++
		}
	}
	if want := n * 0.01; math.Abs(float64(both)-want) > 5*math.Sqrt(want) {
		t.Errorf("%d keys of %d are early adopters of both versions, want about %.0f", both, n, want)
	}
}

func TestShadowsGetTheirShareAndNothingElse(t *testing.T) {
	traffic := arms("1", 100.0)
	traffic.Shadows = []registry.Shadow{{Version: "2", Sample: 1}, {Version: "3", Sample: 0.25}}
	r := route(t, traffic)
	rng := rand.New(rand.NewPCG(7, 8))
	const n = 200_000
	var got [2]int
	for range n {
		d := r.Decide(router.Query{Random: rng.Uint64()})
		if d.Version.Name != "1" {
			t.Fatalf("a client was answered by %s", d.Version.Name)
		}
		for i := range r.Shadows {
			if d.Shadows&(1<<i) != 0 {
				got[i]++
			}
		}
	}
	if got[0] != n || math.Abs(float64(got[1])-n*.25) > 3*math.Sqrt(n*.25*.75) {
		t.Errorf("copies: %d of %d for sample 1, %d for sample 0.25", got[0], n, got[1])
	}
	if d := r.Decide(router.Query{Pin: []byte("2")}); d.Version != nil {
		t.Error("a pin reached a shadow")
	}
}

func TestAVersionIsAskedAgainForAShareOfTheCopiedRequestsAndForNoOthers(t *testing.T) {
	const n = 200_000
	traffic := arms("1", 90.0, "2", 10.0)
	traffic.Shadows = []registry.Shadow{{Version: "3", Sample: 0.5}}
	s := spec(traffic)
	s.Noise = 0.02
	table, err := router.Compile([]router.Spec{s})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	again := map[string]int{}
	for range n {
		d := table.Route("m").Decide(router.Query{Random: rng.Uint64()})
		if d.Again && d.Shadows == 0 {
			t.Fatal("a version is asked again for a request that no shadow gets")
		}
		if d.Again {
			again[d.Version.Name]++
		}
	}
	// The arms' parts are as their weights: the coins have nothing to do with each other.
	for version, share := range map[string]float64{"1": 0.9, "2": 0.1} {
		want := n * 0.5 * 0.02 * share
		if diff := math.Abs(float64(again[version]) - want); diff > 4*math.Sqrt(want) {
			t.Errorf("version %s is asked again %d times, want %.0f", version, again[version], want)
		}
	}
}
