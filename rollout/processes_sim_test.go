package rollout

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/weir-gateway/weir/rollout/judge"
)

// failures simulates walks of equally good versions over three gateways, looked at
// after every 30 requests, and counts those that ever failed. With repeats every
// client comes to each gateway, and gets the same version and the same answer there.
func failures(seed uint64, runs int, repeats bool) (failed int) {
	random := rand.New(rand.NewPCG(seed, 0))
	for range runs {
		r, now := shared()
		r.Plan.FalseAlarm = .1
		r.Plan.Guardrails = []judge.Guardrail{{Metric: judge.MetricErrors, Margin: 0}}
		var all []process
		for i := range 3 {
			all = append(all, newProcess(fmt.Sprint("p", i), &now, half))
		}
		for look := range 60 {
			for range 10 {
				arm, fails := judge.Arm(random.IntN(2)), random.Float64() < .2
				for _, p := range all {
					p.count(arm, 1, fails)
					if !repeats {
						arm, fails = judge.Arm(random.IntN(2)), random.Float64() < .2
					}
				}
			}
			now = now.Add(20 * time.Second)
			read := all
			if look%3 == 1 {
				read = all[:2] // one can't be read now and then
			}
			r.Ledger.Absorb(now, r, phases(read...))
			if r.Ledger.Judge(r, true)[1].Outcome == judge.Fail {
				failed++
				break
			}
		}
	}
	return failed
}

// TestEquallyGoodVersionsOverThreeGatewaysFailAsSeldomAsPromised also shows what
// it would come to if sticky keys were added up: the reason why they are not.
func TestEquallyGoodVersionsOverThreeGatewaysFailAsSeldomAsPromised(t *testing.T) {
	const runs, seed = 150, 20261127
	// 10 % of 150 and three standard deviations.
	const most = 15 + 11
	alone, repeated := failures(seed, runs, false), failures(seed, runs, true)
	t.Logf("seed %d: of %d walks of equal versions %d failed at level 0.1; %d would where three gateways count each client", seed, runs, alone, repeated)
	if repeated <= most {
		t.Errorf("%d of %d walks failed where clients were counted three times: then sticky keys could be added up", repeated, runs)
	}
	if alone > most {
		t.Errorf("%d of %d walks failed, more than %d", alone, runs, most)
	}
}
