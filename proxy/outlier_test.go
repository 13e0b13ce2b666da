package proxy

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestAnEndpointIsEjectedForTwiceAsLongEachTimeInSuccession(t *testing.T) {
	rule := ejectRule{after: 3, base: time.Second, longest: 5 * time.Second}
	var s ejection
	at := instant(0)
	fail := func() bool {
		if !s.failed(at, rule) {
			return false
		}
		s.eject(at, rule)
		return true
	}
	// atThird says whether the third failure in a row, and none before it, ejects.
	atThird := func() bool {
		first, second, third := fail(), fail(), fail()
		return !first && !second && third
	}
	if early := fail(); early {
		t.Fatal("ejected too early")
	}
	s.worked(at)
	if !atThird() {
		t.Fatal("not ejected after three in a row")
	}
	for _, want := range []time.Duration{1, 2, 4, 5, 5} {
		if got := (s.until - at).duration(); got != want*time.Second {
			t.Fatalf("out for %v, want %v", got, want*time.Second)
		}
		if fail() {
			t.Fatal("ejected while it was out")
		}
		at = s.until
		if !fail() { // on probation
			t.Fatal("not ejected at the first failure after it was back")
		}
	}
	at = s.until + 2*instant(s.last) + 1
	s.worked(at)
	if !atThird() {
		t.Fatal("a success did not clear it")
	}
	if got := (s.until - at).duration(); got != time.Second {
		t.Errorf("out for %v after it had been well for long", got)
	}
}

func TestEjectionWhateverHappens(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for range 300 {
		rule := ejectRule{after: 1 + random.IntN(5), base: time.Duration(1 + random.IntN(1e9))}
		rule.longest = rule.base * time.Duration(1+random.IntN(100))
		var s ejection
		at, row := instant(0), 0
		for range 500 {
			at += instant(random.Int64N(int64(rule.base)))
			if random.IntN(2) == 0 {
				s.worked(at)
				row = 0
				continue
			}
			wasOut := s.out(at)
			row++
			if !s.failed(at, rule) {
				continue
			}
			if wasOut {
				t.Fatal("ejected while it was out")
			}
			if s.times == 0 && row < rule.after {
				t.Fatalf("ejected after %d of %d failures", row, rule.after)
			}
			s.eject(at, rule)
			if d := (s.until - at).duration(); d < rule.base || d > rule.longest || !s.out(at) || s.out(s.until) {
				t.Fatalf("out for %v; the rule is %+v", d, rule)
			}
		}
	}
}

func TestNeverAreAllEjected(t *testing.T) {
	for n := range 50 {
		for _, share := range []float64{0, 0.1, 0.5, 1} {
			out := 0
			for mayEject(out, n, share) {
				out++
			}
			if n > 0 && out >= n || float64(out) > share*float64(n) {
				t.Errorf("%d of %d at a share of %v", out, n, share)
			}
		}
	}
}
