package proxy

import (
	"math/rand/v2"
	"testing"
)

func TestABudgetAllowsAFifthMoreAndThreeAtOnce(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		var b budget
		requests, retries, free := 0, 0, 0
		active := 0
		for range 5000 {
			switch random.IntN(3) {
			case 0:
				b.pay()
				requests++
			case 1:
				if b.begin() {
					if active < retriesAlways {
						free++
					} else {
						retries++
					}
					active++
				} else if active < retriesAlways {
					t.Fatal("fewer than three are under way, and one more was refused")
				}
			case 2:
				if active > 0 && random.IntN(4) == 0 {
					b.end()
					active--
				}
			}
			if 5*retries > requests {
				t.Fatalf("%d retries were paid for by %d requests", retries, requests)
			}
		}
		for ; active > 0; active-- {
			b.end()
		}
		if b.active.Load() != 0 {
			t.Fatal("the count does not go back to zero")
		}
	}
}

func TestABudgetSavesNoMoreThanItsLimit(t *testing.T) {
	var b budget
	for range 100 * retriesSaved {
		b.pay()
	}
	n := 0
	for b.begin() {
		n++
	}
	if n != retriesSaved+retriesAlways {
		t.Errorf("%d retries", n)
	}
}
