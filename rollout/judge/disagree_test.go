package judge

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestNoPairIsNoVerdict(t *testing.T) {
	d := Disagreement{Max: 0.1, FailLevel: 0.01, PassLevel: 0.05}
	if v := d.Judge(); v.Outcome != Hold || v.High != 1 {
		t.Errorf("no pairs: %+v", v)
	}
}

func TestFewPairsAreNoPass(t *testing.T) {
	d := Disagreement{Max: 0.1, MinPairs: 500, FailLevel: 0.01, PassLevel: 0.05, Pairs: Pairs{Compared: 499}}
	if v := d.Judge(); v.Outcome != Hold || v.More != 1 {
		t.Errorf("499 of 500: %+v", v)
	}
	d.Pairs.Compared++
	if v := d.Judge(); v.Outcome != Pass {
		t.Errorf("500 of 500 without a disagreement: %+v", v)
	}
	d.Pairs = Pairs{Compared: 60, Disagreed: 40}
	if v := d.Judge(); v.Outcome != Fail {
		t.Errorf("a failure does not wait for min_pairs: %+v", v)
	}
}

// TestTheEvidenceOfPairs has values of an independent computation of the mixture
// of 12 stakes, in Python with products instead of logarithms.
func TestTheEvidenceOfPairs(t *testing.T) {
	d := Disagreement{Max: 0.1, FailLevel: 0.01, PassLevel: 0.05, Pairs: Pairs{Compared: 200, Disagreed: 4}}
	if v := d.Judge(); math.Abs(v.PassEvidence-3.9596303439120284) > 1e-9 {
		t.Errorf("4 of 200 against 10 %%: pass evidence %v", v.PassEvidence)
	}
	d.Pairs = Pairs{Compared: 60, Disagreed: 20}
	if v := d.Judge(); math.Abs(v.FailEvidence-4.225726309914231) > 1e-9 {
		t.Errorf("20 of 60 against 10 %%: fail evidence %v", v.FailEvidence)
	}
}

// TestDisagreementHoldsItsLevelsHoweverOftenOneLooks looks after every tenth pair.
// With a true share of exactly the limit both errors are at their worst; the
// bound is the level plus three standard errors of 400 runs.
func TestDisagreementHoldsItsLevelsHoweverOftenOneLooks(t *testing.T) {
	const runs, failLevel, passLevel = 400, 0.05, 0.05
	r := rand.New(rand.NewPCG(7, 1))
	for _, limit := range []float64{0.02, 0.1, 0.4} {
		failed, passed := 0, 0
		for range runs {
			d := Disagreement{Max: limit, FailLevel: failLevel, PassLevel: passLevel}
			everFailed, everPassed := false, false
			for range 200 {
				for range 10 {
					d.Pairs.Compared++
					if r.Float64() < limit {
						d.Pairs.Disagreed++
					}
				}
				s := series{all: []wager{{cells: [4]cell{{1 - limit, d.Pairs.Disagreed}, {-limit, d.Pairs.Compared - d.Pairs.Disagreed}}, unit: 1}}}
				everFailed = everFailed || log10(s.whole(0, above)) >= 1.30103
				everPassed = everPassed || log10(s.whole(0, below)) >= 1.30103
			}
			if everFailed {
				failed++
			}
			if everPassed {
				passed++
			}
		}
		t.Logf("limit %v: failed %d, passed %d of %d", limit, failed, passed, runs)
		if most := 33; failed > most || passed > most {
			t.Errorf("limit %v: failed %d and passed %d of %d, at most %d each", limit, failed, passed, runs, most)
		}
	}
}

// TestDisagreementIsDecidedWithHundreds has the power beside the promise: a version
// with a fifth or five times of what is allowed is decided in these pairs.
func TestDisagreementIsDecidedWithHundreds(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	for _, c := range []struct {
		share float64
		want  Outcome
	}{{0.02, Pass}, {0.5, Fail}} {
		decided := 0
		for range 100 {
			d := Disagreement{Max: 0.1, FailLevel: 0.0025, PassLevel: 0.05}
			for range 500 {
				d.Pairs.Compared++
				if r.Float64() < c.share {
					d.Pairs.Disagreed++
				}
			}
			if d.Judge().Outcome == c.want {
				decided++
			}
		}
		if decided < 95 {
			t.Errorf("a share of %v: %s in %d of 100 after 500 pairs", c.share, c.want, decided)
		}
	}
}

func TestTheIntervalOfDisagreementHoldsTheShare(t *testing.T) {
	d := Disagreement{Max: 0.1, MinPairs: 1, FailLevel: 0.01, PassLevel: 0.05, Pairs: Pairs{Compared: 1000, Disagreed: 150}}
	v := d.Judge()
	if !(v.Low > 0.05 && v.Low < 0.15 && v.High > 0.15 && v.High < 0.25) {
		t.Errorf("150 of 1,000: %v … %v", v.Low, v.High)
	}
}
