package demo

import (
	"time"

	"github.com/weir-gateway/weir/admin/api"
	"github.com/weir-gateway/weir/registry"
)

// scale is how much of everything a run takes.
type scale struct {
	serve    uint64 // act a: answers of version 1
	shadow   uint64 // act b: compared pairs before the canary
	steps    []api.RolloutStep
	bake     time.Duration
	lapse    float64       // act d: requests a second
	patience time.Duration // of one wait before the story gives up
}

// sizes returns the scale of a fast run (some 50,000 requests) or of a whole one.
func sizes(fast bool) scale {
	if fast {
		return scale{
			serve: 3000, shadow: 2000,
			steps: steps(250, 300, 1000), bake: time.Second,
			lapse: 400, patience: 50 * time.Second,
		}
	}
	return scale{
		serve: 10_000, shadow: 5000,
		steps: steps(400, 1000, 3000), bake: 5 * time.Second,
		lapse: 150, patience: 10 * time.Minute,
	}
}

// steps are those of a canary, with the candidate's requests that each takes
// at least.
func steps(one, ten, fifty int64) []api.RolloutStep {
	return []api.RolloutStep{
		{Weight: registry.Full / 100, MinRequests: one},
		{Weight: registry.Full / 10, MinRequests: ten},
		{Weight: registry.Full / 2, MinRequests: fifty},
	}
}
