package proxy

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestASpectrumKnowsItsQuantileWithinAnEighth(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for _, typical := range []time.Duration{20 * time.Microsecond, 3 * time.Millisecond, 2 * time.Second} {
		for _, q := range []float64{0.5, 0.95, 0.99} {
			s := &spectrum{quantile: q}
			var all []time.Duration
			for range 4096 {
				d := time.Duration(float64(typical) * math.Exp(random.NormFloat64()))
				all = append(all, d)
				s.observe(d)
			}
			slices.Sort(all)
			exact := all[int(q*float64(len(all)))]
			// A bucket of an eighth, and the 1,024 ns of the smallest.
			got := time.Duration(s.at.Load())
			if got < exact || float64(got) > 1.125*float64(exact)+2048 {
				t.Errorf("typical %v, q %v: %v, exactly %v", typical, q, got, exact)
			}
		}
	}
}

func TestASpectrumFollowsAChange(t *testing.T) {
	s := &spectrum{quantile: 0.95}
	for range 100_000 {
		s.observe(time.Millisecond)
	}
	n := 0
	for ; time.Duration(s.at.Load()) < time.Second; n++ {
		s.observe(time.Second)
	}
	// A twentieth of what is remembered, and up to the next look.
	if n > 2*spectrumMemory/20+spectrumLook {
		t.Errorf("it took %d", n)
	}
	for n = 0; time.Duration(s.at.Load()) > 2*time.Millisecond; n++ {
		s.observe(time.Millisecond)
	}
	if n > 4*spectrumMemory {
		t.Errorf("back again it took %d", n)
	}
}

func TestBucketsOfASpectrumFollowEachOther(t *testing.T) {
	for i := range spectrumBuckets - 1 {
		if end := bucketEnd(i); bucketOf(end-1) != i || bucketOf(end) != i+1 {
			t.Fatalf("bucket %d ends at %v, which lies in %d, and what is before in %d", i, end, bucketOf(end), bucketOf(end-1))
		}
	}
	if bucketOf(-1) != 0 || bucketOf(math.MaxInt64) != spectrumBuckets-1 {
		t.Error("the ends")
	}
}

func TestASpectrumDoesNotAllocate(t *testing.T) {
	s := &spectrum{quantile: 0.95}
	d := time.Duration(0)
	if n := testing.AllocsPerRun(10_000, func() { s.observe(d); d += time.Microsecond }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestHedgesAreSavedUpToTenOnly(t *testing.T) {
	h := newHedging(Hedge{After: 1, Budget: 10})
	for range 10_000 {
		h.pay()
	}
	n := 0
	for h.take() {
		n++
	}
	if n != hedgesSaved {
		t.Errorf("%d were saved", n)
	}
}
