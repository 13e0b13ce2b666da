package proxy

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestALatencyRisesAtOnceAndFallsSlowly(t *testing.T) {
	var p peak
	at := instant(time.Second)
	if p.at(at) != 0 {
		t.Error("something is known of nothing")
	}
	p.observe(10*time.Millisecond, at)
	p.observe(50*time.Millisecond, at+1)
	if got := p.at(at + 1); got != 50e6 {
		t.Errorf("%v after a slow answer", got)
	}
	p.observe(10*time.Millisecond, at.after(100*time.Millisecond))
	if got := p.at(at.after(100 * time.Millisecond)); got < 45e6 || got >= 50e6 {
		t.Errorf("%v after one quick answer", got)
	}
	for i := range 1000 {
		p.observe(10*time.Millisecond, at.after(time.Duration(i)*100*time.Millisecond))
	}
	end := at.after(100 * time.Second)
	if got := p.at(end); math.Abs(got-10e6) > 0.5e6 {
		t.Errorf("%v after many quick answers", got)
	}
	if got := p.at(end.after(3 * latencyMemory)); got > 1e6 {
		t.Errorf("%v long after the last answer", got)
	}
}

func TestALatencyIsNeverAboveWhatWasSeen(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 2))
	for range 200 {
		var p peak
		at, highest := instant(1), time.Duration(0)
		for range 300 {
			at += instant(random.Int64N(int64(5 * time.Second)))
			d := time.Duration(1 + random.Int64N(int64(time.Second)))
			highest = max(highest, d)
			p.observe(d, at)
			if got := p.at(at); got < float64(d)*0.999 && got > float64(highest) || got > float64(highest)*1.001 || got <= 0 {
				t.Fatalf("%v after %v; the highest was %v", got, d, highest)
			}
		}
	}
}
