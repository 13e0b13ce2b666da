package tally

import (
	"sync"

	"github.com/weir-gateway/weir/rollout/judge"
)

// labelCounts are what labels said about the units of a stratum. Labels do not
// come on the path of a request, so they may wait for each other.
type labelCounts struct {
	mu  sync.Mutex
	sum judge.Labels
}

// Truth is what a label says about a prediction.
type Truth uint8

// The truths. Number: the prediction is no class, and so neither.
const (
	Right Truth = iota
	Wrong
	Number
)

// Label returns what is to be called, at most once, when a label of the unit
// comes: it counts in the phase of the unit, however late. nil: it counts nowhere,
// because nothing was compared or the request was no unit.
func (t *Tally) Label(u Unit) func(Truth) {
	at := int(u>>1) - 1
	if t == nil || at < 0 || at >= len(t.strata) || t.running == nil {
		return nil
	}
	counts, arm := t.strata[at].labels, u.arm()
	return func(truth Truth) { counts.add(arm, truth) }
}

func (c *labelCounts) add(arm judge.Arm, truth Truth) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch truth {
	case Number:
		c.sum.Numbers[arm]++
		return
	case Wrong:
		c.sum.Wrong[arm]++
	}
	c.sum.Labelled[arm]++
}

func (c *labelCounts) read() judge.Labels {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sum
}
